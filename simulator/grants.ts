import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from './clock.ts'
import { readJwt, signJwt } from './jwt.ts'

/** What an access or refresh token stands for. */
export interface Grant {
  kind: 'access' | 'refresh'
  /** Names the access token and the refresh token that were made together. */
  pair: string
  /** The account at the platform; `null` for an application's own token. */
  user: string | null
  client: string
  scopes: string[]
  /** Seconds since 1970; `null` for refresh tokens, which do not expire by themselves. */
  exp: number | null
}

export interface TokenPair {
  pair: string
  accessToken: string
  refreshToken: string
}

export interface GrantRequest {
  user: string | null
  client: string
  scopes: string[]
  ttlS: number
}

interface Code {
  user: string
  client: string
  scopes: string[]
  redirectUri: string
  expiresAt: number
}

export interface Grants {
  /** A code for one exchange. */
  code(grant: Omit<Code, 'expiresAt'>): string
  /** What the code was made for; `null` when it is unknown, used, too old, or not this application's. */
  redeem(request: { code: string; client: string; redirectUri: string | null }): Code | null
  issue(request: GrantRequest): TokenPair
  /** What the token was made for, however dead; `null` when it is none of ours. */
  inspect(token: string, kind: Grant['kind']): Grant | null
  /** Like {@link Grants.inspect}, but only while the token is good. */
  read(token: string, kind: Grant['kind']): Grant | null
  /** Ends a pair, or one half of it, now or after a while. */
  end(pair: string, which: Grant['kind'] | 'both', afterMs?: number): void
  /** Seconds since 1970, as tokens count. */
  nowS(): number
  /** Ends all that was ever given out for this account, or for none: to everybody, or to one application. */
  kill(user: string | null, which: Grant['kind'] | 'both', client?: string): void
  clear(): void
}

const CODE_TTL_MS = 10 * 60_000
/** Dead pairs that are remembered. Beyond it the oldest would live again, which no test waits for. */
const DEAD_KEPT = 100_000

export interface GrantsOptions {
  clock: Clock
  /** Signs the tokens. With a fixed one they stay good over restarts: nothing but the dead is kept in memory. */
  key: string
  /** DonationAlerts' access tokens are readable, Twitch's are not. */
  readable: boolean
}

export function createGrants({ clock, key, readable }: GrantsOptions): Grants {
  const codes = new Map<string, Code>()
  /** `<kind> <pair>` → when it died. */
  const dead = new Map<string, number>()
  /** `<kind> <user>`, or with ` <client>` behind it → the last serial number that died. */
  const killed = new Map<string, number>()
  // Starts from the time so that tokens of an earlier run count as older.
  let serial = clock.now() * 1_000

  const sign = (grant: Grant): string => {
    const { kind, pair, user, client, scopes, exp } = grant
    const issuedAt = Math.floor(clock.now() / 1_000)
    const token = signJwt(
      {
        aud: client,
        jti: pair,
        iat: issuedAt,
        nbf: issuedAt,
        ...(exp === null ? {} : { exp }),
        sub: user,
        scopes,
        use: kind,
        serial,
      },
      key,
    )
    return readable && kind === 'access' ? token : opaque(token)
  }
  const decode = (token: string, kind: Grant['kind']): (Grant & { serial: number }) | null => {
    const claims = readJwt(token.includes('.') ? token : Buffer.from(token, 'hex').toString('utf8'), key)
    if (claims?.['use'] !== kind) return null
    return {
      kind,
      pair: claims['jti'] as string,
      user: claims['sub'] as string | null,
      client: claims['aud'] as string,
      scopes: claims['scopes'] as string[],
      exp: (claims['exp'] as number | undefined) ?? null,
      serial: claims['serial'] as number,
    }
  }
  return {
    code(grant) {
      const code = randomBytes(20).toString('hex')
      codes.set(code, { ...grant, expiresAt: clock.monotonic() + CODE_TTL_MS })
      for (const [old, { expiresAt }] of codes) if (expiresAt <= clock.monotonic()) codes.delete(old)
      return code
    },
    redeem({ code, client, redirectUri }) {
      const found = codes.get(code)
      if (!found || found.client !== client || found.redirectUri !== redirectUri) return null
      codes.delete(code)
      return found.expiresAt > clock.monotonic() ? found : null
    },
    issue({ user, client, scopes, ttlS }) {
      serial++
      const pair = randomUUID()
      const grant = { pair, user, client, scopes }
      return {
        pair,
        accessToken: sign({ ...grant, kind: 'access', exp: Math.floor(clock.now() / 1_000) + ttlS }),
        refreshToken: sign({ ...grant, kind: 'refresh', exp: null }),
      }
    },
    nowS: () => clock.now() / 1_000,
    inspect: decode,
    read(token, kind) {
      const grant = decode(token, kind)
      if (!grant) return null
      if (grant.exp !== null && grant.exp * 1_000 <= clock.now()) return null
      if ((dead.get(`${kind} ${grant.pair}`) ?? Infinity) <= clock.monotonic()) return null
      const own = `${kind} ${grant.user ?? ''}`
      if (grant.serial <= Math.max(killed.get(own) ?? 0, killed.get(`${own} ${grant.client}`) ?? 0)) return null
      return grant
    },
    end(pair, which, afterMs = 0) {
      for (const kind of halves(which)) {
        // An earlier death is not put off.
        const at = Math.min(dead.get(`${kind} ${pair}`) ?? Infinity, clock.monotonic() + afterMs)
        dead.set(`${kind} ${pair}`, at)
      }
      for (const oldest of dead.keys()) {
        if (dead.size <= DEAD_KEPT) break
        dead.delete(oldest)
      }
    },
    kill(user, which, client) {
      for (const kind of halves(which))
        killed.set(`${kind} ${user ?? ''}${client === undefined ? '' : ` ${client}`}`, serial)
    },
    clear() {
      for (const memory of [codes, dead, killed]) memory.clear()
    },
  }
}

function halves(which: Grant['kind'] | 'both'): Grant['kind'][] {
  return which === 'both' ? ['access', 'refresh'] : [which]
}

function opaque(token: string): string {
  return Buffer.from(token).toString('hex')
}
