import { backoffMs, fullJitterMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { AppError, hasCode } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { DonationAccount } from '../persistence/donation-accounts.ts'
import type { DonationPositions } from '../persistence/donation-positions.ts'
import type { Donations } from '../persistence/donations.ts'
import type { DonationSocket, DonationSource, SocketEnd } from '../platforms/donation-source.ts'
import { createDonationIntake, type DonationIntake } from './donation-intake.ts'
import { createStreamFacts, failureType, type DonationStreamStatus } from './donation-stream-status.ts'
import { openDonationSocket } from './open-donation-socket.ts'
import { readBack, type ReadBackMode } from './read-back.ts'
import type { ReceiveDonation } from './receive-donation.ts'
import type { Budget, Priority } from './spend-budget.ts'

export interface DonationStreamOptions {
  account: DonationAccount
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
  logger: Logger
  onChange(): void
}

export interface DonationStream {
  readonly account: DonationAccount
  status(): DonationStreamStatus
  /** Asks the history for what no push told of. Does nothing while the streamer is in backoff or must connect again. */
  sweep(mode: 'sweep' | 'catch-up'): Promise<void>
  /** Ends the socket and everything under way; resolves when what was taken is stored. */
  stop(): Promise<void>
}

/** A connection that lived this long was a success, however it ended. */
const STABLE_MS = 30_000

/** Connections in a row that ended over an answer that could not be read, before recovery is given up for reading back. */
const MAX_UNREADABLE = 3

/** Where the platform does not want us back (3012, repeated refusals) we ask again, but rarely. */
const UNWELCOME_MS = 5 * 60_000

/** Keeps one account's donations coming: socket, recovery, and the history after a gap. One loop, one failure counter. */
export function createDonationStream(options: DonationStreamOptions): DonationStream {
  const { account, source, budget, positions, clock, random, logger } = options
  const life = new AbortController()
  const { signal } = life
  const facts = createStreamFacts(clock, options.onChange)
  const { seen } = facts
  let socketToken: string | null = null
  let socketFailures = 0
  let reading: Promise<void> | null = null
  let readingAgain: ReadBackMode | null = null
  const finished = run().catch((error: unknown) => {
    if (!signal.aborted)
      logger.error({ err: error, channelId: account.channelId }, 'a donation stream ended by mistake')
  })

  return {
    account,
    status: facts.status,
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

  async function run() {
    const progress = await untilDatabase(async () => {
      await positions.begin(account.provider, account.accountId, account.channelId)
      return positions.read(account.provider, account.accountId)
    })
    socketToken = progress.socketToken
    seen.lastPushAt = progress.lastPushAt?.getTime() ?? null
    seen.lastSweepAt = progress.lastSweepAt?.getTime() ?? null
    let position = progress.position
    let unreadable = 0
    let owed: ReadBackMode | null = progress.baselineMissing ? 'baseline' : progress.gap ? 'catch-up' : null

    while (!signal.aborted) {
      const connection = new AbortController()
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
        const { socket, subscribed } = await open(intake)
        const began = clock.monotonic()
        const stopSocket = () => socket.close()
        const either = AbortSignal.any([signal, connection.signal])
        either.addEventListener('abort', stopSocket, { once: true })
        if (either.aborted) stopSocket()
        void subscribed.then((ok) => {
          if (!ok) return
          seen.failures = 0
          facts.set({ subscribed: true })
          if (owed) void read(owed, intake)
          owed = null
        })
        const end = await socket.closed
        facts.set({ subscribed: false })
        either.removeEventListener('abort', stopSocket)
        if (clock.monotonic() - began > STABLE_MS) socketFailures = 0
        await intake.idle()
        position = intake.position()
        unreadable = end.why === 'protocol' ? unreadable + 1 : 0
        if (unreadable >= MAX_UNREADABLE) {
          // The same answer would end every connection alike: begin at now, and let the history tell the rest.
          position = null
          owed = 'catch-up'
          unreadable = 0
        }
        if (signal.aborted) return
        await afterEnd(end)
      } catch (error) {
        if (signal.aborted) return
        if (!(await afterFailure(error))) return
      }
    }
  }

  async function open(intake: DonationIntake): Promise<{ socket: DonationSocket; subscribed: Promise<boolean> }> {
    if (socketToken === null) {
      socketToken = (await ask(subscribePriority, (accessToken) => source.profile(accessToken, signal))).socketToken
      await positions.rememberSocketToken(account.provider, account.accountId, socketToken).catch(() => undefined)
    }
    const { accountId } = account
    return openDonationSocket({
      source,
      accountId,
      socketToken,
      position: intake.position,
      pay: (request) => budget.spend(account.application, subscribePriority, request, signal),
      sign: (client, pay) =>
        options.withToken(account, (accessToken) =>
          pay(() => timed(() => source.signSubscription({ accessToken, accountId, client, signal }))),
        ),
      onSubscribed: intake.subscribed,
      onPublication(publication) {
        seen.lastPushAt = clock.now()
        intake.push(publication)
      },
    })
  }

  /** Reads the history back; one reading at a time, a second wish waits for the first to end. */
  async function read(mode: ReadBackMode, intake?: DonationIntake): Promise<void> {
    if (reading) {
      if (mode !== 'sweep') readingAgain = mode
      return
    }
    if (mode !== 'sweep') facts.set({ catchingUp: true })
    reading = readUntilDone(mode, intake).finally(() => {
      reading = null
      facts.set({ catchingUp: false })
      const again = readingAgain
      readingAgain = null
      if (again && !signal.aborted) void read(again, intake)
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
        if (mode === 'sweep') await positions.noteSweep(account.provider, account.accountId)
        else await positions.closeGap(account.provider, account.accountId)
        seen.lastSweepAt = clock.now()
        seen.failures = 0
        intake?.settleHoles(upTo)
        return
      } catch (error) {
        // The auditor comes back by itself; what is owed is insisted on.
        if (signal.aborted || !(await afterFailure(error)) || mode === 'sweep') return
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
      seen.lastResponseMs = Math.round(clock.monotonic() - began)
    }
  }

  async function afterEnd(end: SocketEnd): Promise<void> {
    if (end.dropSocketToken) {
      socketToken = null
      await positions.rememberSocketToken(account.provider, account.accountId, null).catch(() => undefined)
    }
    socketFailures++
    facts.failed(end.why)
    const waitMs = end.reconnect ? fullJitterMs(socketFailures, random) : UNWELCOME_MS * (0.5 + random() / 2)
    const level = end.reconnect ? 'info' : 'error'
    logger[level](
      { channelId: account.channelId, closeCode: end.code, why: end.why, waitMs, err: end.cause },
      end.reconnect
        ? 'donation socket ended, reconnecting'
        : 'the platform ended a donation socket and does not want it back soon',
    )
    await clock.sleep(waitMs, signal).catch(() => undefined)
  }

  /** @returns false where only the streamer can help. */
  async function afterFailure(error: unknown): Promise<boolean> {
    const code = error instanceof AppError ? error.code : 'internal'
    facts.failed(code, failureType(code))
    if (hasCode(error, 'needs-reauth', 'missing-scope')) {
      facts.set({ needsReauth: true })
      logger.warn(
        { channelId: account.channelId, problem: code },
        'donations stand still until the streamer connects the account again',
      )
      return false
    }
    // A closed budget is the application's affair: waiting for it is no failure of this streamer.
    const closedUntil = budget.closedUntil(account.application)
    const waitMs =
      code === 'platform-rate-limit' && closedUntil !== null
        ? Math.max(0, closedUntil - clock.now())
        : backoffMs(++seen.failures, random)
    facts.set({ backoffUntil: clock.now() + waitMs })
    logger.warn(
      { err: error, channelId: account.channelId, problem: code, failures: seen.failures, waitMs },
      'a donation request failed, backing off',
    )
    await clock.sleep(waitMs, signal).catch(() => undefined)
    facts.set({ backoffUntil: null })
    return !signal.aborted
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
  return mode === 'baseline' ? 'onboarding' : mode
}
