import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { DonationAccounts, StreamAccount } from '../../persistence/donation-accounts.ts'
import type { DonationStreams, StreamNote } from '../../persistence/donation-streams.ts'
import type { AssignmentRunner, NodeSession, Owned } from '../assignments/assignment-runner.ts'
import { createDonationStream, type DonationStream, type DonationStreamOptions } from './donation-stream.ts'
import { STREAM_STATES, type DonationStreamState, type DonationStreamStatus } from './donation-stream-status.ts'
import type { LiveChannels } from './live-channels.ts'
import { isSameAccount } from './same-account.ts'
import { createNoteStreams } from './note-streams.ts'
import type { WishStandbys } from './wish-standbys.ts'

export interface WatchDonationsOptions extends Omit<DonationStreamOptions, 'account' | 'onChange' | 'isLive'> {
  accounts: Pick<DonationAccounts, 'toStream'>
  rows: Pick<DonationStreams, 'note'>
  session: NodeSession
  live: LiveChannels
  clock: Clock
  logger: Logger
  metrics: Pick<Metrics, 'donationStreams' | 'donationBackoffStreamers'>
  /** Where streams of live channels are to have a second socket on another node. */
  standbys?: WishStandbys
  sweepEveryMs?: { live: number; idle: number }
  noteEveryMs?: number
}

export interface WatchDonations extends AssignmentRunner {
  /** Sends the auditor around. */
  start(): void
  /** Of a stream that runs here, at this moment. */
  status(channelId: string): DonationStreamStatus | undefined
  stop(): Promise<void>
}

/**
 * While few channels are live each is audited twice a minute; one sweep at a time makes it as often as the budget
 * allows where there are more. The others are audited four times an hour.
 */
const SWEEP_EVERY_MS = { live: 30_000, idle: 15 * 60_000 }

/** How often one looks a day back instead of at what is newest. */
const DEEP_SWEEP_EVERY_MS = 60 * 60_000

const TICK_MS = 1_000

/** A channel whose stream is ours. */
interface Hold {
  key: string
  epoch: number
  live: boolean
  /** Grows with each new account: what was asked for an older one is of no interest. */
  turn: number
  /** `null` while its account is read, and where there is none. */
  stream: DonationStream | null
  /** What the stream was begun with. */
  account: StreamAccount | null
  /** When the auditor was last sent, whatever came of it. */
  visit: { atMs: number; deepMs: number }
}

/** Keeps a stream for each connected account that is this node's, and sends the auditor around. */
export function createWatchDonations(options: WatchDonationsOptions): WatchDonations {
  const { clock, logger, metrics, live, standbys, sweepEveryMs = SWEEP_EVERY_MS } = options
  const holds = new Map<string, Hold>()
  const counts = new Map<DonationStreamState, number>()
  const life = new AbortController()
  /** Applications with a sweep under way. */
  const sweeping = new Set<string>()
  /** Streams that are ending: the next one of the same channel follows, and the end of all waits for them. */
  const ending = new Map<string, Promise<void>>()
  let cancelTick = () => {}

  const notes = createNoteStreams({
    ...options,
    describe,
    ...(options.noteEveryMs === undefined ? {} : { everyMs: options.noteEveryMs }),
  })

  for (const state of STREAM_STATES) count(state, 0)

  return {
    kind: 'donations',
    begin(owned) {
      if (life.signal.aborted) return
      for (const { key, epoch, live: wasLive } of owned) {
        const hold = holds.get(key)
        // Ours again under a new epoch, before we heard that it was not: what runs, runs on.
        if (hold) hold.epoch = epoch
        else holds.set(key, newHold(key, epoch, wasLive))
      }
      void bring(liveFirst(owned))
    },
    async end(keys, why) {
      // The last word of a node that stops: the next owner is to know what was put off.
      const noted = why === 'shutdown' ? notes.flush() : undefined
      await Promise.all(
        keys.map((key) => {
          const hold = holds.get(key)
          if (!hold) return Promise.resolve()
          holds.delete(key)
          live.forget(key)
          notes.forget(key)
          standbys?.forget(key)
          return stopStream(hold)
        }),
      )
      await noted
    },
    refresh: (keys) => void compare(keys),
    running: () => new Map([...holds.values()].map(({ key, epoch }) => [key, epoch])),
    // All that the next owner needs is in rows: the position of the stream, and what was put off.
    legacy: () => null,
    start() {
      cancelTick = clock.after(TICK_MS, tick)
    },
    status: (channelId) => holds.get(channelId)?.stream?.status(),
    async stop() {
      life.abort(new AppError('shutting-down'))
      notes.stop()
      cancelTick()
      const held = [...holds.values()]
      holds.clear()
      await Promise.all([...held.map(stopStream), ...ending.values()])
    },
  }

  /** Reads the accounts of these, all together and until the database answers, and begins their streams in this order. */
  async function bring(keys: readonly string[]): Promise<void> {
    const asked = keys.flatMap((key) => {
      const hold = holds.get(key)
      return hold && !hold.stream ? [{ hold, turn: hold.turn }] : []
    })
    const channelIds = asked.map(({ hold }) => hold.key)
    if (channelIds.length === 0) return
    // Whoever was live when somebody last knew is believed to be, until it is known better.
    void live.follow(channelIds, (channelId) => holds.get(channelId)?.live === true)
    const accounts = await readAccounts(channelIds)
    for (const { hold, turn } of asked) {
      const account = accounts.get(hold.key)
      const runIfOurs = () => {
        if (life.signal.aborted || holds.get(hold.key) !== hold || hold.turn !== turn || hold.stream) return
        if (account) run(hold, account)
        else logger.warn({ channelId: hold.key }, 'a donation stream is wanted for a channel without an account')
      }
      const before = ending.get(hold.key)
      if (before) void before.then(runIfOurs)
      else runIfOurs()
    }
  }

  /**
   * Begins those anew whose account is another by now, or that stood still and may not have to any more. The others run
   * on: all rows are looked at whenever the bus comes back, and each socket costs a place in the budget.
   */
  async function compare(keys: readonly string[]): Promise<void> {
    const asked = keys.flatMap((key) => {
      const hold = holds.get(key)
      return hold ? [{ hold, turn: hold.turn }] : []
    })
    const accounts = await readAccounts(asked.map(({ hold }) => hold.key))
    const changed = asked
      .filter(({ hold, turn }) => holds.get(hold.key) === hold && hold.turn === turn)
      .filter(({ hold }) => !isSame(hold, accounts.get(hold.key)))
    await Promise.all(changed.map(({ hold }) => stopStream(hold)))
    await bring(changed.map(({ hold }) => hold.key))
  }

  async function readAccounts(channelIds: readonly string[]): Promise<Map<string, StreamAccount>> {
    for (let failures = 1; !life.signal.aborted; failures++) {
      try {
        const accounts = await options.accounts.toStream(channelIds)
        return new Map(accounts.map((account) => [account.channelId, account]))
      } catch (error) {
        logger.error({ err: error, streams: channelIds.length }, 'donation streams wait for the database')
        await clock.sleep(backoffMs(failures, options.random), life.signal).catch(() => undefined)
      }
    }
    return new Map()
  }

  function run(hold: Hold, account: StreamAccount) {
    hold.visit = { atMs: -Infinity, deepMs: clock.monotonic() }
    const { turn } = hold
    const onChange = (from: DonationStreamState, to: DonationStreamState) => {
      if (hold.turn !== turn || !hold.stream) return
      count(from, -1)
      count(to, 1)
      notes.changed(hold.key)
    }
    const stream = createDonationStream({ ...options, isLive: live.isLive, account, onChange })
    hold.stream = stream
    hold.account = account
    count(stream.status().state, 1)
    notes.changed(hold.key)
  }

  /** From this call on nothing of it is written. */
  function stopStream(hold: Hold): Promise<void> {
    const { stream } = hold
    hold.turn++
    if (!stream) return Promise.resolve()
    hold.stream = null
    count(stream.status().state, -1)
    const { key } = hold
    const stopped = Promise.all([ending.get(key), stream.stop()]).then(() => {
      if (ending.get(key) === stopped) ending.delete(key)
    })
    ending.set(key, stopped)
    return stopped
  }

  function describe(key: string): StreamNote | undefined {
    const hold = holds.get(key)
    if (!hold?.stream) return undefined
    const { state, ...detail } = hold.stream.status()
    return {
      key,
      epoch: hold.epoch,
      state,
      live: hold.live,
      failures: detail.failures,
      retryInMs: hold.stream.retryInMs(),
      lastError: detail.lastError?.code ?? null,
      detail: { ...detail, application: hold.stream.account.application },
    }
  }

  /** One timer for all channels: sends the auditor to whoever has waited longest beyond his time. */
  function tick() {
    if (life.signal.aborted) return
    cancelTick = clock.after(TICK_MS, tick)
    const now = clock.now()
    const mostOverdue = new Map<string, { hold: Hold; overdueMs: number }>()
    for (const hold of holds.values()) {
      if (!hold.stream) continue
      const isLive = live.isLive(hold.key)
      if (isLive !== hold.live) {
        hold.live = isLive
        notes.changed(hold.key)
      }
      const { application } = hold.stream.account
      const { state, lastSweepAt, since } = hold.stream.status()
      // Not before the first one runs; and where that one fails, the second is what it is for.
      if (!isLive) standbys?.wish(hold.key, false)
      else if (state === 'live') standbys?.wish(hold.key, true)
      if (sweeping.has(application) || state === 'needs_reauth' || state === 'backoff' || state === 'catching_up')
        continue
      const everyMs = isLive ? sweepEveryMs.live : sweepEveryMs.idle
      // Where the last visit failed, the others come first all the same.
      const visitedMs = clock.monotonic() - hold.visit.atMs
      const overdueMs = Math.min(now - (lastSweepAt ?? since), visitedMs) - everyMs
      if (overdueMs >= 0 && overdueMs > (mostOverdue.get(application)?.overdueMs ?? -1)) {
        mostOverdue.set(application, { hold, overdueMs })
      }
    }
    void standbys?.write()
    for (const [application, { hold }] of mostOverdue) if (hold.stream) void sweep(application, hold, hold.stream)
  }

  async function sweep(application: string, hold: Hold, stream: DonationStream) {
    const now = clock.monotonic()
    const { deepMs } = hold.visit
    const deep = now - deepMs > DEEP_SWEEP_EVERY_MS
    hold.visit = { atMs: now, deepMs: deep ? now : deepMs }
    sweeping.add(application)
    try {
      await stream.sweep(deep ? 'deep-sweep' : 'sweep')
    } catch (error) {
      logger.error({ err: error, channelId: hold.key }, 'a sweep failed')
    } finally {
      sweeping.delete(application)
    }
  }

  function newHold(key: string, epoch: number, wasLive: boolean): Hold {
    return { key, epoch, live: wasLive, turn: 0, stream: null, account: null, visit: { atMs: -Infinity, deepMs: 0 } }
  }

  function count(state: DonationStreamState, by: 1 | 0 | -1) {
    const now = (counts.get(state) ?? 0) + by
    counts.set(state, now)
    metrics.donationStreams.set({ state }, now)
    if (state === 'backoff') metrics.donationBackoffStreamers.set(now)
  }
}

/** It runs, and for this account. */
function isSame({ stream, account }: Hold, present: StreamAccount | undefined): boolean {
  if (!stream || !account || !present || stream.status().state === 'needs_reauth') return false
  return isSameAccount(account, present)
}

function liveFirst(owned: readonly Owned[]): string[] {
  return owned.toSorted((a, b) => Number(b.live) - Number(a.live)).map(({ key }) => key)
}
