import type { ReadonlySignal, Signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Api } from '../ui/api.ts'
import type { AuthFailure } from '../ui/auth-error.tsx'
import type { ChannelView } from '../ui/channel-view.ts'
import type { Toasts } from '../ui/toasts.tsx'
import type { ChannelFeed } from './channel-feed.ts'
import type { Ledger } from './ledger.ts'
import type { Section } from './section.ts'
import type { SettingsSaver } from './settings-saver.ts'

/** What every part of the dashboard works with. */
export interface DashboardSession {
  api: Api
  feed: ChannelFeed
  ledger: Ledger
  saver: SettingsSaver
  toasts: Toasts
  section: ReadonlySignal<Section>
  /** Too narrow for the preview beside the sections. */
  narrow: ReadonlySignal<boolean>
  /** Wall-clock time that ticks each second, for «3 min. ago». */
  now: ReadonlySignal<number>
  /** A sign-in or connection that came back without success. */
  authFailure: Signal<AuthFailure | null>
}

const SessionContext = createContext<DashboardSession | null>(null)
export const SessionProvider = SessionContext.Provider

export function useSession(): DashboardSession {
  const session = useContext(SessionContext)
  if (!session) throw new Error('No session was provided to this part of the page')
  return session
}

/** The channel; only for what is shown after it was read. */
export function useChannel(): ChannelView {
  const channel = useSession().feed.channel.value
  if (!channel) throw new Error('The channel was not read yet')
  return channel
}
