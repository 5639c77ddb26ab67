/** What people have allowed applications: the scopes of all their consents together, until they take everything back. */
export interface Authorizations {
  allow(user: string, client: string, scopes: readonly string[]): void
  has(user: string, client: string, scope: string): boolean
  /** Whether the application was allowed anything: public events about this person cost it nothing then. */
  knows(user: string, client: string): boolean
  /** `false` where there was nothing to take back. */
  revoke(user: string, client: string): boolean
  clear(): void
}

export function createAuthorizations(): Authorizations {
  const allowed = new Map<string, Set<string>>()
  const key = (user: string, client: string) => `${user} ${client}`
  return {
    allow(user, client, scopes) {
      const own = allowed.get(key(user, client)) ?? new Set()
      allowed.set(key(user, client), own)
      for (const scope of scopes) own.add(scope)
    },
    has: (user, client, scope) => allowed.get(key(user, client))?.has(scope) === true,
    knows: (user, client) => (allowed.get(key(user, client))?.size ?? 0) > 0,
    revoke: (user, client) => allowed.delete(key(user, client)),
    clear: () => allowed.clear(),
  }
}
