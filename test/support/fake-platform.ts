import { AppError, type ErrorCode } from '../../src/base/errors.ts'
import { newSecret } from '../../src/base/secret-box.ts'
import type { OAuthProvider, TokenPair } from '../../src/platforms/oauth-provider.ts'

export interface FakePerson {
  id: string
  login: string
  name: string
}

/** How the next refresh goes wrong: before the platform did anything, or after it did all. */
type Fault = { code: ErrorCode; when: 'before' | 'after' }

/**
 * A platform's side of the authorization-code flow, in memory: codes are good once, refresh tokens rotate and die with
 * their first use. Says what it was asked, so that tests can count.
 */
export function createFakePlatform({ scopes = null }: { scopes?: string[] | null } = {}) {
  const codes = new Map<string, FakePerson>()
  const access = new Map<string, FakePerson>()
  const refresh = new Map<string, { person: FakePerson; accessToken: string }>()
  const faults: Fault[] = []
  let granted = scopes
  let expiresInS: number | null = 14_000
  let refreshes = 0
  let gate: Promise<void> = Promise.resolve()

  const grant = (person: FakePerson): TokenPair => {
    const pair = { accessToken: `access-${newSecret()}`, refreshToken: `refresh-${newSecret()}` }
    access.set(pair.accessToken, person)
    refresh.set(pair.refreshToken, { person, accessToken: pair.accessToken })
    return { ...pair, expiresInS, scopes: granted }
  }

  const provider: OAuthProvider = {
    authorizeUrl({ application, redirectUri, state, scopes: asked }) {
      const query = { client_id: application, redirect_uri: redirectUri, scope: asked.join(' '), state }
      return `https://platform.example/authorize?${new URLSearchParams(query).toString()}`
    },
    async exchangeCode({ code }) {
      const person = codes.get(code)
      if (!person) throw new AppError('oauth-failed')
      codes.delete(code)
      return grant(person)
    },
    async refresh({ refreshToken }) {
      refreshes++
      await gate
      const fault = faults.shift()
      if (fault?.when === 'before') throw new AppError(fault.code)
      const old = refresh.get(refreshToken)
      if (!old) throw new AppError('platform-auth')
      refresh.delete(refreshToken)
      access.delete(old.accessToken)
      const pair = grant(old.person)
      if (fault?.when === 'after') throw new AppError(fault.code)
      return pair
    },
  }

  const whoIs = async (accessToken: string): Promise<FakePerson> => {
    const person = access.get(accessToken)
    if (!person) throw new AppError('platform-auth')
    return person
  }

  return {
    provider,
    grant,
    /** What the platform would send back in the address after the person agreed. */
    codeFor(person: FakePerson): string {
      const code = newSecret()
      codes.set(code, person)
      return code
    },
    /** Any call with an access token. */
    whoIs,
    killAccess: (accessToken: string) => access.delete(accessToken),
    killRefresh: (refreshToken: string) => refresh.delete(refreshToken),
    failNextRefresh: (fault: Fault) => void faults.push(fault),
    /** Refreshes arrive, and are answered only when the returned function is called. */
    holdRefreshes(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
    grantScopes: (given: string[] | null) => void (granted = given),
    grantFor: (seconds: number | null) => void (expiresInS = seconds),
    refreshes: () => refreshes,
  }
}

export type FakePlatform = ReturnType<typeof createFakePlatform>
