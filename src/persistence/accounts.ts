import type { SecretBox } from '../base/secret-box.ts'
import { isUniqueViolation, type Sql } from './database.ts'

export type Provider = 'twitch' | 'donationalerts'

/** `needs_reauth`: the platform refused the tokens for good. `missing_scope`: they open less than we need. */
export type AccountState = 'ok' | 'needs_reauth' | 'missing_scope'

/** A user's account at a platform, with the tokens that open it. */
export interface Account {
  id: string
  userId: string
  provider: Provider
  externalId: string
  externalName: string
  application: string
  scopes: string[]
  accessToken: string
  refreshToken: string | null
  /** Until the access token ends, by the database's clock; `null` where the platform did not say. */
  expiresInMs: number | null
  /** Grows with each stored pair of tokens. */
  version: number
  state: AccountState
  /** When a refresh with this refresh token was sent whose answer never came. */
  refreshLostAt: Date | null
  /** Somebody in the cluster is refreshing at this moment. */
  refreshing: boolean
}

export interface NewTokens {
  accessToken: string
  /** `null` where the platform gave none: the stored one stays. */
  refreshToken: string | null
  expiresInS: number | null
  /** `null` where the platform said nothing: what was stored stays. */
  scopes: readonly string[] | null
}

export interface Connection {
  userId: string
  provider: Provider
  externalId: string
  externalName: string
  application: string
  tokens: NewTokens
}

export type Accounts = ReturnType<typeof createAccounts>

interface Row {
  id: string
  user_id: string
  provider: Provider
  external_id: string
  external_name: string
  application: string
  scopes: string[]
  access_token: string
  refresh_token: string | null
  expires_in_ms: number | null
  version: number
  state: AccountState
  refresh_lost_at: Date | null
  refreshing: boolean
}

const COLUMNS = `id, user_id, provider, external_id, external_name, application, scopes, access_token, refresh_token,
  (extract(epoch from expires_at - now()) * 1000)::double precision as expires_in_ms, version, state, refresh_lost_at,
  refresh_lease_until is not null and refresh_lease_until > now() as refreshing`

/**
 * Accounts at the platforms. Tokens are sealed for the user and the platform they belong to: a row's text opens
 * nothing when it is copied into another.
 */
export function createAccounts(sql: Sql, box: SecretBox) {
  const seal = ({ userId, provider, tokens }: Pick<Connection, 'userId' | 'provider' | 'tokens'>) => ({
    access: box.seal(tokens.accessToken, context(provider, userId, 'access')),
    refresh: tokens.refreshToken === null ? null : box.seal(tokens.refreshToken, context(provider, userId, 'refresh')),
  })

  /** Opens a row; what an older key sealed is sealed again on the way, so that the key can be taken out of use. */
  const open = async (row: Row): Promise<Account> => {
    const account: Account = {
      id: row.id,
      userId: row.user_id,
      provider: row.provider,
      externalId: row.external_id,
      externalName: row.external_name,
      application: row.application,
      scopes: row.scopes,
      accessToken: box.open(row.access_token, context(row.provider, row.user_id, 'access')),
      refreshToken:
        row.refresh_token === null ? null : box.open(row.refresh_token, context(row.provider, row.user_id, 'refresh')),
      expiresInMs: row.expires_in_ms,
      version: row.version,
      state: row.state,
      refreshLostAt: row.refresh_lost_at,
      refreshing: row.refreshing,
    }
    if (box.isStale(row.access_token) || (row.refresh_token !== null && box.isStale(row.refresh_token))) {
      const { accessToken, refreshToken } = account
      const sealed = seal({ ...account, tokens: { accessToken, refreshToken, expiresInS: null, scopes: null } })
      await sql.execute(
        'update accounts set access_token = $3, refresh_token = $4 where id = $1 and version = $2 and access_token = $5',
        [row.id, row.version, sealed.access, sealed.refresh, row.access_token],
      )
    }
    return account
  }

  const openFirst = async (rows: Row[]) => (rows[0] ? open(rows[0]) : null)

  return {
    /**
     * Stores what a sign-in at the platform gave. The user's former account there is replaced, and is `ok` again; what
     * the same account had allowed before stays allowed.
     * `account-taken` where it belongs to another user of ours.
     */
    async connect(
      connection: Connection,
    ): Promise<{ ok: true; accountId: string } | { ok: false; reason: 'account-taken' }> {
      const { userId, provider, externalId, externalName, application, tokens } = connection
      const sealed = seal(connection)
      const params = [
        userId,
        provider,
        externalId,
        externalName,
        application,
        tokens.scopes ?? [],
        sealed.access,
        sealed.refresh,
        tokens.expiresInS,
      ]
      const inserted = await sql.query<{ id: string }>(
        `insert into accounts
           (user_id, provider, external_id, external_name, application, scopes, access_token, refresh_token, expires_at,
            granted_scopes)
         values ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9), $6)
         on conflict do nothing returning id`,
        params,
      )
      if (inserted[0]) return { ok: true, accountId: inserted[0].id }
      try {
        const updated = await sql.query<{ id: string }>(
          `update accounts set external_id = $3, external_name = $4, application = $5, scopes = $6, access_token = $7,
             refresh_token = $8, expires_at = now() + make_interval(secs => $9), version = version + 1, state = 'ok',
             refresh_lease_by = null, refresh_lease_until = null, refresh_lost_at = null, validated_at = now(),
             granted_scopes = case when external_id = $3 and application = $5
               then array(select unnest(granted_scopes) union select unnest($6::text[])) else $6 end
           where user_id = $1 and provider = $2 and not exists
             (select from accounts other where other.provider = $2 and other.external_id = $3 and other.user_id <> $1)
           returning id`,
          params,
        )
        return updated[0] ? { ok: true, accountId: updated[0].id } : { ok: false, reason: 'account-taken' }
      } catch (error) {
        // Another user connected the same account between the look and the write.
        if (isUniqueViolation(error)) return { ok: false, reason: 'account-taken' }
        throw error
      }
    },

    find: async (accountId: string): Promise<Account | null> =>
      openFirst(
        await sql.query<Row>(`select ${COLUMNS} from accounts where id = $1`, [accountId], { name: 'find-account' }),
      ),

    ofUser: async (userId: string, provider: Provider): Promise<Account | null> =>
      openFirst(
        await sql.query<Row>(`select ${COLUMNS} from accounts where user_id = $1 and provider = $2`, [
          userId,
          provider,
        ]),
      ),

    /** Forgets the account and its tokens. False where there was none. */
    disconnect: async (userId: string, provider: Provider): Promise<boolean> =>
      (await sql.execute('delete from accounts where user_id = $1 and provider = $2', [userId, provider])) > 0,

    /** The OAuth application of each account at a platform, counted: new accounts go where there are fewest. */
    async countByApplication(provider: Provider): Promise<Map<string, number>> {
      const rows = await sql.query<{ application: string; count: number }>(
        'select application, count(*)::integer as count from accounts where provider = $1 group by application',
        [provider],
      )
      return new Map(rows.map(({ application, count }) => [application, count]))
    },

    /** Says what the platform said of the tokens of this version; of newer ones it said nothing. */
    async setState(account: Pick<Account, 'id' | 'version'>, state: AccountState): Promise<boolean> {
      const changed = await sql.execute(
        `update accounts set state = $3, refresh_lease_by = null, refresh_lease_until = null
         where id = $1 and version = $2`,
        [account.id, account.version, state],
      )
      return changed === 1
    },

    /**
     * The one right to refresh the tokens of this version, for `ttlMs` at most. `null` where somebody else has it, or
     * the tokens have changed since. The account is read anew in the same statement.
     */
    leaseRefresh: async (
      account: Pick<Account, 'id' | 'version'>,
      holder: string,
      ttlMs: number,
    ): Promise<Account | null> =>
      openFirst(
        await sql.query<Row>(
          `update accounts set refresh_lease_by = $3, refresh_lease_until = now() + make_interval(secs => $4 / 1000.0)
           where id = $1 and version = $2 and state <> 'needs_reauth'
             and (refresh_lease_until is null or refresh_lease_until <= now())
           returning ${COLUMNS}`,
          [account.id, account.version, holder, ttlMs],
        ),
      ),

    /** Gives the right back without new tokens. `lost`: the request was sent, and its answer never came. */
    async endRefresh(account: Pick<Account, 'id'>, holder: string, { lost }: { lost: boolean }): Promise<void> {
      await sql.execute(
        `update accounts set refresh_lease_by = null, refresh_lease_until = null,
           refresh_lost_at = case when $3 then coalesce(refresh_lost_at, now()) else refresh_lost_at end
         where id = $1 and refresh_lease_by = $2`,
        [account.id, holder, lost],
      )
    },

    /**
     * Stores a refreshed pair in place of the version it was made from, even where the lease ran out meanwhile: the
     * platform has already revoked the old pair. `stored` is false where a newer version is there; that one counts.
     * `revived`: the person had been asked to connect again meanwhile.
     */
    async storeRefreshed(account: Account, tokens: NewTokens): Promise<{ stored: boolean; revived: boolean }> {
      const sealed = seal({ ...account, tokens })
      const [row] = await sql.query<{ revived: boolean }>(
        `with before as (select id, state from accounts where id = $1 and version = $2 for update)
         update accounts a set access_token = $3, refresh_token = coalesce($4, a.refresh_token),
           expires_at = now() + make_interval(secs => $5), scopes = coalesce($6, a.scopes), version = a.version + 1,
           state = case when a.state = 'needs_reauth' then 'ok' else a.state end,
           refresh_lease_by = null, refresh_lease_until = null, refresh_lost_at = null
         from before where a.id = before.id
         returning before.state = 'needs_reauth' as revived`,
        [account.id, account.version, sealed.access, sealed.refresh, tokens.expiresInS, tokens.scopes],
      )
      return { stored: row !== undefined, revived: row?.revived ?? false }
    },

    /**
     * Takes accounts whose tokens were last validated longer than `maxAgeMs` ago, oldest first, and counts them as
     * validated from now on: two nodes never take the same one.
     */
    async takeDueForValidation(
      provider: Provider,
      { maxAgeMs, limit }: { maxAgeMs: number; limit: number },
    ): Promise<{ id: string; userId: string }[]> {
      return sql.query(
        `update accounts set validated_at = now() where id in (
           select id from accounts where provider = $1 and state = 'ok'
             and validated_at <= now() - make_interval(secs => $2 / 1000.0)
           order by validated_at limit $3 for update skip locked)
         returning id, user_id as "userId"`,
        [provider, maxAgeMs, limit],
      )
    },

    /** The validation could not be made: it is due again in `inMs`. */
    async putOffValidation(accountId: string, { maxAgeMs, inMs }: { maxAgeMs: number; inMs: number }): Promise<void> {
      await sql.execute('update accounts set validated_at = now() - make_interval(secs => $2 / 1000.0) where id = $1', [
        accountId,
        maxAgeMs - inMs,
      ])
    },
  }
}

const context = (provider: Provider, userId: string, kind: 'access' | 'refresh') => `${provider}:${userId}:${kind}`
