import { z } from 'zod'
import type { DonationAccountProfile, DonationsPage } from '../donation-source.ts'
import { isRecord, toStorableText } from '../json.ts'
import { bearerToken } from '../wire.ts'
import { parseDonation, readId } from './wire.ts'

const profile = z.object({
  data: z.object({
    id: z.unknown().transform(readId),
    name: z.string().nullish().catch(null),
    code: z.string().nullish().catch(null),
    socket_connection_token: bearerToken,
  }),
})

export function readProfile(body: unknown): DonationAccountProfile | undefined {
  const account = profile.safeParse(body).data?.data
  if (!account?.id) return undefined
  const name = toStorableText(account.name || account.code || account.id).slice(0, 200)
  return { accountId: account.id, name, socketToken: account.socket_connection_token }
}

/** Each listed item becomes one entry, readable or not. */
export function readDonationsPage(
  body: unknown,
  request: { accountId: string; page: number },
): DonationsPage | undefined {
  if (!isRecord(body) || !Array.isArray(body['data'])) return undefined
  const items = body['data'].map((item) => parseDonation(item, request.accountId))
  return { items, lastPage: readLastPage(body, request.page) }
}

/** `meta.last_page`; where it is missing, the link to the next page says at least whether there is one. */
function readLastPage(body: Record<string, unknown>, page: number): number {
  const { meta, links } = body
  const lastPage = isRecord(meta) ? Number(meta['last_page']) : Number.NaN
  if (Number.isSafeInteger(lastPage) && lastPage >= 1) return lastPage
  return isRecord(links) && typeof links['next'] === 'string' ? page + 1 : page
}

/** What the platform said to a request for a permission: one for our channel, none, or something else altogether. */
export type SignReply = { signed: true; token: string } | { signed: false }

export function readSignReply(body: unknown, channel: string): SignReply | undefined {
  if (!isRecord(body)) return undefined
  if (body['success'] === false) return { signed: false }
  const { channels } = body
  if (!Array.isArray(channels)) return undefined
  const ours = channels.find((entry) => isRecord(entry) && entry['channel'] === channel) as
    Record<string, unknown> | undefined
  if (!ours) return { signed: false }
  const token = bearerToken.safeParse(ours['token'])
  return token.success ? { signed: true, token: token.data } : undefined
}
