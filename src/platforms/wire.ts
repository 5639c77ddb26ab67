import { z } from 'zod'

/**
 * A token as it may stand in a header: visible ASCII. Anything else would make `fetch` throw, with the token in its
 * message.
 */
export const bearerToken = z.string().regex(/^[\x21-\x7e]{1,8192}$/)

/** Seconds until a token ends. Some platforms send text, some nothing; what is no number counts as not said. */
export const expiresInS = z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER).nullable().catch(null)

/** An error code out of a closed vocabulary, else `other`: a platform's free text may echo what we sent it. */
export function knownReason(said: unknown, known: readonly string[]): string {
  return typeof said === 'string' && known.includes(said.toLowerCase()) ? said.toLowerCase() : 'other'
}
