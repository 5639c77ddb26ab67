import { backoffMs } from '../../base/backoff.ts'
import { AppError, hasCode } from '../../base/errors.ts'
import type { StreamAccount } from '../../persistence/donation-accounts.ts'
import { createDonationIntake } from './donation-intake.ts'
import type { DonationStreamOptions } from './donation-stream.ts'
import { openDonationSocket } from './open-donation-socket.ts'

export type StandbySocketOptions = Omit<DonationStreamOptions, 'account' | 'onChange' | 'isLive' | 'donations'> & {
  account: StreamAccount
  onConnected(connected: boolean): void
}

export interface StandbySocket {
  readonly account: StreamAccount
  /** It has given up: only the streamer can help. */
  hasEnded(): boolean
  /** Ends the socket; resolves when nothing of it is under way. */
  stop(): Promise<void>
}

/** Where the first socket has no token for the platform's socket yet, there is nothing to stand by for. */
const LOOK_AGAIN_MS = 15_000

/**
 * A second socket of an account, beside the stream that another node runs: whatever is pushed goes through the same door.
 * It moves the shared position only over what it has seen without a hole, never reads back, and asks for nothing but the
 * signature of its connection: what it misses is the stream's affair.
 */
export function createStandbySocket(options: StandbySocketOptions): StandbySocket {
  const { account, source, budget, positions, clock, random, logger, onConnected } = options
  const { provider, accountId, channelId, application } = account
  const life = new AbortController()
  const { signal } = life
  let ended = false
  const finished = keepRunning().finally(() => (ended = true))

  return {
    account,
    hasEnded: () => ended,
    async stop() {
      life.abort(new AppError('shutting-down'))
      await finished
    },
  }

  async function keepRunning(): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      const began = clock.monotonic()
      let waitMs = LOOK_AGAIN_MS
      try {
        const connected = await connect()
        if (clock.monotonic() - began > (options.stableAfterMs ?? STABLE_AFTER_MS)) failures = 0
        if (connected) waitMs = backoffMs(++failures, random)
      } catch (error) {
        if (signal.aborted) return
        // The stream says so to the streamer, and a new account comes with a new socket.
        if (hasCode(error, 'needs-reauth', 'missing-scope')) return
        waitMs = backoffMs(++failures, random)
        logger.info({ err: error, channelId, waitMs }, 'a second donation socket could not be opened')
      }
      await clock.sleep(waitMs, signal).catch(() => undefined)
    }
  }

  /** From dial to close. @returns false where there was nothing to dial with. */
  async function connect(): Promise<boolean> {
    const { position, socketToken } = await positions.read(provider, accountId)
    if (socketToken === null) return false
    const connection = new AbortController()
    const endConnection = () => connection.abort(signal.reason)
    signal.addEventListener('abort', endConnection, { once: true })
    const intake = createDonationIntake({
      position,
      clock,
      signal,
      receive: (request) => options.receive({ channelId, provider, accountId, ...request }),
      // Its own place only: what lies between is recovered by the stream, and its position says so.
      jump: async () => undefined,
      onGap: () => undefined,
      onOverflow: () => connection.abort(new AppError('unavailable', { message: 'more arrives than can be stored' })),
      onError: (error) => logger.error({ err: error, channelId }, 'donations wait for the database'),
    })
    try {
      const { socket, subscribed } = await openDonationSocket({
        source,
        accountId,
        socketToken,
        position: intake.position,
        signal: connection.signal,
        pay: (request) => budget.spend(application, 'standby', request, connection.signal),
        sign: (client, pay) =>
          options.withToken(account, (accessToken) =>
            pay(() => source.signSubscription({ accessToken, accountId, client, signal: connection.signal })),
          ),
        onSubscribed: intake.subscribed,
        onPublication: intake.push,
      })
      void subscribed.then((ok) => ok && onConnected(true))
      const end = await socket.closed
      if (!signal.aborted)
        logger.info({ channelId, why: end.why, closeCode: end.code }, 'a second donation socket ended')
      await intake.idle()
      return true
    } finally {
      onConnected(false)
      intake.close()
      signal.removeEventListener('abort', endConnection)
    }
  }
}

/** As of the stream itself: a platform that closes at once must not spend the budget. */
const STABLE_AFTER_MS = 30_000
