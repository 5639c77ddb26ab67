import { createAskNode } from './app/ask-node.ts'
import type { NodeSession } from './app/assignments/assignment-runner.ts'
import { drainOverlays } from './app/overlays/drain-overlays.ts'
import { createFollowStages } from './app/overlays/follow-stages.ts'
import { createKeepStages } from './app/overlays/keep-stages.ts'
import { createOverlayAudience } from './app/overlays/overlay-audience.ts'
import { createOverlaysElsewhere } from './app/overlays/overlays-elsewhere.ts'
import { createOverlaySnapshot, type ReadOverlaySnapshot } from './app/overlays/overlay-snapshot.ts'
import { createOwnStages } from './app/overlays/own-stages.ts'
import { createPublishStage } from './app/overlays/publish-stage.ts'
import { createShowAlert } from './app/overlays/show-alert.ts'
import { createTendOverlays } from './app/overlays/tend-overlays.ts'
import type { Clock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import type { Metrics } from './base/metrics.ts'
import { createSeldom } from './base/seldom.ts'
import type { Bus, StageMessage } from './coordination/bus.ts'
import type { SharedKeys } from './coordination/shared-keys.ts'
import { epochOfNode } from './domain/stage-epoch.ts'
import type { Alerts } from './persistence/alerts.ts'
import type { Channels } from './persistence/channels.ts'
import type { WatchedChannels } from './persistence/watched-channels.ts'

export interface OverlayParts {
  rows: WatchedChannels
  alerts: Alerts
  channels: Pick<Channels, 'byId' | 'noteOverlaySeen'>
  bus: Bus
  keys: SharedKeys
  /** What is kept in `keys` outlives this node. */
  sharesKeys: boolean
  session: NodeSession
  previewsShowAll: boolean
  /** Times that tests shorten. */
  tuning: { checkAlertsEveryMs?: number }
  clock: Clock
  logger: Logger
  metrics: Metrics
}

/** Everything between stages and overlays, wired: who watches, who is primary, what they are told, here and elsewhere. */
export function composeOverlays(parts: OverlayParts) {
  const { rows, alerts, channels, bus, keys, sharesKeys, session, tuning, clock, logger, metrics } = parts
  const startedAt = clock.now()
  const seldom = createSeldom(clock)
  const onUnavailable = (error: unknown) =>
    seldom('keys', (unlogged) =>
      logger.warn({ err: error, unlogged }, 'overlays and stages of other nodes cannot be looked up'),
    )
  const ask = createAskNode({ bus, session, clock })
  const listening = new Map<string, () => void>()

  const audience = createOverlayAudience({
    clock,
    metrics,
    epoch: () => epochOfNode(0, startedAt),
    others: (channelId) => presence.others(channelId),
    isWatchedElsewhere: (channelId) => own.isWatchedElsewhere(channelId),
    onStageFrames: (channelId, frames) => own.publish(channelId, frames),
    onChange: changed,
  })
  const presence = createOverlaysElsewhere({ audience, bus, keys, session, clock, onUnavailable })
  const stages = createPublishStage({
    audience: { ...audience, isWatched: (id) => audience.isWatched(id) && !own.isWaiting(id) },
    clock,
    metrics,
    notesChanges: sharesKeys,
  })
  const kept = sharesKeys
    ? createKeepStages({
        stages,
        position: audience.position,
        owns: (channelId) => own.owns(channelId),
        keys,
        session,
        clock,
        onUnavailable,
      })
    : null
  const own = createOwnStages({
    stages,
    audience,
    kept,
    bus,
    ask,
    session,
    clock,
    startedAt,
    logger,
    onMoved: (channelId) => void follow.resync(channelId),
  })
  const follow = createFollowStages({
    audience,
    stages,
    own,
    kept,
    rows,
    snapshot: (channelId) => readSnapshot(channelId),
    ask,
    bus,
    session,
    clock,
    startedAt,
    logger,
  })
  const tend = createTendOverlays({
    rows,
    channels,
    audience,
    presence,
    follow,
    own,
    clock,
    logger,
  })
  const read = createOverlaySnapshot({ channels, alerts, picture: follow.picture })
  const readSnapshot: ReadOverlaySnapshot = async (channelId) => {
    const snapshot = await read(channelId)
    if (snapshot) tend.toldFirst(channelId, snapshot.d.settings.rev)
    return snapshot
  }
  const showAlert = createShowAlert({
    alerts,
    channels,
    audience,
    presence,
    tellSettings: tend.tellSettings,
    bus,
    session,
    clock,
    logger,
    metrics,
    previewsShowAll: parts.previewsShowAll,
    ...(tuning.checkAlertsEveryMs === undefined ? {} : { checkEveryMs: tuning.checkAlertsEveryMs }),
  })
  let ends: Array<() => void> = []

  return {
    audience,
    stages,
    own,
    presence,
    ask,
    showAlert,
    readSnapshot,
    start() {
      ask.listen()
      showAlert.start()
      tend.start()
      kept?.start()
      ends = [
        bus.onUp(tend.hurry),
        bus.subscribe('cluster', ({ type }) => {
          if (type !== 'nodes-changed') return
          ask.listen()
          tend.hurry()
        }),
      ]
    },
    /** Sends overlays to other nodes, where there are some, while all else still runs. */
    drain: () => drainOverlays({ audience, isServedElsewhere: () => rows.isServedElsewhere(session.session()), clock }),
    stop() {
      for (const end of ends) end()
      for (const [channelId] of listening) leave(channelId)
      kept?.stop()
      tend.stop()
      follow.stop()
      ask.stop()
      showAlert.stop()
    },
  }

  function changed(channelId: string, came: string | null): void {
    const isOpen = audience.isOpen(channelId)
    if (isOpen && !listening.has(channelId)) enter(channelId)
    presence.changed(channelId, came)
    showAlert.audienceChanged(channelId)
    if (!isOpen) leave(channelId)
  }

  function enter(channelId: string): void {
    const unsubscribes = [
      bus.subscribe(`stage:${channelId}`, (message) => hear(channelId, message)),
      // Whoever hears news hears those of subscribed channels.
      bus.subscribe(`news:${channelId}`, () => {}),
    ]
    listening.set(channelId, () => {
      for (const unsubscribe of unsubscribes) unsubscribe()
    })
    presence.open(channelId)
  }

  function leave(channelId: string): void {
    listening.get(channelId)?.()
    listening.delete(channelId)
    presence.close(channelId)
    follow.close(channelId)
  }

  function hear(channelId: string, message: StageMessage): void {
    if (message.by === session.session()) return
    switch (message.type) {
      case 'frames':
        tend.toldIn(channelId, message.text)
        return follow.heard(channelId, message)
      case 'owner':
        return follow.heard(channelId, message)
      case 'overlays':
        return presence.heard(channelId, message)
      case 'alert.offer':
        return audience.broadcast(channelId, message.type, message.d, { now: true })
      case 'alert.cancel':
        audience.broadcast(channelId, message.type, message.d, { now: true })
        return showAlert.landed(channelId, message.d.id)
    }
  }
}
