import type { Clock } from '../base/clock.ts'
import { hasCode } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Accounts } from '../persistence/accounts.ts'
import type { Sessions } from '../persistence/sessions.ts'
import type { TokenKeeper } from './keep-token-fresh.ts'

export interface ValidateTwitchTokensOptions {
  accounts: Pick<Accounts, 'takeDueForValidation' | 'putOffValidation'>
  sessions: Pick<Sessions, 'endAllOf'>
  keeper: TokenKeeper
  /** Rejects with `platform-auth` where the token is dead. */
  validate: (accessToken: string) => Promise<unknown>
  clock: Clock
  logger: Logger
  /** Ends the work, at shutdown. */
  signal: AbortSignal
}

/**
 * Twitch demands that services with sessions validate each token at start and every hour, and audits it.
 * [dev.twitch.tv, "Validating tokens"]
 */
const MAX_AGE_MS = 60 * 60 * 1_000

/** Often enough that no token gets far beyond its hour, rarely enough to cost nothing. */
const LOOK_EVERY_MS = 30_000

/** 5 a second: 18,000 streamers an hour a node, and no burst after a long stop. */
const PACE_MS = 200
/** A node that dies takes no more than these with it until the next hour. */
const BATCH = 5

/** Where Twitch had a fault of its own. */
const AGAIN_AFTER_MS = 5 * 60 * 1_000

/**
 * Validates the tokens of all sign-ins, each once an hour by whichever node takes it. Who revoked our access at Twitch
 * is signed out here. Resolves when the signal aborts.
 */
export async function validateTwitchTokens(options: ValidateTwitchTokensOptions): Promise<void> {
  const { accounts, clock, logger, signal } = options
  while (!signal.aborted) {
    try {
      const due = await accounts.takeDueForValidation('twitch', { maxAgeMs: MAX_AGE_MS, limit: BATCH })
      for (const account of due) {
        await validateOne(options, account)
        await clock.sleep(PACE_MS, signal)
      }
      if (due.length < BATCH) await clock.sleep(LOOK_EVERY_MS, signal)
    } catch (error) {
      if (signal.aborted) return
      logger.warn({ err: error }, 'tokens could not be validated')
      await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined)
    }
  }
}

async function validateOne(
  { accounts, sessions, keeper, validate, logger, signal }: ValidateTwitchTokensOptions,
  { id, userId }: { id: string; userId: string },
): Promise<void> {
  try {
    await keeper.withToken(id, validate)
  } catch (error) {
    if (hasCode(error, 'needs-reauth')) {
      const ended = await sessions.endAllOf(userId)
      logger.info({ userId, ended }, 'a person took our access at Twitch back and was signed out')
      return
    }
    if (!signal.aborted) logger.info({ err: error, accountId: id }, 'a token could not be validated now')
    await accounts.putOffValidation(id, { maxAgeMs: MAX_AGE_MS, inMs: AGAIN_AFTER_MS })
  }
}
