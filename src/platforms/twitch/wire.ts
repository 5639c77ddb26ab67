import { z } from 'zod'
import type { TokenPair } from '../oauth-provider.ts'
import { bearerToken, expiresInS, knownReason } from '../wire.ts'

export const userId = z.string().regex(/^\d{1,32}$/)
const scopeList = z
  .union([z.array(z.string()), z.string().transform((text) => text.split(' ').filter(Boolean))])
  .nullable()
  .catch(null)

const tokens = z.object({
  access_token: bearerToken,
  refresh_token: bearerToken.nullish(),
  expires_in: expiresInS,
  scope: scopeList,
})

export function readTokens(body: unknown): TokenPair | undefined {
  const { data } = tokens.safeParse(body)
  return (
    data && {
      accessToken: data.access_token,
      refreshToken: data.refresh_token ?? null,
      expiresInS: data.expires_in,
      scopes: data.scope,
    }
  )
}

export function readAppToken(body: unknown): string | undefined {
  return tokens.safeParse(body).data?.access_token
}

/** Whose token it is, as `/validate` says. */
export interface TokenOwner {
  userId: string
  login: string
  expiresInS: number | null
  scopes: string[]
}

/** App tokens belong to nobody (`user_id` null); ours is never asked about, so that is a wrong shape. */
const validation = z.object({ user_id: userId, login: z.string().min(1), expires_in: expiresInS, scopes: scopeList })

export function readValidation(body: unknown): TokenOwner | undefined {
  const { data } = validation.safeParse(body)
  return data && { userId: data.user_id, login: data.login, expiresInS: data.expires_in, scopes: data.scopes ?? [] }
}

/** A person at Twitch. */
export interface TwitchUser {
  id: string
  login: string
  /** The login in its owner's own letters. */
  name: string
  avatarUrl: string | null
}

const users = z.object({
  data: z.tuple([
    z.object({
      id: userId,
      login: z.string().min(1),
      display_name: z.string().nullish(),
      profile_image_url: z
        .url({ protocol: /^https?$/ })
        .nullish()
        .catch(null),
    }),
  ]),
})

export function readMe(body: unknown): TwitchUser | undefined {
  const user = users.safeParse(body).data?.data[0]
  return (
    user && {
      id: user.id,
      login: user.login,
      name: user.display_name || user.login,
      avatarUrl: user.profile_image_url ?? null,
    }
  )
}

const failure = z.object({ message: z.string() })

/** Seen as 400 with these words in the documentation and as 401 by others; both are final. */
export function isDeadRefresh(status: number, body: unknown): boolean {
  const { data } = failure.safeParse(body)
  if (!data) return false
  const words = data.message.toLowerCase()
  return (status === 400 && words.includes('invalid refresh token')) || (status === 401 && !words.includes('client'))
}

/** A token that is not valid any more needs no revoking. */
export function isAlreadyRevoked(status: number, body: unknown): boolean {
  return status === 400 && failure.safeParse(body).data?.message.toLowerCase() === 'invalid token'
}

const REASONS = [
  'invalid authorization code',
  'invalid refresh token',
  'invalid client',
  'invalid client secret',
  'missing client id',
  'missing client secret',
  'missing code',
  'missing refresh token',
  'invalid grant type',
  'parameter redirect_uri does not match registered uri',
]

export function refusalReason(body: unknown): string {
  return knownReason(failure.safeParse(body).data?.message, REASONS)
}
