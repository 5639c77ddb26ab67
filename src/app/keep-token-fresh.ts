import type { Clock } from '../base/clock.ts'
import { AppError, hasCode } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { newSecret } from '../base/secret-box.ts'
import type { Account, Accounts, Provider } from '../persistence/accounts.ts'
import type { OAuthProvider, TokenPair } from '../platforms/oauth-provider.ts'

/** Runs one request when its application may send it. */
export type PayFor = <T>(application: string, request: () => Promise<T>) => Promise<T>

export interface TokenKeeper {
  /**
   * Calls `use` with an access token that should be good. Where the platform refuses it (`platform-auth`), the token is
   * refreshed, once in the whole cluster, and `use` is called a second time; `use` must bear that.
   *
   * @throws AppError `needs-reauth` where only the person can help: no account, or the platform refused the refresh.
   * Whatever may pass (`platform-network`, `platform-server`, …) is thrown as it came and costs nobody their sign-in.
   */
  withToken<T>(accountId: string, use: (accessToken: string) => Promise<T>): Promise<T>
}

export interface TokenKeeperOptions {
  accounts: Accounts
  providers: Record<Provider, OAuthProvider>
  /** Where a platform counts our requests, refreshes take their place in the line. */
  payFor?: Partial<Record<Provider, PayFor>>
  clock: Clock
  logger: Logger
  nodeId: string
  /** The person had been asked to connect again, and need not: a pair came late. */
  onRevived?: (account: Pick<Account, 'userId' | 'provider'>) => void
  /** Ends waiting, at shutdown. A pair that was already refreshed is still stored. */
  signal?: AbortSignal
}

/** The platforms answer within 10 s or are given up on; the rest is for two statements on a busy database. */
const LEASE_MS = 20_000

/** A token that ends this soon may be dead when the request arrives. */
const EXPIRES_SOON_MS = 60_000

/** How often we look whether another node has finished its refresh. It takes about one round trip to the platform. */
const LOOK_EVERY_MS = 100

/** Longer than a lease: whoever waits sees either its result or its end. */
const WAIT_FOR_OTHERS_MS = 25_000

/** A restart or a fail-over of the database takes less. */
const STORE_FOR_MS = 120_000
const STORE_AGAIN_MS = 1_000
const STORE_TRIES_AT_THE_END = 3

export function createTokenKeeper(options: TokenKeeperOptions): TokenKeeper {
  const { accounts, providers, payFor = {}, clock, logger, nodeId, signal } = options
  const refreshing = new Map<string, Promise<Account>>()

  return {
    async withToken(accountId, use) {
      const stored = usable(await accounts.find(accountId))
      const account = expiresSoon(stored) ? await refresh(stored) : stored
      try {
        return await use(account.accessToken)
      } catch (error) {
        if (!hasCode(error, 'platform-auth')) throw error
      }
      const fresh = await refresh(account)
      try {
        return await use(fresh.accessToken)
      } catch (error) {
        if (hasCode(error, 'platform-auth')) await refuse(fresh, 'a fresh token was refused')
        throw error
      }
    },
  }

  function usable(account: Account | null): Account {
    if (!account) throw new AppError('needs-reauth', { why: 'no account' })
    if (account.state === 'needs_reauth') throw new AppError('needs-reauth', { why: 'refused before' })
    return account
  }

  function expiresSoon({ expiresInMs }: Account): boolean {
    return expiresInMs !== null && expiresInMs < EXPIRES_SOON_MS
  }

  /** Newer tokens than `old`, from whoever gets them first. Callers of this node share one attempt. */
  function refresh(old: Account): Promise<Account> {
    const key = `${old.id} ${old.version}`
    let attempt = refreshing.get(key)
    if (!attempt) {
      attempt = refreshAnywhere(old).finally(() => refreshing.delete(key))
      refreshing.set(key, attempt)
    }
    return attempt
  }

  async function refreshAnywhere(old: Account): Promise<Account> {
    const deadline = clock.monotonic() + WAIT_FOR_OTHERS_MS
    let lost: AppError | undefined
    for (;;) {
      const present = usable(await accounts.find(old.id))
      if (present.version !== old.version) return present
      if (present.refreshToken === null) return refuse(present, 'no refresh token')
      try {
        const fresh = await refreshHere(present)
        if (fresh) return fresh
      } catch (error) {
        // The request may have reached the platform and rotated the pair. The old refresh token tells: where it still
        // works, nothing happened; where it is refused, the new pair is lost for good.
        if (!hasCode(error, 'platform-network') || lost) throw error
        lost = error
        continue
      }
      if (clock.monotonic() >= deadline) {
        throw new AppError('unavailable', { message: 'Another node’s refresh of a token did not end.' })
      }
      await clock.sleep(LOOK_EVERY_MS, signal)
    }
  }

  /** `null` where another holds the lease, or was faster. */
  async function refreshHere(seen: Account): Promise<Account | null> {
    // Finding out once more that somebody is at it is worth no place in the line.
    if (seen.refreshing) return null
    const job = async (): Promise<Account | null> => {
      // Taken only now: waiting for a place must not eat up the lease.
      const holder = `${nodeId} ${newSecret()}`
      const account = await accounts.leaseRefresh(seen, holder, LEASE_MS)
      return account && refreshUnderLease(account, holder)
    }
    const pay = payFor[seen.provider]
    return pay ? pay(seen.application, job) : job()
  }

  async function refreshUnderLease(account: Account, holder: string): Promise<Account> {
    const { id, provider, application, refreshToken } = account
    if (refreshToken === null) return refuse(account, 'no refresh token')
    let pair: TokenPair
    try {
      pair = await providers[provider].refresh({ application, refreshToken })
    } catch (error) {
      if (hasCode(error, 'platform-auth')) {
        return refuse(account, account.refreshLostAt ? 'an earlier answer was lost' : 'refused by the platform')
      }
      const lost = hasCode(error, 'platform-network', 'platform-server', 'platform-invalid')
      await accounts.endRefresh(account, holder, { lost }).catch(() => undefined)
      throw error
    }
    // Before anybody uses it: a pair that is used and then lost with this process is lost for good.
    await store(account, pair)
    logger.info({ accountId: id, provider }, 'a token was refreshed')
    return usable(await accounts.find(id))
  }

  /** The old pair is dead already, and this one exists nowhere else: a database that is away for a while is waited for. */
  async function store(account: Account, pair: TokenPair): Promise<void> {
    const deadline = clock.monotonic() + STORE_FOR_MS
    for (let triesAtTheEnd = 0; ;) {
      try {
        const { revived } = await accounts.storeRefreshed(account, pair)
        if (revived) options.onRevived?.(account)
        return
      } catch (error) {
        if (signal?.aborted) triesAtTheEnd++
        const over = clock.monotonic() >= deadline || triesAtTheEnd > STORE_TRIES_AT_THE_END
        if (over || !hasCode(error, 'unavailable')) {
          logger.error({ err: error, accountId: account.id, provider: account.provider }, 'a refreshed token was lost')
          throw error
        }
        await clock.sleep(STORE_AGAIN_MS)
      }
    }
  }

  async function refuse(account: Account, why: string): Promise<Account> {
    const refused = await accounts.setState(account, 'needs_reauth')
    if (!refused) return usable(await accounts.find(account.id))
    logger.warn({ accountId: account.id, provider: account.provider, why }, 'an account must be connected again')
    throw new AppError('needs-reauth', { why })
  }
}
