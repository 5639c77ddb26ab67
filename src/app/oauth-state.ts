import type { Clock } from '../base/clock.ts'
import { hashSecret, newSecret, type SecretBox } from '../base/secret-box.ts'
import type { Provider } from '../persistence/accounts.ts'
import type { UsedKeys } from '../persistence/used-keys.ts'

/** What a sign-in must still know when the browser comes back from the platform, on whichever node. */
export interface Journey {
  /** A path of this site to end at. */
  returnTo: string
  /** The OAuth application the sign-in was begun with. */
  application: string
  /** The signed-in user it belongs to; `null` where signing in is its very purpose. */
  userId: string | null
  /** What the person is asked to allow, beyond the sign-in itself. */
  scopes: readonly string[]
}

/** A state that is readable but not good still tells where to send the person back to. */
export type Redeemed =
  | ({ ok: true } & Journey)
  | { ok: false; why: 'unreadable' | 'expired' | 'other-browser' | 'used'; returnTo: string | null }

export interface OAuthStates {
  /** @param binding The secret in the browser's cookie: the state is worthless in any other browser. */
  issue(provider: Provider, binding: string, journey: Journey): string
  /** Good once in the whole cluster, within ten minutes, for the same platform and browser. */
  redeem(provider: Provider, binding: string | null, state: string): Promise<Redeemed>
}

export interface OAuthStatesOptions {
  box: SecretBox
  usedKeys: UsedKeys
  clock: Clock
}

export const OAUTH_STATE_TTL_MS = 10 * 60 * 1_000

/** Nodes' clocks may differ: a used state is remembered longer than any of them would take it. */
const REMEMBER_USED_MS = OAUTH_STATE_TTL_MS + 60 * 60 * 1_000

interface State extends Journey {
  nonce: string
  binding: string
  expiresAt: number
}

export function createOAuthStates({ box, usedKeys, clock }: OAuthStatesOptions): OAuthStates {
  return {
    issue(provider, binding, journey) {
      const state: State = {
        ...journey,
        nonce: newSecret(),
        binding: hashOf(binding),
        expiresAt: clock.now() + OAUTH_STATE_TTL_MS,
      }
      return box.sign(state, purposeOf(provider))
    },

    async redeem(provider, binding, signed) {
      // The signature vouches for the shape: nobody else writes these.
      const state = box.verify(signed, purposeOf(provider)) as State | undefined
      if (!state) return { ok: false, why: 'unreadable', returnTo: null }
      // A version before this one asked for nothing and wrote nothing of it.
      const { returnTo, application, userId, scopes = [] } = state as Partial<State> & Omit<State, 'scopes'>
      if (clock.now() >= state.expiresAt) return { ok: false, why: 'expired', returnTo }
      if (binding === null || hashOf(binding) !== state.binding) return { ok: false, why: 'other-browser', returnTo }
      if (!(await usedKeys.use(`${purposeOf(provider)} ${state.nonce}`, REMEMBER_USED_MS))) {
        return { ok: false, why: 'used', returnTo }
      }
      return { ok: true, returnTo, application, userId, scopes }
    },
  }
}

/** The platform is part of the signature's purpose: a state of one never passes at the other. */
const purposeOf = (provider: Provider) => `oauth-state:${provider}`

const hashOf = (binding: string) => hashSecret(binding).toString('base64url')
