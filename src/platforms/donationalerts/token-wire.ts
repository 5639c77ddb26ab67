import { z } from 'zod'
import type { TokenPair } from '../oauth-provider.ts'
import { isRecord, parseJson } from '../json.ts'
import { bearerToken, expiresInS, knownReason } from '../wire.ts'

const tokens = z.object({ access_token: bearerToken, refresh_token: bearerToken.nullish(), expires_in: expiresInS })

export function readTokens(body: unknown): TokenPair | undefined {
  const { data } = tokens.safeParse(body)
  return (
    data && {
      accessToken: data.access_token,
      refreshToken: data.refresh_token ?? null,
      expiresInS: data.expires_in,
      scopes: scopesOf(data.access_token),
    }
  )
}

/**
 * The reply names no scopes, but the access token is a JWT that carries them. It came from the platform over TLS, so
 * its signature proves nothing new. `null` where it is no JWT after all, or grants everything (`*`).
 */
function scopesOf(accessToken: string): string[] | null {
  const claims = parseJson(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString('utf8'))
  const scopes = isRecord(claims) ? claims['scopes'] : undefined
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) return null
  return scopes.includes('*') ? null : scopes
}

const failure = z.object({
  error: z.string().catch(''),
  error_description: z.string().catch(''),
  message: z.string().catch(''),
  hint: z.string().catch(''),
})

/**
 * A dead refresh token is a 401, or OAuth's own `invalid_request`/`invalid_grant` that speaks of the refresh token.
 * A refused *application* (`invalid_client`, 401 as well) is the operator's affair and no streamer's.
 */
export function isDeadRefresh(status: number, body: unknown): boolean {
  const { data } = failure.safeParse(body)
  if (!data || (status !== 400 && status !== 401) || data.error === 'invalid_client') return false
  if (status === 401) return true
  const words = `${data.error_description} ${data.message} ${data.hint}`.toLowerCase()
  return ['invalid_request', 'invalid_grant'].includes(data.error) && words.includes('refresh token')
}

const REASONS = [
  'invalid_request',
  'invalid_grant',
  'invalid_client',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_grant_type',
  'server_error',
]

export function refusalReason(body: unknown): string {
  return knownReason(failure.safeParse(body).data?.error, REASONS)
}
