import type { OverlayEvents } from '../../domain/overlay-protocol.ts'
import type { ChannelSettings } from '../../domain/settings.ts'
import type { Alerts } from '../../persistence/alerts.ts'
import type { Channels } from '../../persistence/channels.ts'
import { currentAlert } from './alert-picture.ts'
import type { StagePicture } from './follow-stages.ts'

/** All that an overlay is shown at first, and the epoch in which its number counts. */
export interface OverlaySnapshot {
  epoch: number
  /** The stage may be further: its owner could not be asked. */
  stale: boolean
  d: OverlayEvents['snapshot']
  /** To whom the alert in flight was offered, while it is not drawn. */
  offered: { overlay: string; token: string } | null
}

export interface OverlaySnapshotOptions {
  channels: Pick<Channels, 'byId'>
  alerts: Pick<Alerts, 'standing'>
  picture(channelId: string): StagePicture | Promise<StagePicture>
}

/** `undefined`: there is no such channel. */
export type ReadOverlaySnapshot = (channelId: string) => Promise<OverlaySnapshot | undefined>

export function createOverlaySnapshot({ channels, alerts, picture }: OverlaySnapshotOptions): ReadOverlaySnapshot {
  return async (channelId) => {
    const [{ epoch, seq, avatars, stale }, channel, { current, queued }] = await Promise.all([
      picture(channelId),
      channels.byId(channelId),
      alerts.standing(channelId),
    ])
    if (!channel) return undefined
    const isOffered = current?.state === 'offered' && current.overlay !== null
    return {
      epoch,
      stale,
      d: {
        seq,
        settings: { rev: channel.settingsRev, ...overlaySettings(channel.settings) },
        avatars,
        alert: { current: current && currentAlert(current), queued },
        game: null,
      },
      offered: isOffered ? { overlay: current.overlay ?? '', token: current.token } : null,
    }
  }
}

export function overlaySettings({ locale, alerts }: ChannelSettings) {
  return { locale, alerts }
}
