import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'
import type { Bus, ChannelEvent } from '../coordination/bus.ts'
import { alertWords, donorName } from '../domain/alert-words.ts'
import { lookFromSeed, seedFromText } from '../domain/avatar-look.ts'
import type { AlertOffer, CurrentAlert, OverlayEvents } from '../domain/overlay-protocol.ts'
import type { ChannelSettings } from '../domain/settings.ts'
import type { Alerts, AlertToShow } from '../persistence/alerts.ts'
import type { Channels } from '../persistence/channels.ts'
import type { OverlayAudience } from './overlay-audience.ts'
import type { Stages } from './publish-stage.ts'

export interface ShowAlertOptions {
  alerts: Alerts
  channels: Pick<Channels, 'byId' | 'noteOverlaySeen'>
  audience: OverlayAudience
  stages: Pick<Stages, 'snapshot'>
  bus: Bus
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
  /** An overlay went away: what it was offered and had not begun goes back at once. */
  overlayLeft(channelId: string, overlay: { instance: string; preview: boolean }): Promise<void>
  /** Resolves when it is written down of every overlay that it left. */
  settled(): Promise<void>
  /** Brings the count of open alerts in the metrics up to date. */
  countOpen(): Promise<void>
  snapshot(channelId: string): Promise<OverlayEvents['snapshot'] | undefined>
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
    stages,
    bus,
    clock,
    logger,
    metrics,
    previewsShowAll,
    checkEveryMs = CHECK_EVERY_MS,
  } = options
  /** What this node offered and saw no end of: no question to the database while an alert is drawn. */
  const inFlight = new Map<string, { alertId: string; overlay: string; started: boolean }>()
  /** When the doorbell of a channel that was ready rang, by the monotonic clock. */
  const rangAt = new Map<string, number>()
  const offering = new Map<string, { again: boolean }>()
  let cancelCheck = () => {}
  let unsubscribe = () => {}
  let checks = 0
  const leaving = new Set<Promise<unknown>>()
  let running = false

  return {
    start() {
      unsubscribe = bus.subscribe(hear)
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
      if (mayBeLost) void settle(channelId, withdraw(channelId, offered.overlay))
      else offer(channelId)
    },
    async overlayLeft(channelId, { instance, preview }) {
      const noted = Promise.all([
        withdraw(channelId, instance),
        // The dashboard's own preview says nothing of the streamer's sources.
        preview ? undefined : channels.noteOverlaySeen(channelId),
      ])
      leaving.add(noted)
      await noted.finally(() => leaving.delete(noted))
    },
    settled: async () => void (await Promise.allSettled(leaving)),
    countOpen,
    async snapshot(channelId) {
      // Before anything is waited for: what happens on stage from here on comes as frames after it.
      const { seq, avatars } = stages.snapshot(channelId)
      const [channel, standing] = await Promise.all([channels.byId(channelId), alerts.standing(channelId)])
      if (!channel) return undefined
      return {
        seq,
        settings: { rev: channel.settingsRev, ...overlaySettings(channel.settings) },
        avatars,
        alert: { current: standing.current && currentAlert(standing.current), queued: standing.queued },
        game: null,
      }
    },
    async startDrawing(request) {
      const accepted = await alerts.start(request)
      const mine = inFlight.get(request.channelId)
      if (accepted && mine?.alertId === request.alertId) mine.started = true
      return accepted
    },
    async finishDrawing(request) {
      const done = await alerts.finish(request)
      if (done) bus.publish(request.channelId, { type: 'alert-ended', alertId: request.alertId, why: 'shown' })
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
        void settle(channelId, tellSettings(channelId))
        break
      case 'overlay-key-rotated':
        audience.cutOlderThan(channelId, event.rev)
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
  async function withdraw(channelId: string, overlay: string) {
    if (!(await alerts.release(channelId, overlay))) return
    if (inFlight.get(channelId)?.overlay === overlay) inFlight.delete(channelId)
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
      await alerts.release(channelId, stage.instance)
      return true
    }
    inFlight.set(channelId, { alertId: alert.id, overlay: stage.instance, started: false })
    audience.broadcast(channelId, 'alert.offer', { ...picture(alert), token: alert.token }, { now: true })
    if (rang !== undefined) metrics.donationToOverlay.observe((clock.monotonic() - rang) / 1_000)
    logger.debug({ channelId, alertId: alert.id, attempt: alert.attempt }, 'alert offered')
    return false
  }

  async function tellSettings(channelId: string) {
    const channel = await channels.byId(channelId)
    if (!channel) return
    const patch = overlaySettings(channel.settings)
    audience.broadcast(channelId, 'settings', { rev: channel.settingsRev, patch }, { stage: true })
  }

  /** One check after the other: a database that hangs gets no second question before it answered the first. */
  function check() {
    void settle(null, checkAll()).then(() => {
      if (running) cancelCheck = clock.after(checkEveryMs, check)
    })
  }

  async function checkAll() {
    for (const ended of await alerts.expire()) {
      logger.warn(
        { channelId: ended.channelId, alertId: ended.id, state: ended.state },
        ended.state === 'queued' ? 'an offer was not taken and goes back to the queue' : 'an alert was interrupted',
      )
      landed(ended.channelId, ended.id)
      audience.broadcast(ended.channelId, 'alert.cancel', {
        id: ended.id,
        why: ended.state === 'queued' ? 'expired' : 'interrupted',
      })
    }
    if (checks++ % MISS_EVERY_CHECKS === 0) {
      for (const { channelId } of await alerts.miss())
        logger.info({ channelId }, 'an alert waited longer than its channel allows')
    }
    const ready = audience.channels().filter((channelId) => audience.stageFor(channelId))
    if (ready.length === 0) return
    // What another node ended, this one learns here if the doorbell got lost.
    for (const channelId of await alerts.waiting(ready)) {
      if (!offering.has(channelId)) inFlight.delete(channelId)
      offer(channelId)
    }
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

function overlaySettings({ locale, alerts }: ChannelSettings) {
  return { locale, alerts }
}

/** What an overlay needs to draw an alert. A donor's words are made fit for a stream here, on their way out. */
function picture(alert: AlertToShow): Omit<AlertOffer, 'token'> {
  const seed = seedFromText(alert.externalId)
  const rules = alert.settings.alerts
  const { durationS, sound, volume } = rules
  return {
    id: alert.id,
    kind: 'donation',
    donor: donorName(alert.donor, rules),
    amount: alert.amount,
    currency: alert.currency,
    parts: alert.messageKind === 'audio' ? [] : alertWords(alert.message, rules),
    avatar: { seed, look: lookFromSeed(seed) },
    sound: sound && volume > 0 ? { name: 'chime', volume: volume / 100 } : null,
    tts: null,
    dur: durationS * 1_000,
    attempt: alert.attempt,
    test: alert.test,
  }
}

function currentAlert(alert: AlertToShow): CurrentAlert {
  return {
    ...picture(alert),
    state: alert.state === 'started' ? 'started' : 'offered',
    startedAt: alert.startedAt?.getTime() ?? null,
  }
}
