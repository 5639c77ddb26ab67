import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { createSeldom } from '../../base/seldom.ts'
import type { Channels } from '../../persistence/channels.ts'
import type { WatchedChannel, WatchedChannels } from '../../persistence/watched-channels.ts'
import type { FollowStages } from './follow-stages.ts'
import type { OverlayAudience } from './overlay-audience.ts'
import type { OverlaysElsewhere } from './overlays-elsewhere.ts'
import { overlaySettings } from './overlay-snapshot.ts'
import type { OwnStages } from './own-stages.ts'

export interface TendOverlaysOptions {
  rows: Pick<WatchedChannels, 'look' | 'sessions'>
  channels: Pick<Channels, 'byId'>
  audience: OverlayAudience
  presence: Pick<OverlaysElsewhere, 'refresh' | 'areThere' | 'sweep'>
  follow: Pick<FollowStages, 'learn' | 'numbersHere' | 'renew' | 'resync'>
  own: Pick<OwnStages, 'prune'>
  clock: Clock
  logger: Logger
}

export interface TendOverlays {
  start(): void
  stop(): void
  /** As soon as it can: something was missed. */
  hurry(): void
  /** Where overlays of the channel here know nothing older, they know these settings. */
  toldFirst(channelId: string, rev: number): void
  /** The same, found in frames that another node numbered. */
  toldIn(channelId: string, frames: string): void
  /** Tells overlays of changed settings, where numbers are given here. */
  tellSettings(channelId: string): Promise<void>
}

/** A replaced overlay link cuts its streams within 5 s, whatever news got lost. */
const EVERY_MS = 4_000
/** What stands in the shared store of this node's overlays is written anew well before it ends. */
const REFRESH_EVERY_LOOKS = 2
const LOOK_AT_ONCE = 2_000

/**
 * What overlays hear of at once as news, looked for again and again, since news may get lost: a replaced link, changed
 * settings, another owner of a stage, overlays of other nodes. A few statements for all channels that are open here.
 */
export function createTendOverlays(options: TendOverlaysOptions): TendOverlays {
  const { rows, channels, audience, presence, follow, own, clock, logger } = options
  const settings = new Map<string, number>()
  const seldom = createSeldom(clock)
  let cancel = () => {}
  let running = false
  let looking = false
  let looks = 0

  return {
    start() {
      running = true
      cancel = clock.after(EVERY_MS, () => void tend())
    },
    stop() {
      running = false
      cancel()
    },
    hurry() {
      if (!running || looking) return
      cancel()
      looks = 0
      void tend()
    },
    toldFirst(channelId, rev) {
      if (!settings.has(channelId)) told(channelId, rev)
    },
    toldIn(channelId, frames) {
      if (!frames.includes('\nevent: settings\n')) return
      const rev = /\nevent: settings\ndata: .*?"rev":(\d+)/.exec(frames)?.[1]
      if (rev !== undefined) told(channelId, Number(rev))
    },
    tellSettings,
  }

  function told(channelId: string, rev: number): void {
    if (rev > (settings.get(channelId) ?? -1)) settings.set(channelId, rev)
  }

  async function tend(): Promise<void> {
    looking = true
    // Each on its own: without the database overlays still hear of each other, and without Redis links are still cut.
    await quietly('rows', look)
    await quietly('nodes', async () => {
      if (presence.areThere()) presence.sweep(await rows.sessions())
    })
    own.prune()
    await quietly('stages', follow.renew)
    if (looks++ % REFRESH_EVERY_LOOKS === 0) await quietly('overlays', presence.refresh)
    looking = false
    if (running) cancel = clock.after(EVERY_MS, () => void tend())
  }

  async function look(): Promise<void> {
    const open = audience.channels()
    for (const channelId of settings.keys()) if (!audience.isOpen(channelId)) settings.delete(channelId)
    for (let n = 0; n < open.length; n += LOOK_AT_ONCE)
      for (const row of await rows.look(open.slice(n, n + LOOK_AT_ONCE))) tendChannel(row)
  }

  function tendChannel({ id, keyRev, settingsRev, ...course }: WatchedChannel): void {
    audience.cutOlderThan(id, keyRev)
    follow.learn(id, course)
    const known = settings.get(id)
    if (known === undefined || known >= settingsRev) return
    if (follow.numbersHere(id)) void quietly('settings', () => tellSettings(id))
    else void follow.resync(id).then((isDone) => isDone && told(id, settingsRev))
  }

  async function tellSettings(channelId: string): Promise<void> {
    if (!audience.isWatched(channelId) || !follow.numbersHere(channelId)) return
    const channel = await channels.byId(channelId)
    if (!channel || !follow.numbersHere(channelId)) return
    const { settingsRev: rev } = channel
    told(channelId, rev)
    audience.broadcast(channelId, 'settings', { rev, patch: overlaySettings(channel.settings) }, { stage: true })
  }

  async function quietly(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      seldom(what, (unlogged) =>
        logger.warn({ err: error, what, unlogged }, 'open overlays could not be looked after; it is tried again'),
      )
    }
  }
}
