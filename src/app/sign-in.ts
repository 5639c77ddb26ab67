import { AppError } from '../base/errors.ts'
import type { SecretBox } from '../base/secret-box.ts'
import { createAccounts } from '../persistence/accounts.ts'
import type { Database } from '../persistence/database.ts'
import { createSessions } from '../persistence/sessions.ts'
import { createUsers, type TwitchIdentity } from '../persistence/users.ts'
import type { OAuthProvider } from '../platforms/oauth-provider.ts'
import { allows } from './bots/chat-permissions.ts'

export interface SignIn {
  /** The OAuth application of this service at Twitch. */
  readonly application: string
  /** @param request.scopes What the person is asked to allow. Who somebody is needs no permission. */
  authorizeUrl(request: { redirectUri: string; state: string; scopes: readonly string[] }): string
  /**
   * Turns the code that Twitch sent into a session. The browser's former session ends in the same moment, whoever's it
   * was: an id that somebody may have planted before the sign-in is worth nothing after it.
   *
   * `allowed` is false where the person allowed less than `scopes`; they are signed in all the same.
   *
   * @throws AppError `oauth-failed` where Twitch refuses the code, `platform-*` where Twitch fails.
   */
  finish(request: {
    code: string
    redirectUri: string
    formerSessionId: string | null
    scopes: readonly string[]
  }): Promise<{ sessionId: string; allowed: boolean }>
}

export interface SignInOptions {
  db: Database
  box: SecretBox
  provider: OAuthProvider
  identify: (accessToken: string) => Promise<TwitchIdentity>
  application: string
  /** A person allowed all that they were asked for. By their id at Twitch. */
  onAllowed: (twitchUserId: string) => void
}

export function createSignIn({ db, box, provider, identify, application, onAllowed }: SignInOptions): SignIn {
  return {
    application,
    authorizeUrl: (request) => provider.authorizeUrl({ ...request, application }),

    async finish({ code, redirectUri, formerSessionId, scopes }) {
      const given = await provider.exchangeCode({ application, redirectUri, code })
      // Where Twitch does not say what was allowed, the consent to what was asked for is all there is.
      const tokens = { ...given, scopes: given.scopes ?? [...scopes] }
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
      const allowed = allows(tokens.scopes, scopes)
      if (allowed && scopes.length > 0) onAllowed(identity.id)
      return { sessionId, allowed }
    },
  }
}
