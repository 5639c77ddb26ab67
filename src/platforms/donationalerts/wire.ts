import type { Donation, ParsedDonation } from '../../domain/donation.ts'
import { parseMoney } from '../../domain/money.ts'
import { isRecord, toStorableJson, toStorableText } from '../json.ts'

/** Code points. Names on the platform are shorter; a longer one is an accident or a prank. `raw` keeps all of it. */
const DONOR_MAX = 200
/** Code points, several times the platform's longest message. `raw` keeps all of it. */
const MESSAGE_MAX = 2_000

/**
 * Reads a donation as it is pushed or listed; the two have different sets of fields and both change without notice,
 * so only what we need is looked at. Whatever cannot be read comes back as it arrived, with the field's name.
 * Never throws, whatever comes in.
 */
export function parseDonation(item: unknown, accountId: string): ParsedDonation {
  const raw = toStorableJson(item)
  const unreadable = (reason: string): ParsedDonation => ({ ok: false, raw, reason })
  if (!isRecord(item)) return unreadable('not an object')

  const externalId = readId(item['id'])
  if (externalId === undefined) return unreadable('id')
  const money = parseMoney(item['amount'], item['currency'])
  if (!money) return unreadable(parseMoney(item['amount'], 'XXX') ? 'currency' : 'amount')
  const { username } = item
  const donor = readText(typeof username === 'string' ? username.trim() : username, DONOR_MAX)
  if (donor === undefined) return unreadable('username')
  const message = readText(item['message'], MESSAGE_MAX)
  if (message === undefined) return unreadable('message')
  const createdAt = readMoment(item['created_at_ts'], item['created_at'])
  if (createdAt === undefined) return unreadable('created_at')

  const donation: Donation = {
    provider: 'donationalerts',
    accountId,
    externalId,
    donor: donor.trim() || null,
    money,
    message,
    messageKind: item['message_type'] === 'audio' ? 'audio' : 'text',
    createdAt,
    raw,
  }
  return { ok: true, donation }
}

/** Ids beyond 2^53 reach us as text (see `parseJson`); a number that large was rounded on its way and is no key. */
export function readId(id: unknown): string | undefined {
  if (typeof id === 'number') return Number.isSafeInteger(id) && id > 0 ? String(id) : undefined
  return typeof id === 'string' && /^[1-9]\d{0,29}$/.test(id) ? id : undefined
}

/** Text without what PostgreSQL or a line of text cannot hold. Missing is empty; `undefined` for what is no text. */
function readText(text: unknown, maxCodePoints: number): string | undefined {
  if (text === null || text === undefined) return ''
  if (typeof text === 'number') return String(text)
  if (typeof text !== 'string') return undefined
  // `trimEnd`, not a pattern: looking for trailing line ends by pattern takes quadratic time on many of them.
  return toStorableText(firstCodePoints(text, maxCodePoints)).trimEnd()
}

function firstCodePoints(text: string, max: number): string {
  if (text.length <= max) return text
  // A code point has at most two units, so twice as many units always hold enough code points.
  return Array.from(text.slice(0, max * 2))
    .slice(0, max)
    .join('')
}

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/

/** Seconds. Before it lies no donation, and beyond the second no moment that is meant in seconds. */
const EARLIEST_S = 1_000_000_000
const LATEST_S = 10_000_000_000

/** The platform's own count of seconds where there is one, else its zoneless text, which is UTC. */
function readMoment(seconds: unknown, text: unknown): number | undefined {
  const count = typeof seconds === 'string' && /^\d{1,12}$/.test(seconds) ? Number(seconds) : seconds
  if (typeof count === 'number' && count >= EARLIEST_S && count < LATEST_S) return Math.round(count * 1_000)
  const match = typeof text === 'string' ? DATE_TIME.exec(text) : null
  if (!match) return undefined
  const moment = Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`)
  // `Date` moves 30 February on to March; a calendar that does so is not the platform's.
  if (Number.isNaN(moment) || new Date(moment).toISOString().slice(0, 19).replace('T', ' ') !== text) return undefined
  return moment
}
