import type { Person } from '../people.ts'

/** What somebody gives, and how it is to look. Everything has a default. */
export interface DonationFields {
  username?: string | null | undefined
  message?: string | null | undefined
  messageType?: 'text' | 'audio' | undefined
  amount?: number | string | undefined
  currency?: string | undefined
  /** `YYYY-MM-DD HH:MM:SS`, UTC. */
  createdAt?: string | undefined
  /** Entries made by the streamer seem to have none. */
  payinSystem?: string | null | undefined
  /** Laid over the finished item, to make it as broken as wanted. */
  raw?: Record<string, unknown> | undefined
  /** Fields to leave out. */
  omit?: string[] | undefined
}

/** A donation as DonationAlerts keeps it: its own number, and the item that it shows. */
export interface DonationItem {
  id: number
  /** What both ways have in common, in the order of the wire. */
  fields: Record<string, unknown>
  /** Milliseconds since 1970. */
  createdAt: number
  raw: Record<string, unknown>
  omit: string[]
}

export function makeItem(id: number, to: Person, given: DonationFields, nowMs: number): DonationItem {
  const createdAt = given.createdAt === undefined ? nowMs : Date.parse(`${given.createdAt.replace(' ', 'T')}Z`)
  const amount = given.amount ?? 100
  const currency = given.currency ?? 'RUB'
  const payin = given.payinSystem === undefined ? 'Bank card' : given.payinSystem
  return {
    id,
    createdAt,
    raw: given.raw ?? {},
    omit: given.omit ?? [],
    fields: {
      id,
      name: 'Donations',
      username: given.username === undefined ? 'Ivan' : given.username,
      message: given.message === undefined ? 'Hello!' : given.message,
      message_type: given.messageType ?? 'text',
      payin_system: payin === null ? null : { title: payin },
      amount,
      currency,
      is_shown: 1,
      amount_in_user_currency: inRoubles(amount, currency),
      recipient_name: to.daName,
      recipient: {
        user_id: Number(to.daId),
        code: to.login,
        name: to.daName,
        avatar: `https://static.donationalerts.ru/uploads/users/${to.daId}.jpg`,
      },
      created_at: zoneless(createdAt),
    },
  }
}

/** As it is pushed: without `created_at_ts`, with a `reason`. */
export function pushedItem({ fields, raw, omit }: DonationItem): string {
  return JSON.stringify(without(omit, { ...fields, shown_at: null, reason: 'default', ...raw }))
}

/** As it is listed. */
export function listedItem({ fields, createdAt, raw, omit }: DonationItem): Record<string, unknown> {
  const times = { shown_at: null, created_at_ts: Math.floor(createdAt / 1_000), shown_at_ts: null }
  return without(omit, { ...fields, ...times, ...raw })
}

function without(omit: string[], item: Record<string, unknown>): Record<string, unknown> {
  for (const field of omit) delete item[field]
  return item
}

function zoneless(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

/** Everybody here keeps accounts in roubles, at a rate that nobody would mistake for today's. */
const ROUBLES: Record<string, number> = {
  RUB: 1,
  USD: 80,
  EUR: 90,
  BYN: 25,
  KZT: 0.16,
  UAH: 2,
  BRL: 15,
  TRY: 2,
  PLN: 20,
}

function inRoubles(amount: number | string, currency: string): number | string {
  const sum = Number(amount)
  return Number.isFinite(sum) ? Math.round(sum * (ROUBLES[currency] ?? 1) * 100) / 100 : amount
}
