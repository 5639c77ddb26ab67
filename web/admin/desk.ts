import type { ReadonlySignal, Signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Api } from '../ui/api.ts'
import type { Access } from './access.ts'
import type { List, RowChoice } from './choice.ts'
import type { AdminFeed } from './feed.ts'

/** What all parts of the operator's page share. */
export interface Desk {
  api: Api
  access: Access
  feed: AdminFeed
  list: Signal<List>
  choices: { bots: RowChoice; streams: RowChoice }
  /** By the server's clock, each second. */
  now: ReadonlySignal<number>
}

const DeskContext = createContext<Desk | null>(null)
export const DeskProvider = DeskContext.Provider

export function useDesk(): Desk {
  const desk = useContext(DeskContext)
  if (!desk) throw new Error('No desk was provided to this part of the page')
  return desk
}
