/** No window of any platform is longer; a larger number comes from a broken clock, not from a rule. */
const LONGEST_WAIT_MS = 3_600_000

/** Below this a number of seconds is a distance, above it is a moment since 1970 (this one lies in 2001). */
const FIRST_MOMENT_S = 1_000_000_000

/**
 * How long a platform asks us to stay away after a 429, or `null` where it does not say.
 * Moments are measured from the reply's own `Date`: our wall clock may be wrong, theirs agrees with itself.
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const sentAt = Date.parse(headers.get('date') ?? '')
  const platformNowMs = Number.isNaN(sentAt) ? nowMs : sentAt
  for (const name of ['retry-after', 'x-ratelimit-reset', 'ratelimit-reset']) {
    const waitMs = readWait(headers.get(name)?.trim() ?? '', platformNowMs)
    if (waitMs !== null) return Math.min(Math.max(Math.ceil(waitMs), 0), LONGEST_WAIT_MS)
  }
  return null
}

function readWait(text: string, platformNowMs: number): number | null {
  if (/^\d+(?:\.\d+)?$/.test(text)) {
    const seconds = Number(text)
    return seconds < FIRST_MOMENT_S ? seconds * 1_000 : seconds * 1_000 - platformNowMs
  }
  const moment = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(moment) ? null : moment - platformNowMs
}
