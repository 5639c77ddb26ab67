import type { Clock } from '../clock.ts'
import { readJwt, signJwt } from '../jwt.ts'

/** The two kinds of tokens of the socket, as Centrifugo 2 knows them: HS256, `sub` or `client` and `channel`. */
export interface SocketTokens {
  connect(token: { user: string; ttlS?: number | null }): string
  subscribe(token: { client: string; channel: string; ttlS?: number | null }): string
  readConnect(token: string): TokenReading<{ user: string }>
  readSubscribe(token: string): TokenReading<{ client: string; channel: string }>
}

/** `exp` in seconds since 1970. */
export type TokenReading<Claims> = (Claims & { exp: number | null }) | 'invalid' | 'expired'

export function createSocketTokens(clock: Clock, key: string): SocketTokens {
  const expiry = (ttlS: number | null = null) => (ttlS === null ? {} : { exp: Math.floor(clock.now() / 1_000) + ttlS })
  const read = (token: string): { claims: Record<string, unknown>; exp: number | null } | 'invalid' | 'expired' => {
    const claims = readJwt(token, key)
    if (!claims) return 'invalid'
    const exp = typeof claims['exp'] === 'number' ? claims['exp'] : null
    return exp !== null && exp * 1_000 <= clock.now() ? 'expired' : { claims, exp }
  }
  return {
    connect: ({ user, ttlS }) => signJwt({ sub: user, ...expiry(ttlS) }, key),
    subscribe: ({ client, channel, ttlS }) => signJwt({ client, channel, ...expiry(ttlS) }, key),
    readConnect(token) {
      const found = read(token)
      if (typeof found === 'string') return found
      const user = found.claims['sub']
      return typeof user === 'string' ? { user, exp: found.exp } : 'invalid'
    },
    readSubscribe(token) {
      const found = read(token)
      if (typeof found === 'string') return found
      const { client, channel } = found.claims
      if (typeof client !== 'string' || typeof channel !== 'string') return 'invalid'
      return { client, channel, exp: found.exp }
    },
  }
}
