import { randomBytes } from 'node:crypto'
import { createSecretBox } from '../../src/base/secret-box.ts'
import { type Account, type Accounts, type NewTokens, type Provider } from '../../src/persistence/accounts.ts'
import type { Sql } from '../../src/persistence/database.ts'
import { createUsers, type User } from '../../src/persistence/users.ts'

export const newTestBox = () => createSecretBox([randomBytes(32)])

/** A user with a login of their own. */
export function addUser(sql: Sql, login = `u${randomBytes(4).toString('hex')}`): Promise<User> {
  return createUsers(sql).recognise({ id: `tw-${login}`, login, name: login.toUpperCase() })
}

/** A channel as the app would make it, where a test only needs there to be one. */
export async function addChannel(sql: Sql, userId: string): Promise<string> {
  const [channel] = await sql.query<{ id: string }>(
    `insert into channels (user_id, overlay_key_hash, overlay_key) values ($1, $2, $3)
     on conflict (user_id) do update set user_id = excluded.user_id returning id`,
    [userId, randomBytes(32), 'sealed'],
  )
  return channel?.id ?? ''
}

/** A new user's account at a platform. */
export async function addAccount(
  sql: Sql,
  accounts: Accounts,
  { provider = 'donationalerts', tokens }: { provider?: Provider; tokens: NewTokens },
): Promise<Account> {
  const user = await addUser(sql)
  const connected = await accounts.connect({
    userId: user.id,
    provider,
    externalId: `ext-${user.login}`,
    externalName: user.login,
    application: 'app-1',
    tokens,
  })
  const account = connected.ok ? await accounts.find(connected.accountId) : null
  if (!account) throw new Error('the account was not stored')
  return account
}
