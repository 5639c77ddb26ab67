import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'
import { createDonationStream, type DonationStream, type DonationStreamOptions } from './donation-stream.ts'
import type { DonationAccount, DonationAccounts } from '../persistence/donation-accounts.ts'
import type { DonationStreamState, DonationStreamStatus } from './donation-stream-status.ts'

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
  const lastDeepSweep = new Map<string, number>()
  /** Applications with a sweep under way. */
  const sweeping = new Set<string>()
  let cancelTick = () => {}
  let stopped = false

  const begin = (account: DonationAccount) => {
    if (stopped) return
    streams.set(account.channelId, createDonationStream({ ...options, account, onChange: countStates }))
    countStates()
  }

  const end = async (channelId: string) => {
    const stream = streams.get(channelId)
    streams.delete(channelId)
    lastDeepSweep.delete(channelId)
    await stream?.stop()
    countStates()
  }

  return {
    async start() {
      for (const account of await options.accounts.all()) begin(account)
      cancelTick = clock.after(TICK_MS, tick)
    },
    async connected(channelId, socketToken) {
      await end(channelId)
      const account = await options.accounts.ofChannel(channelId)
      if (!account) return
      await options.positions.begin(account.provider, account.accountId, channelId)
      await options.positions.rememberSocketToken(account.provider, account.accountId, socketToken)
      begin(account)
    },
    async disconnected(channelId) {
      await end(channelId)
      await options.positions.forget(channelId)
    },
    status: (channelId) => streams.get(channelId)?.status(),
    all: () =>
      [...streams.values()].map((stream) => ({
        ...stream.status(),
        channelId: stream.account.channelId,
        source: stream.account.provider,
        application: stream.account.application,
      })),
    async stop() {
      stopped = true
      cancelTick()
      await Promise.all([...streams.keys()].map(end))
    },
  }

  /** One timer for all channels: sends the auditor to whoever has waited longest beyond his time. */
  function tick() {
    if (stopped) return
    cancelTick = clock.after(TICK_MS, tick)
    const now = clock.now()
    const mostOverdue = new Map<string, { stream: DonationStream; overdueMs: number }>()
    for (const stream of streams.values()) {
      const { application, channelId } = stream.account
      const { state, lastSweepAt, since } = stream.status()
      if (sweeping.has(application) || state === 'needs_reauth' || state === 'backoff' || state === 'catching_up')
        continue
      const everyMs = options.isLive(channelId) ? sweepEveryMs.live : sweepEveryMs.idle
      const overdueMs = now - (lastSweepAt ?? since) - everyMs
      if (overdueMs >= 0 && overdueMs > (mostOverdue.get(application)?.overdueMs ?? -1)) {
        mostOverdue.set(application, { stream, overdueMs })
      }
    }
    for (const [application, { stream }] of mostOverdue) void sweep(application, stream)
  }

  async function sweep(application: string, stream: DonationStream) {
    const { channelId } = stream.account
    const deep = clock.monotonic() - (lastDeepSweep.get(channelId) ?? 0) > DEEP_SWEEP_EVERY_MS
    sweeping.add(application)
    try {
      await stream.sweep(deep ? 'catch-up' : 'sweep')
      if (deep) lastDeepSweep.set(channelId, clock.monotonic())
    } catch (error) {
      logger.error({ err: error, channelId }, 'a sweep failed')
    } finally {
      sweeping.delete(application)
    }
  }

  function countStates() {
    const counts: Record<DonationStreamState, number> = {
      off: 0,
      connecting: 0,
      catching_up: 0,
      live: 0,
      backoff: 0,
      needs_reauth: 0,
    }
    for (const stream of streams.values()) counts[stream.status().state]++
    for (const [state, count] of Object.entries(counts)) metrics.donationStreams.set({ state }, count)
    metrics.donationBackoffStreamers.set(counts.backoff)
  }
}
