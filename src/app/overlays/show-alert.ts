import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { Bus, ChannelEvent } from '../../coordination/bus.ts'
import type { OverlayEvents } from '../../domain/overlay-protocol.ts'
import type { Alerts } from '../../persistence/alerts.ts'
import type { Channels } from '../../persistence/channels.ts'
import { alertPicture } from './alert-picture.ts'
import type { NodeSession } from '../assignments/assignment-runner.ts'
import type { OverlayAudience } from './overlay-audience.ts'
import type { OverlaysElsewhere } from './overlays-elsewhere.ts'
import type { OverlaySnapshot } from './overlay-snapshot.ts'

export interface ShowAlertOptions {
  alerts: Alerts
  channels: Pick<Channels, 'noteOverlaySeen'>
  audience: OverlayAudience
  presence: Pick<OverlaysElsewhere, 'others' | 'doubt'>
  /** A channel's settings changed: overlays are to be told. */
  tellSettings(channelId: string): Promise<void>
  bus: Bus
  session: Pick<NodeSession, 'session'>
  clock: Clock
  logger: Logger
  metrics: Pick<Metrics, 'donationToOverlay' | 'alerts'>
  /** In demo mode the dashboard's preview shows donations too: there is no money to lose behind it. */
  previewsShowAll: boolean
  checkEveryMs?: number
}

export interface ShowAlert {
  start(): void
  stop(): void
  /** A channel's overlays came, went or changed what they show. */
  audienceChanged(channelId: string): void
  /** An overlay was shown its first snapshot: what it had been offered on a stream that was lost is offered anew. */
  overlayCame(channelId: string, instance: string, offered: OverlaySnapshot['offered']): void
  /** An overlay went away: what it was offered and had not begun goes back at once. */
  overlayLeft(channelId: string, overlay: { instance: string; preview: boolean }): Promise<void>
  /** Resolves when it is written down of every overlay that it left. */
  settled(): Promise<void>
  /** Brings the count of open alerts in the metrics up to date. */
  countOpen(): Promise<void>
  /** An alert that another node offered is off the screens. */
  landed(channelId: string, alertId: string): void
  startDrawing(request: Ticketed): Promise<boolean>
  finishDrawing(request: Ticketed): Promise<boolean>
}

interface Ticketed {
  channelId: string
  alertId: string
  token: string
  overlay: string
  keyRev: number
}

/** A doorbell may get lost and a lease may run out: this often the database is asked, once for all channels. */
const CHECK_EVERY_MS = 2_000

const OPEN_STATES = ['queued', 'offered', 'started'] as const

/** Age limits are in minutes; nobody notices a quarter of one. */
const MISS_EVERY_CHECKS = 8

/** Offers each channel's alerts, one at a time, to the overlay that is to draw them. */
export function createShowAlert(options: ShowAlertOptions): ShowAlert {
  const {
    alerts,
    channels,
    audience,
    presence,
    bus,
    session,
    clock,
    logger,
    metrics,
    previewsShowAll,
    checkEveryMs = CHECK_EVERY_MS,
  } = options
  /** What this node offered and saw no end of: no question to the database while an alert is drawn. */
  const inFlight = new Map<string, { alertId: string; overlay: string; token: string; started: boolean }>()
  /** When the doorbell of a channel that was ready rang, by the wall clock. */
  const rangAt = new Map<string, number>()
  const offering = new Map<string, { again: boolean }>()
  let cancelCheck = () => {}
  let unsubscribe = () => {}
  let checks = 0
  /** Something waited there at the last check, and an overlay of another node was to take it. */
  let leftToOthers = new Set<string>()
  const leaving = new Set<Promise<unknown>>()
  let running = false
  let heardOthers = bus.isUp()

  return {
    start() {
      unsubscribe = bus.onNews(hear)
      running = true
      cancelCheck = clock.after(checkEveryMs, check)
    },
    stop() {
      running = false
      unsubscribe()
      cancelCheck()
    },
    audienceChanged(channelId) {
      const offered = inFlight.get(channelId)
      const mayBeLost = offered && !offered.started && audience.stageFor(channelId)?.instance !== offered.overlay
      if (mayBeLost) void settle(channelId, withdraw(channelId, offered))
      else offer(channelId)
    },
    overlayCame(channelId, instance, offered) {
      // Of this node or of another: the page never answered, and may never have heard it.
      if (offered?.overlay === instance) void settle(channelId, withdraw(channelId, offered))
    },
    async overlayLeft(channelId, { instance, preview }) {
      const offered = inFlight.get(channelId)
      const noted = Promise.all([
        // What another node offers the same page on its new stream is not ours to take back.
        offered?.overlay === instance ? withdraw(channelId, offered) : undefined,
        // The dashboard's own preview says nothing of the streamer's sources.
        preview ? undefined : channels.noteOverlaySeen(channelId),
      ])
      leaving.add(noted)
      await noted.finally(() => leaving.delete(noted))
    },
    settled: async () => void (await Promise.allSettled(leaving)),
    countOpen,
    landed,
    async startDrawing(request) {
      const accepted = await alerts.start(request)
      const mine = inFlight.get(request.channelId)
      if (accepted && mine?.alertId === request.alertId) mine.started = true
      return accepted
    },
    async finishDrawing(request) {
      const done = await alerts.finish(request)
      if (done)
        bus.publish(`news:${request.channelId}`, { type: 'alert-ended', alertId: request.alertId, why: 'shown' })
      return done
    },
  }

  function hear(channelId: string, event: ChannelEvent) {
    switch (event.type) {
      case 'alert-queued':
        if (event.receivedAt !== null && audience.stageFor(channelId) && !inFlight.has(channelId))
          rangAt.set(channelId, event.receivedAt)
        offer(channelId)
        break
      case 'queue-resumed':
        offer(channelId)
        break
      case 'alert-ended':
        if (event.why === 'skipped')
          audience.broadcast(channelId, 'alert.cancel', { id: event.alertId, why: 'skipped' }, { now: true })
        landed(channelId, event.alertId)
        offer(channelId)
        break
      case 'settings-changed':
        void settle(channelId, options.tellSettings(channelId))
        break
      case 'overlay-key-rotated':
        audience.cutOlderThan(channelId, event.rev)
        break
      case 'overlays-changed':
        break
    }
  }

  /** Offers what is next, if an overlay can show it. Calls that come while one is under way are one more call after it. */
  function offer(channelId: string) {
    if (!audience.stageFor(channelId) || inFlight.has(channelId)) return
    const running = offering.get(channelId)
    if (running) {
      running.again = true
      return
    }
    const mine = { again: false }
    offering.set(channelId, mine)
    void settle(channelId, offerNext(channelId)).then((offeredTooLate) => {
      offering.delete(channelId)
      if (mine.again || offeredTooLate) offer(channelId)
    })
  }

  /** Takes an offer back that its overlay has not answered and may never have heard. What is being drawn stays. */
  async function withdraw(channelId: string, { overlay, token }: { overlay: string; token: string }) {
    if (!(await alerts.release(channelId, overlay, token))) return
    if (inFlight.get(channelId)?.token === token) inFlight.delete(channelId)
    // The overlay that is to have it now may be another node's.
    if (presence.others(channelId).length > 0)
      bus.publish(`news:${channelId}`, { type: 'alert-queued', receivedAt: null })
    offer(channelId)
  }

  function landed(channelId: string, alertId: string) {
    if (inFlight.get(channelId)?.alertId === alertId) inFlight.delete(channelId)
  }

  /** @returns true where the stage changed hands meanwhile and the offer had to be taken back. */
  async function offerNext(channelId: string): Promise<boolean> {
    // Only what is offered right away was on its way all the time; what waits for somebody is no latency of ours.
    const rang = rangAt.get(channelId)
    rangAt.delete(channelId)
    const stage = audience.stageFor(channelId)
    if (!stage) return false
    const alert = await alerts.offerNext(channelId, stage.instance, { onlyTests: stage.preview && !previewsShowAll })
    if (!alert) return false
    if (audience.stageFor(channelId)?.instance !== stage.instance) {
      await alerts.release(channelId, stage.instance, alert.token)
      return true
    }
    const { id: alertId, token } = alert
    inFlight.set(channelId, { alertId, overlay: stage.instance, token, started: false })
    announce(channelId, 'alert.offer', { ...alertPicture(alert), token })
    if (rang !== undefined) metrics.donationToOverlay.observe(Math.max(0, clock.now() - rang) / 1_000)
    logger.debug({ channelId, alertId: alert.id, attempt: alert.attempt }, 'alert offered')
    return false
  }

  /** To the overlays here and, as mirrors, on other nodes. */
  function announce<Type extends 'alert.offer' | 'alert.cancel'>(
    channelId: string,
    type: Type,
    d: OverlayEvents[Type],
  ) {
    audience.broadcast(channelId, type, d, { now: true })
    const by = session.session()
    if (by !== null) bus.publish(`stage:${channelId}`, { type, by, d } as never)
  }

  /** One check after the other: a database that hangs gets no second question before it answered the first. */
  function check() {
    void settle(null, checkAll()).then(() => {
      if (running) cancelCheck = clock.after(checkEveryMs, check)
    })
  }

  async function checkAll() {
    if (bus.isUp() !== heardOthers) {
      heardOthers = bus.isUp()
      // Without the bus each node is alone with its overlays.
      for (const channelId of audience.channels()) audience.reelect(channelId)
    }
    for (const ended of await alerts.expire()) {
      logger.warn(
        { channelId: ended.channelId, alertId: ended.id, state: ended.state },
        ended.state === 'queued' ? 'an offer was not taken and goes back to the queue' : 'an alert was interrupted',
      )
      landed(ended.channelId, ended.id)
      const why = ended.state === 'queued' ? 'expired' : 'interrupted'
      announce(ended.channelId, 'alert.cancel', { id: ended.id, why })
    }
    if (checks++ % MISS_EVERY_CHECKS === 0) {
      for (const { channelId } of await alerts.miss())
        logger.info({ channelId }, 'an alert waited longer than its channel allows')
    }
    const seen = audience.channels().filter((channelId) => audience.isSeen(channelId))
    const waiting = seen.length === 0 ? [] : await alerts.waiting(seen)
    const leaving = new Set<string>()
    for (const channelId of waiting) {
      // What another node ended, this one learns here if the doorbell got lost.
      if (!offering.has(channelId)) inFlight.delete(channelId)
      if (!audience.stageFor(channelId)) {
        if (presence.others(channelId).every(({ preview }) => preview)) continue
        leaving.add(channelId)
        // It waits since the last check: whoever is said to be primary is not there, or takes us for it.
        if (leftToOthers.has(channelId)) presence.doubt(channelId)
      }
      offer(channelId)
    }
    leftToOthers = leaving
  }

  async function countOpen() {
    const counted = new Map((await alerts.countOpen()).map(({ state, count }) => [state, count]))
    for (const state of OPEN_STATES) metrics.alerts.set({ state }, counted.get(state) ?? 0)
  }

  async function settle<T>(channelId: string | null, work: Promise<T>): Promise<T | undefined> {
    try {
      return await work
    } catch (error) {
      // The next check tries again; nothing of an alert lives only here.
      logger.error({ err: error, channelId }, 'alerts could not be moved on')
      return undefined
    }
  }
}
