import { backoffMs, fullJitterMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { ChatShardStatus } from '../chat.ts'
import type { ConduitApi } from './conduit-api.ts'
import type { ConduitHome } from './conduit.ts'
import type { ShardAssignments, StandingShard } from './conduit-wire.ts'
import type { EndReason, SocketEnd } from './eventsub-end.ts'
import { openEventSubSession, type EventSubSessionOptions } from './eventsub-session.ts'
import { reasonOf } from './failure.ts'

/** A session that delivered for so long was a good one: what ends it is no failure in a row. */
const SETTLED_AFTER_MS = 30_000

/** Refusals of one session in a row after which another session is tried: Twitch may know nothing of this one. */
const MAX_REFUSALS = 3

/** As a rule Twitch's own close is on its way when it says that it disabled a shard, and tells more: it may come first. */
const REPLACE_AFTER_MS = 1_000

/** A node that may not act may again after its next renewal, or has nothing here any more. */
const MUTED_FOR_MS = 500

export interface LinkOptions extends Pick<EventSubSessionOptions, 'onMessage'> {
  /** For the log. */
  name: string
  /** `wss://eventsub.wss.twitch.tv/ws` */
  eventSubUrl: string
  api: ConduitApi
  home: ConduitHome
  /** The shards it begins with. */
  shards: readonly string[]
  /** The node may act: a shard that another node may have by now is not taken from it. */
  mayAct: () => boolean
  clock: Clock
  random: () => number
  logger: Logger
  signal: AbortSignal
  onChange: () => void
  /** A session is there, and shards are about to be assigned to it. */
  onWelcome: () => void
}

/** One connection to Twitch, renewed for as long as the signal lives, and the shards of the conduit that it delivers. */
export interface Link {
  shards(): ChatShardStatus[]
  /** It delivers: what is given to it now is there with one request. */
  isLive(): boolean
  /** The session that should have its shards. */
  sessionId(): string | null
  give(shardIds: readonly string[]): void
  /** These are its business no more: whoever has them at Twitch keeps them. Its connection stays. */
  take(shardIds: readonly string[]): void
  /** Its shards may not stand as they should at Twitch: looks, and assigns those that do not. */
  repair(): void
  /** Twitch says that this session is dead, whatever we hear of it: another one is opened. */
  replace(sessionId: string): void
  close(): void
  /** Resolves when it was closed, or the signal has ended it, and the connection is gone. */
  readonly ended: Promise<void>
}

export function runLink(options: LinkOptions): Link {
  const { api, home, mayAct, clock, random, onChange } = options
  const logger = options.logger.child({ link: options.name })
  const own = new AbortController()
  const signal = AbortSignal.any([options.signal, own.signal])
  const held = new Map<string, { state: ChatShardStatus['state']; since: number }>()
  let sessionId: string | null = null
  let enabledAtMs: number | null = null
  let cancelReplacing = () => {}
  let repairSession: (how: { look: boolean }) => void = () => {}
  let endSession: (why: EndReason) => void = () => {}

  const setStates = (ids: Iterable<string>, state: ChatShardStatus['state']) => {
    let changed = false
    for (const id of ids) {
      const shard = held.get(id)
      if (!shard || shard.state === state) continue
      held.set(id, { state, since: clock.now() })
      changed = true
    }
    if (changed) onChange()
  }
  const add = (ids: readonly string[]) => {
    for (const id of ids) if (!held.has(id)) held.set(id, { state: 'connecting', since: clock.now() })
  }
  add(options.shards)

  return {
    shards: () => [...held].map(([id, { state, since }]) => ({ id, state, since })),
    isLive: () => !signal.aborted && sessionId !== null && enabledAtMs !== null,
    sessionId: () => sessionId,
    give(ids) {
      add(ids)
      repairSession({ look: false })
    },
    take(ids) {
      for (const id of ids) held.delete(id)
    },
    repair: () => repairSession({ look: true }),
    replace(dead) {
      if (dead !== sessionId) return
      cancelReplacing()
      cancelReplacing = clock.after(REPLACE_AFTER_MS, () => dead === sessionId && endSession('disabled'))
    },
    close: () => own.abort(),
    ended: run(),
  }

  async function run(): Promise<void> {
    let failures = 0
    // Without a shard there is nothing to come back for.
    while (!signal.aborted && held.size > 0) {
      setStates(held.keys(), 'connecting')
      enabledAtMs = null
      // Not before there is something to be assigned to: an idle session is closed after ten seconds.
      await Promise.race([home.find().catch(() => {}), aborted(signal)])
      if (signal.aborted) break
      const end = await liveOneSession()
      sessionId = null
      if (signal.aborted) break
      const livedMs = enabledAtMs === null ? 0 : clock.monotonic() - enabledAtMs
      failures = livedMs >= SETTLED_AFTER_MS ? 1 : failures + 1
      const retryInMs = fullJitterMs(failures, random)
      logger.warn({ ...end, livedMs: Math.round(livedMs), failures, retryInMs }, 'lost a chat connection')
      setStates(held.keys(), 'lost')
      await clock.sleep(retryInMs, signal).catch(() => {})
    }
    own.abort()
    setStates(held.keys(), 'lost')
  }

  async function liveOneSession(): Promise<SocketEnd> {
    const life = new AbortController()
    let endedFor: EndReason | null = null
    let repairing = false
    let next: { look: boolean } | null = null

    const session = openEventSubSession({
      url: options.eventSubUrl,
      clock,
      logger,
      onMessage: options.onMessage,
      onSession(welcomed, { moved }) {
        sessionId = welcomed
        options.onWelcome()
        // Twitch may or may not have taken the shards along (facts §5.3): it is looked at.
        void repair({ look: moved })
      },
    })
    const close = () => session.close()
    signal.addEventListener('abort', close, { once: true })
    repairSession = (how) => void repair(how)
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

    /** One at a time. What asks meanwhile is answered by one more. */
    async function repair({ look }: { look: boolean }): Promise<void> {
      if (sessionId === null) return
      if (repairing) {
        next = { look: look || next?.look === true }
        return
      }
      repairing = true
      try {
        await tryUntilEnabled(look)
        for (let asked = takeNext(); asked; asked = takeNext()) await tryUntilEnabled(asked.look)
      } catch (error) {
        // The session's end or ours ends all tries.
        if (!life.signal.aborted && !signal.aborted) logger.error({ err: error }, 'shards could not be looked after')
      } finally {
        repairing = false
      }
    }

    function takeNext(): { look: boolean } | null {
      const asked = next
      next = null
      return asked
    }

    async function tryUntilEnabled(look: boolean): Promise<void> {
      let refusals = 0
      for (let tries = 1; ; tries++) {
        const outcome = await tryOnce(look)
        if (outcome === 'enabled') return
        if (outcome === 'muted') {
          await clock.sleep(MUTED_FOR_MS, life.signal)
          continue
        }
        if (outcome === 'refused') refusals += 1
        // What delivers other shards is a good session, whatever is said of this shard.
        if (refusals >= MAX_REFUSALS && !someEnabled()) return endSession('refused')
        // Another conduit, or the shards' place in it, is asked for at once: the session has ten seconds.
        if (outcome !== 'moved' || tries > 1) await clock.sleep(backoffMs(tries, random), life.signal)
      }
    }

    async function tryOnce(look: boolean): Promise<'enabled' | 'refused' | 'failed' | 'moved' | 'muted'> {
      const conduitId = await home.find()
      life.signal.throwIfAborted()
      const ours = sessionId ?? ''
      try {
        const standing = look ? await api.shards(conduitId, life.signal) : []
        if (standing !== 'gone' && look) compare(standing, ours)
        const shardIds = [...held].filter(([, { state }]) => state !== 'enabled').map(([id]) => id)
        if (standing !== 'gone' && shardIds.length === 0) return 'enabled'
        // Another node may have them by now.
        if (!mayAct()) return 'muted'
        const assigned =
          standing === 'gone' ? 'gone' : await api.assign({ conduitId, shardIds, sessionId: ours }, life.signal)
        if (assigned === 'gone') {
          setStates(held.keys(), 'connecting')
          home.lost(conduitId)
          return 'moved'
        }
        // Meanwhile Twitch may have moved us, or another conduit may have taken this one's place.
        if (ours !== sessionId || home.id() !== conduitId) return 'moved'
        return learn(assigned)
      } catch (error) {
        life.signal.throwIfAborted()
        logger.warn(reasonOf(error), 'shards could not be assigned')
        return 'failed'
      }
    }

    function compare(standing: readonly StandingShard[], ours: string): void {
      const idle: string[] = []
      for (const id of held.keys()) {
        const shard = standing.find((entry) => entry.id === id)
        if (shard?.status === 'enabled' && shard.sessionId === ours) {
          enabled([id])
          continue
        }
        idle.push(id)
        const status = shard?.status ?? 'unassigned'
        logger.warn({ shard: id, status, ours: shard?.sessionId === ours }, 'a shard stood idle')
      }
      setStates(idle, 'connecting')
    }

    function learn(assigned: ShardAssignments): 'enabled' | 'refused' | 'moved' {
      let outcome: 'enabled' | 'refused' | 'moved' = 'enabled'
      for (const [id, one] of assigned) {
        // Taken from us while we asked.
        if (!held.has(id)) continue
        if (one.enabled) {
          enabled([id])
          continue
        }
        if (one.outOfRange) {
          // Whoever keeps the conduit is about to give it one more.
          logger.info({ shard: id, outOfRange: true }, 'a shard waits until the conduit has so many')
          home.recheck()
        } else logger.warn({ shard: id, code: one.code }, 'Twitch refused a shard')
        outcome = one.outOfRange ? 'moved' : 'refused'
      }
      return outcome
    }

    function enabled(ids: readonly string[]): void {
      enabledAtMs ??= clock.monotonic()
      for (const id of ids) {
        if (held.get(id)?.state === 'enabled') continue
        logger.info({ shard: id, conduit: home.id() }, 'chat is delivered to a shard')
      }
      setStates(ids, 'enabled')
    }

    function someEnabled(): boolean {
      return [...held.values()].some(({ state }) => state === 'enabled')
    }
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
