import { AppError } from '../base/errors.ts'
import type { SecretBox } from '../base/secret-box.ts'
import { createAccounts } from '../persistence/accounts.ts'
import type { Database } from '../persistence/database.ts'
import { createSessions } from '../persistence/sessions.ts'
import { createUsers, type TwitchIdentity } from '../persistence/users.ts'
import type { OAuthProvider } from '../platforms/oauth-provider.ts'

export interface SignIn {
  /** The OAuth application of this service at Twitch. */
  readonly application: string
  authorizeUrl(request: { redirectUri: string; state: string }): string
  /**
   * Turns the code that Twitch sent into a session. The browser's former session ends in the same moment, whoever's it
   * was: an id that somebody may have planted before the sign-in is worth nothing after it.
   *
   * @throws AppError `oauth-failed` where Twitch refuses the code, `platform-*` where Twitch fails.
   */
  finish(request: { code: string; redirectUri: string; formerSessionId: string | null }): Promise<{ sessionId: string }>
}

export interface SignInOptions {
  db: Database
  box: SecretBox
  provider: OAuthProvider
  identify: (accessToken: string) => Promise<TwitchIdentity>
  application: string
}

/** Who somebody is, is all we ask Twitch for; no permission is needed for that. */
const SCOPES: readonly string[] = []

export function createSignIn({ db, box, provider, identify, application }: SignInOptions): SignIn {
  return {
    application,
    authorizeUrl: (request) => provider.authorizeUrl({ ...request, application, scopes: SCOPES }),

    async finish({ code, redirectUri, formerSessionId }) {
      const tokens = await provider.exchangeCode({ application, redirectUri, code })
      const identity = await identify(tokens.accessToken)
      const sessionId = await db.transaction(async (tx) => {
        const user = await createUsers(tx).recognise(identity)
        const connected = await createAccounts(tx, box).connect({
          userId: user.id,
          provider: 'twitch',
          externalId: identity.id,
          externalName: identity.name,
          application,
          tokens,
        })
        if (!connected.ok) throw new AppError(connected.reason)
        const sessions = createSessions(tx)
        if (formerSessionId !== null) await sessions.end(formerSessionId)
        return sessions.start(user.id)
      })
      return { sessionId }
    },
  }
}
