import { backoffMs, fullJitterMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { ChatShardStatus } from '../chat.ts'
import type { ConduitApi } from './conduit-api.ts'
import type { ConduitHome } from './conduit.ts'
import type { EndReason, SocketEnd } from './eventsub-end.ts'
import { openEventSubSession, type EventSubSessionOptions } from './eventsub-session.ts'
import { reasonOf } from './failure.ts'

/** A session that delivered for so long was a good one: what ends it is no failure in a row. */
const SETTLED_AFTER_MS = 30_000

/** Refusals of one session in a row after which another session is tried: Twitch may know nothing of this one. */
const MAX_REFUSALS = 3

/** As a rule Twitch's own close is on its way when it says that it disabled a shard, and tells more: it may come first. */
const REPLACE_AFTER_MS = 1_000

export interface ShardOptions extends Pick<EventSubSessionOptions, 'onMessage'> {
  id: string
  /** `wss://eventsub.wss.twitch.tv/ws` */
  eventSubUrl: string
  api: ConduitApi
  home: ConduitHome
  clock: Clock
  random: () => number
  logger: Logger
  signal: AbortSignal
  onChange: () => void
}

/** One shard of the conduit and the session that it delivers to, renewed for as long as the signal lives. */
export interface Shard {
  status(): ChatShardStatus
  /** The session that should be the shard's. */
  sessionId(): string | null
  /** The shard may not stand as it should at Twitch: looks, and assigns it where it does not. */
  repair(): void
  /** Twitch says that this session is dead, whatever we hear of it: another one is opened. */
  replace(sessionId: string): void
  /** Resolves when the signal has ended it and the connection is gone. */
  readonly ended: Promise<void>
}

export function runShard(options: ShardOptions): Shard {
  const { id, api, home, clock, random, signal, onChange } = options
  const logger = options.logger.child({ shard: id })
  let state: ChatShardStatus['state'] = 'connecting'
  let since = clock.now()
  let sessionId: string | null = null
  let enabledAtMs: number | null = null
  let cancelReplacing = () => {}
  let repairSession = () => {}
  let endSession: (why: EndReason) => void = () => {}

  const setState = (next: ChatShardStatus['state']) => {
    if (next === state) return
    state = next
    since = clock.now()
    onChange()
  }

  return {
    status: () => ({ id, state, since }),
    sessionId: () => sessionId,
    repair: () => repairSession(),
    replace(dead) {
      if (dead !== sessionId) return
      cancelReplacing()
      cancelReplacing = clock.after(REPLACE_AFTER_MS, () => dead === sessionId && endSession('disabled'))
    },
    ended: run(),
  }

  async function run(): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      setState('connecting')
      enabledAtMs = null
      // Not before there is something to be assigned to: an idle session is closed after ten seconds.
      await home.find().catch(() => {})
      if (signal.aborted) break
      const end = await liveOneSession()
      sessionId = null
      if (signal.aborted) break
      const livedMs = enabledAtMs === null ? 0 : clock.monotonic() - enabledAtMs
      failures = livedMs >= SETTLED_AFTER_MS ? 1 : failures + 1
      const retryInMs = fullJitterMs(failures, random)
      logger.warn({ ...end, livedMs: Math.round(livedMs), failures, retryInMs }, 'lost a chat connection')
      setState('lost')
      await clock.sleep(retryInMs, signal).catch(() => {})
    }
    setState('lost')
  }

  async function liveOneSession(): Promise<SocketEnd> {
    const life = new AbortController()
    let endedFor: EndReason | null = null
    let repairing = false
    let repairAgain = false

    const session = openEventSubSession({
      url: options.eventSubUrl,
      clock,
      logger,
      onMessage: options.onMessage,
      onSession(welcomed, { moved }) {
        sessionId = welcomed
        // Twitch may or may not have taken the shard along (facts §5.3): it is looked at.
        void repair({ look: moved })
      },
    })
    const close = () => session.close()
    signal.addEventListener('abort', close, { once: true })
    repairSession = () => void repair({ look: true })
    endSession = (why) => {
      endedFor ??= why
      session.close()
    }
    const end = await session.closed
    life.abort()
    repairSession = () => {}
    endSession = () => {}
    cancelReplacing()
    signal.removeEventListener('abort', close)
    return { ...end, why: endedFor ?? end.why }

    /** One at a time. What asks meanwhile is answered by one more look. */
    async function repair({ look }: { look: boolean }): Promise<void> {
      if (sessionId === null) return
      if (repairing) {
        repairAgain = true
        return
      }
      repairing = true
      try {
        await tryUntilEnabled(look)
        while (repairAgain) {
          repairAgain = false
          await tryUntilEnabled(true)
        }
      } catch (error) {
        // The session's end or ours ends all tries.
        if (!life.signal.aborted && !signal.aborted) logger.error({ err: error }, 'a shard could not be looked after')
      } finally {
        repairing = false
      }
    }

    async function tryUntilEnabled(look: boolean): Promise<void> {
      let refusals = 0
      for (let tries = 1; ; tries++) {
        const outcome = await tryOnce(look)
        if (outcome === 'enabled') return
        if (outcome === 'refused') refusals += 1
        if (refusals >= MAX_REFUSALS) return endSession('refused')
        // Another conduit, or the shard's place in it, is asked for at once: the session has ten seconds.
        if (outcome !== 'moved' || tries > 1) await clock.sleep(backoffMs(tries, random), life.signal)
      }
    }

    async function tryOnce(look: boolean): Promise<'enabled' | 'refused' | 'failed' | 'moved'> {
      const conduitId = await home.find()
      life.signal.throwIfAborted()
      const own = sessionId ?? ''
      try {
        const standing = look ? await api.shards(conduitId, life.signal) : []
        if (standing !== 'gone') {
          const shard = standing.find((entry) => entry.id === id)
          if (shard?.status === 'enabled' && shard.sessionId === own) return enabled()
          if (look) {
            logger.warn({ status: shard?.status ?? 'unassigned', ours: shard?.sessionId === own }, 'a shard stood idle')
            setState('connecting')
          }
        }
        const assigned =
          standing === 'gone' ? 'gone' : await api.assign({ conduitId, shardId: id, sessionId: own }, life.signal)
        if (assigned === 'gone') {
          home.lost(conduitId)
          return 'moved'
        }
        // Meanwhile Twitch may have moved us, or another conduit may have taken this one's place.
        if (own !== sessionId || home.id() !== conduitId) return 'moved'
        if (assigned.enabled) return enabled()
        logger.warn({ code: assigned.code, outOfRange: assigned.outOfRange }, 'Twitch refused a shard')
        if (!assigned.outOfRange) return 'refused'
        home.recheck()
        return 'moved'
      } catch (error) {
        life.signal.throwIfAborted()
        logger.warn(reasonOf(error), 'a shard could not be assigned')
        return 'failed'
      }
    }

    function enabled(): 'enabled' {
      enabledAtMs ??= clock.monotonic()
      if (state !== 'enabled') logger.info({ conduit: home.id() }, 'chat is delivered to a shard')
      setState('enabled')
      return 'enabled'
    }
  }
}
