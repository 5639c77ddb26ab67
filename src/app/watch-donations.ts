import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'
import { createDonationStream, type DonationStream, type DonationStreamOptions } from './donation-stream.ts'
import type { DonationAccount, DonationAccounts } from '../persistence/donation-accounts.ts'
import { STREAM_STATES, type DonationStreamState, type DonationStreamStatus } from './donation-stream-status.ts'

export interface WatchDonationsOptions extends Omit<DonationStreamOptions, 'account' | 'onChange'> {
  accounts: DonationAccounts
  clock: Clock
  logger: Logger
  metrics: Pick<Metrics, 'donationStreams' | 'donationBackoffStreamers'>
  sweepEveryMs?: { live: number; idle: number }
}

export interface WatchDonations {
  /** Brings all streams back. Resolves when each has begun, which says nothing of the platform. */
  start(): Promise<void>
  /** A channel connected an account, or connected it again. */
  connected(channelId: string, socketToken: string): Promise<void>
  /** A channel disconnected its account. Resolves when nothing of it is under way any more. */
  disconnected(channelId: string): Promise<void>
  status(channelId: string): DonationStreamStatus | undefined
  all(): Array<DonationStreamStatus & { channelId: string; source: DonationAccount['provider']; application: string }>
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

/** Keeps a stream for each connected account of this node, and sends the auditor around. */
export function createWatchDonations(options: WatchDonationsOptions): WatchDonations {
  const { clock, logger, metrics, sweepEveryMs = SWEEP_EVERY_MS } = options
  const streams = new Map<string, DonationStream>()
  /** What was last asked for a channel: two connections at once, or a connection and its end, follow each other. */
  const turns = new Map<string, Promise<void>>()
  /** When the auditor was last sent to a channel, whatever came of it. */
  const lastVisit = new Map<string, { atMs: number; deepMs: number }>()
  const counts = new Map<DonationStreamState, number>()
  const life = new AbortController()
  /** Applications with a sweep under way. */
  const sweeping = new Set<string>()
  let cancelTick = () => {}

  const begin = (account: DonationAccount) => {
    const { channelId } = account
    if (life.signal.aborted || streams.has(channelId)) return
    const now = clock.monotonic()
    lastVisit.set(channelId, { atMs: -Infinity, deepMs: now })
    const onChange = (from: DonationStreamState, to: DonationStreamState) => {
      if (streams.get(channelId) !== stream) return
      count(from, -1)
      count(to, 1)
    }
    const stream = createDonationStream({ ...options, account, onChange })
    streams.set(channelId, stream)
    count(stream.status().state, 1)
  }

  const end = async (channelId: string) => {
    const stream = streams.get(channelId)
    await stream?.stop()
    if (!stream || streams.get(channelId) !== stream) return
    streams.delete(channelId)
    lastVisit.delete(channelId)
    count(stream.status().state, -1)
  }

  /** After what is under way for the channel, and until it succeeds: nobody will ask a second time. */
  const inTurn = (channelId: string, work: () => Promise<void>): Promise<void> => {
    const turn = (turns.get(channelId) ?? Promise.resolve()).then(() => insist(channelId, work))
    turns.set(channelId, turn)
    return turn.finally(() => {
      if (turns.get(channelId) === turn) turns.delete(channelId)
    })
  }

  const insist = async (channelId: string, work: () => Promise<void>) => {
    for (let failures = 1; !life.signal.aborted; failures++) {
      try {
        return await work()
      } catch (error) {
        logger.error({ err: error, channelId }, 'a connected or disconnected account waits for the database')
        await clock.sleep(backoffMs(failures, options.random), life.signal).catch(() => undefined)
      }
    }
  }

  for (const state of STREAM_STATES) count(state, 0)

  return {
    async start() {
      for (const account of await options.accounts.all()) begin(account)
      cancelTick = clock.after(TICK_MS, tick)
    },
    connected: (channelId, socketToken) =>
      inTurn(channelId, async () => {
        await end(channelId)
        const account = await options.accounts.ofChannel(channelId)
        if (!account) return
        await options.positions.begin(account.provider, account.accountId, channelId)
        await options.positions.rememberSocketToken(account.provider, account.accountId, socketToken)
        begin(account)
      }),
    disconnected: (channelId) =>
      inTurn(channelId, async () => {
        await end(channelId)
        await options.positions.forget(channelId)
      }),
    status: (channelId) => streams.get(channelId)?.status(),
    all: () =>
      [...streams.values()].map((stream) => ({
        ...stream.status(),
        channelId: stream.account.channelId,
        source: stream.account.provider,
        application: stream.account.application,
      })),
    async stop() {
      life.abort(new AppError('shutting-down'))
      cancelTick()
      await Promise.all([...streams.keys()].map(end))
    },
  }

  /** One timer for all channels: sends the auditor to whoever has waited longest beyond his time. */
  function tick() {
    if (life.signal.aborted) return
    cancelTick = clock.after(TICK_MS, tick)
    const now = clock.now()
    const mostOverdue = new Map<string, { stream: DonationStream; overdueMs: number }>()
    for (const stream of streams.values()) {
      const { application, channelId } = stream.account
      const { state, lastSweepAt, since } = stream.status()
      if (sweeping.has(application) || state === 'needs_reauth' || state === 'backoff' || state === 'catching_up')
        continue
      const everyMs = options.isLive(channelId) ? sweepEveryMs.live : sweepEveryMs.idle
      // Where the last visit failed, the others come first all the same.
      const visitedMs = clock.monotonic() - (lastVisit.get(channelId)?.atMs ?? -Infinity)
      const overdueMs = Math.min(now - (lastSweepAt ?? since), visitedMs) - everyMs
      if (overdueMs >= 0 && overdueMs > (mostOverdue.get(application)?.overdueMs ?? -1)) {
        mostOverdue.set(application, { stream, overdueMs })
      }
    }
    for (const [application, { stream }] of mostOverdue) void sweep(application, stream)
  }

  async function sweep(application: string, stream: DonationStream) {
    const { channelId } = stream.account
    const now = clock.monotonic()
    const lastDeepMs = lastVisit.get(channelId)?.deepMs ?? now
    const deep = now - lastDeepMs > DEEP_SWEEP_EVERY_MS
    lastVisit.set(channelId, { atMs: now, deepMs: deep ? now : lastDeepMs })
    sweeping.add(application)
    try {
      await stream.sweep(deep ? 'deep-sweep' : 'sweep')
    } catch (error) {
      logger.error({ err: error, channelId }, 'a sweep failed')
    } finally {
      sweeping.delete(application)
    }
  }

  function count(state: DonationStreamState, by: 1 | 0 | -1) {
    const now = (counts.get(state) ?? 0) + by
    counts.set(state, now)
    metrics.donationStreams.set({ state }, now)
    if (state === 'backoff') metrics.donationBackoffStreamers.set(now)
  }
}
