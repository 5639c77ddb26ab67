import type { Sql } from './database.ts'

export interface User {
  id: string
  twitchUserId: string
  /** The name in addresses: lower case, changeable at Twitch. */
  login: string
  displayName: string
}

export interface TwitchIdentity {
  id: string
  login: string
  name: string
}

/** People who signed in, by their id at Twitch: a person who renames themself there stays the same person here. */
export function createUsers(sql: Sql) {
  return {
    /** The user of this Twitch account, made at the first sight and renamed where Twitch says so. */
    async recognise({ id, login, name }: TwitchIdentity): Promise<User> {
      const [user] = await sql.query<User>(
        `insert into users (twitch_user_id, login, display_name) values ($1, $2, $3)
         on conflict (twitch_user_id) do update set login = excluded.login, display_name = excluded.display_name
         returning id, twitch_user_id as "twitchUserId", login, display_name as "displayName"`,
        [id, login, name],
      )
      return user as User
    },
  }
}
