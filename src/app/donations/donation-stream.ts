import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { DonationAccount, StreamAccount } from '../../persistence/donation-accounts.ts'
import type { DonationPositions } from '../../persistence/donation-positions.ts'
import type { Donations } from '../../persistence/donations.ts'
import type { DonationSocket, DonationSource } from '../../platforms/donation-source.ts'
import { createDonationIntake, type DonationIntake } from './donation-intake.ts'
import { createStreamFacts, type DonationStreamState, type DonationStreamStatus } from './donation-stream-status.ts'
import { openDonationSocket } from './open-donation-socket.ts'
import { readBack, type ReadBackMode } from './read-back.ts'
import type { ReceiveDonation } from './receive-donation.ts'
import type { Budget, Priority } from './spend-budget.ts'
import { createStreamPatience } from './stream-patience.ts'

export interface DonationStreamOptions {
  /** With what it owes to earlier failures, on whichever node: a new owner hurries nobody in backoff. */
  account: StreamAccount
  source: DonationSource
  budget: Budget
  positions: DonationPositions
  donations: Pick<Donations, 'known'>
  receive: ReceiveDonation
  /** Runs a request with a valid access token; refreshes once where it is refused. */
  withToken<T>(account: DonationAccount, use: (accessToken: string) => Promise<T>): Promise<T>
  isLive(channelId: string): boolean
  clock: Clock
  random: () => number
  /** A connection that lived this long was a success, however it ended. */
  stableAfterMs?: number
  logger: Logger
  /** Anything of its status changed; the state with it where the two differ. */
  onChange(from: DonationStreamState, to: DonationStreamState): void
}

export interface DonationStream {
  readonly account: DonationAccount
  status(): DonationStreamStatus
  /** Until it asks the platform again, where that is put off after failures. */
  retryInMs(): number | null
  /**
   * Asks the history once for what no push told of; never rejects. Does nothing while the streamer is in backoff or
   * must connect again.
   */
  sweep(mode: 'sweep' | 'deep-sweep'): Promise<void>
  /** Ends the socket and everything under way; resolves when what was taken is stored. */
  stop(): Promise<void>
}

/** Each attempt costs a request of the budget: a platform that closes again at once must not spend it. */
const STABLE_AFTER_MS = 30_000

/** Connections in a row that ended over an answer that could not be read, before recovery is given up for reading back. */
const MAX_UNREADABLE = 3

/** Keeps one account's donations coming: socket, recovery, and the history after a gap. One loop, one failure counter. */
export function createDonationStream(options: DonationStreamOptions): DonationStream {
  const { account, source, budget, positions, clock, random, logger } = options
  const life = new AbortController()
  const { signal } = life
  const facts = createStreamFacts(clock, options.onChange)
  const { seen } = facts
  let socketToken: string | null = null
  const patience = createStreamPatience({ account, facts, budget, clock, random, logger, signal })
  let reading: Promise<void> | null = null
  /** What was wished for while a reading was under way. */
  let next: { mode: ReadBackMode; intake: DonationIntake | undefined } | null = null
  const finished = keepRunning()

  return {
    account,
    status: facts.status,
    retryInMs() {
      const at = facts.nextAttemptAt()
      return at === null ? null : Math.max(0, at - clock.now())
    },
    async sweep(mode) {
      if (['needs_reauth', 'backoff'].includes(facts.state()) || reading) return
      await read(mode)
    },
    async stop() {
      life.abort(new AppError('shutting-down'))
      await finished
      await reading
    },
  }

  /** A mistake of ours in one stream costs this streamer a moment, and nobody else anything. */
  async function keepRunning() {
    await patience.untilItsTurn()
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        return await run()
      } catch (error) {
        if (signal.aborted) return
        logger.error({ err: error, channelId: account.channelId }, 'a donation stream ended by mistake and begins anew')
        await clock.sleep(backoffMs(failures, random), signal).catch(() => undefined)
      }
    }
  }

  async function run() {
    const progress = await untilDatabase(async () => {
      await positions.begin(account.provider, account.accountId, account.channelId)
      return positions.read(account.provider, account.accountId)
    })
    socketToken = progress.socketToken
    facts.saw({
      lastPushAt: progress.lastPushAt?.getTime() ?? null,
      lastSweepAt: progress.lastSweepAt?.getTime() ?? null,
    })
    let position = progress.position
    let unreadable = 0
    let owed: ReadBackMode | null = progress.baselineMissing ? 'baseline' : progress.gap ? 'catch-up' : null

    while (!signal.aborted) {
      // Everything of one connection ends with it; nothing of it may hang on the stream's own signal for ever.
      const connection = new AbortController()
      const endConnection = () => connection.abort(signal.reason)
      signal.addEventListener('abort', endConnection, { once: true })
      const intake = createDonationIntake({
        position,
        clock,
        signal,
        receive: (request) => options.receive({ ...target(), ...request }),
        jump: (place, gap) => positions.jump(account.provider, account.accountId, place, gap),
        onGap: () => void read('catch-up', intake),
        onOverflow: () => connection.abort(new AppError('unavailable', { message: 'more arrives than can be stored' })),
        onError: (error) =>
          logger.error({ err: error, channelId: account.channelId }, 'donations wait for the database'),
      })
      try {
        const { socket, subscribed } = await open(intake, connection.signal)
        const began = clock.monotonic()
        void subscribed.then((ok) => {
          if (!ok) return
          facts.saw({ failures: 0 })
          facts.set({ subscribed: true })
          if (owed) void read(owed, intake)
          owed = null
        })
        const end = await socket.closed
        facts.set({ subscribed: false })
        if (clock.monotonic() - began > (options.stableAfterMs ?? STABLE_AFTER_MS)) patience.wasStable()
        await intake.idle()
        intake.close()
        position = intake.position()
        unreadable = end.why === 'protocol' ? unreadable + 1 : 0
        if (unreadable >= MAX_UNREADABLE) {
          // The same answer would end every connection alike: begin at now, and let the history tell the rest.
          position = null
          owed = 'catch-up'
          unreadable = 0
          await untilDatabase(() => positions.openGap(account.provider, account.accountId))
        }
        if (signal.aborted) return
        if (end.dropSocketToken) await rememberSocketToken(null)
        await patience.afterEnd(end)
      } catch (error) {
        if (signal.aborted) return
        if (!(await patience.afterFailure(error))) return
      } finally {
        intake.close()
        signal.removeEventListener('abort', endConnection)
      }
    }
  }

  async function open(
    intake: DonationIntake,
    ends: AbortSignal,
  ): Promise<{ socket: DonationSocket; subscribed: Promise<boolean> }> {
    if (socketToken === null) {
      const profile = await ask(subscribePriority, (accessToken) => source.profile(accessToken, signal))
      await rememberSocketToken((socketToken = profile.socketToken))
    }
    const { accountId } = account
    return openDonationSocket({
      source,
      accountId,
      socketToken,
      position: intake.position,
      signal: ends,
      pay: (request) => budget.spend(account.application, subscribePriority, request, ends),
      sign: (client, pay) =>
        options.withToken(account, (accessToken) =>
          pay(() => timed(() => source.signSubscription({ accessToken, accountId, client, signal: ends }))),
        ),
      onSubscribed: intake.subscribed,
      onPublication(publication) {
        facts.saw({ lastPushAt: clock.now() })
        intake.push(publication)
      },
    })
  }

  /** Reads the history back; one reading at a time, a second wish waits for the first to end. */
  async function read(mode: ReadBackMode, intake?: DonationIntake): Promise<void> {
    if (reading) {
      // A first reading that waits is not given up for a mere gap: it closes both.
      if (isOwed(mode)) next = { mode: next?.mode === 'baseline' ? 'baseline' : mode, intake }
      return
    }
    if (isOwed(mode)) facts.set({ catchingUp: true })
    reading = readUntilDone(mode, intake).finally(() => {
      reading = null
      facts.set({ catchingUp: false })
      const wish = next
      next = null
      if (wish && !signal.aborted) void read(wish.mode, wish.intake)
    })
    await reading
  }

  async function readUntilDone(mode: ReadBackMode, intake: DonationIntake | undefined): Promise<void> {
    while (!signal.aborted) {
      const upTo = intake?.highest() ?? 0
      try {
        await readBack({
          mode,
          watermark: seen.lastSweepAt,
          page: (page) =>
            ask(readPriority(mode), (accessToken) =>
              source.donationsPage({ accessToken, accountId: account.accountId, page, signal }),
            ),
          known: (ids) => options.donations.known(account.provider, account.accountId, ids),
          receive: (request) => options.receive({ ...target(), ...request }),
        })
        if (isOwed(mode)) await positions.closeGap(account.provider, account.accountId)
        else await positions.noteSweep(account.provider, account.accountId)
        facts.saw({ lastSweepAt: clock.now(), failures: 0 })
        intake?.settleHoles(upTo)
        return
      } catch (error) {
        if (signal.aborted) return
        const passed = patience.afterFailure(error)
        // The auditor comes back by itself, and others wait for him meanwhile; what is owed is insisted on.
        if (!isOwed(mode) || !(await passed)) return
      }
    }
  }

  /** A request that is paid from the application's budget and made with a valid token. */
  function ask<T>(priority: Priority | (() => Priority), request: (accessToken: string) => Promise<T>): Promise<T> {
    return options.withToken(account, (accessToken) =>
      budget.spend(account.application, priority, () => timed(() => request(accessToken)), signal),
    )
  }

  async function timed<T>(request: () => Promise<T>): Promise<T> {
    const began = clock.monotonic()
    try {
      return await request()
    } finally {
      facts.saw({ lastResponseMs: Math.round(clock.monotonic() - began) })
    }
  }

  async function rememberSocketToken(token: string | null): Promise<void> {
    socketToken = token
    await positions.rememberSocketToken(account.provider, account.accountId, token).catch(() => undefined)
  }

  async function untilDatabase<T>(read: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await read()
      } catch (error) {
        if (signal.aborted) throw error
        logger.error({ err: error, channelId: account.channelId }, 'a donation stream waits for the database')
        await clock.sleep(backoffMs(failures, random), signal)
      }
    }
  }

  function subscribePriority(): Priority {
    return options.isLive(account.channelId) ? 'live-subscribe' : 'onboarding'
  }

  function target() {
    return { channelId: account.channelId, provider: account.provider, accountId: account.accountId }
  }
}

function readPriority(mode: ReadBackMode): Priority {
  if (mode === 'baseline') return 'onboarding'
  return mode === 'catch-up' ? 'catch-up' : 'sweep'
}

/** Without these something may be missing; the auditor's readings only make sure. */
function isOwed(mode: ReadBackMode): boolean {
  return mode === 'baseline' || mode === 'catch-up'
}
