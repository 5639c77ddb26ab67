import type { Sql } from './database.ts'

export type Grants = ReturnType<typeof createGrants>

/** What people have allowed this application at Twitch, whatever their sign-ins asked for since. */
export function createGrants(db: Sql) {
  return {
    /** What the account with this id at Twitch has allowed; `undefined` where it never signed in here. */
    async of(twitchUserId: string): Promise<{ login: string; scopes: string[] } | undefined> {
      const [found] = await db.query<{ login: string; scopes: string[] }>(
        `select u.login, a.granted_scopes as scopes from accounts a join users u on u.id = a.user_id
         where a.provider = 'twitch' and a.external_id = $1`,
        [twitchUserId],
      )
      return found
    },

    /**
     * Twitch says that this account allows nothing any more, as it was heard so long ago: what was allowed since then
     * stays. False where nothing was known to be allowed.
     */
    withdraw: async (twitchUserId: string, { agoMs }: { agoMs: number }): Promise<boolean> =>
      (await db.execute(
        `update accounts set granted_scopes = '{}'
         where provider = 'twitch' and external_id = $1 and granted_scopes <> '{}'
           and validated_at <= now() - make_interval(secs => $2 / 1000.0)`,
        [twitchUserId, agoMs],
      )) > 0,
  }
}
