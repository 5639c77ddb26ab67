import { hashSecret, newSecret } from '../base/secret-box.ts'
import type { Sql } from './database.ts'

export type Sessions = ReturnType<typeof createSessions>

/** A session ends this long after it was last used. */
export const SESSION_TTL_S = 30 * 24 * 60 * 60

/** Who is behind a session, with the channel they may act on. */
export interface SessionOwner {
  userId: string
  /** The person's id at Twitch. */
  twitchUserId: string
  login: string
  name: string
  channelId: string | null
}

export interface FoundSession extends SessionOwner {
  /** Its end was moved just now: the browser's copy of it should be moved too. */
  extended: boolean
}

/**
 * Sign-ins of browsers. Only hashes of the ids are stored: a stolen copy of the database opens no session.
 */
export function createSessions(sql: Sql) {
  return {
    /** A new session; the returned id is all its bearer needs, and exists nowhere else. */
    async start(userId: string): Promise<string> {
      const id = newSecret()
      await sql.execute(
        `with expired as (
           delete from sessions where id_hash in (
             select id_hash from sessions where expires_at < now() order by expires_at limit 100 for update skip locked
           )
         )
         insert into sessions (id_hash, user_id, expires_at) values ($1, $2, now() + make_interval(secs => $3))`,
        [hashSecret(id), userId, SESSION_TTL_S],
      )
      return id
    },

    /** The session's owner, or `null` where it never was, ran out or was ended. Using it moves its end, hourly at most. */
    async find(id: string): Promise<FoundSession | null> {
      const idHash = hashSecret(id)
      const [found] = await sql.query<SessionOwner & { aged: boolean }>(
        `select users.id as "userId", users.twitch_user_id as "twitchUserId", users.login, users.display_name as name, channels.id as "channelId",
                sessions.seen_at < now() - interval '1 hour' as aged
         from sessions join users on users.id = sessions.user_id left join channels on channels.user_id = users.id
         where sessions.id_hash = $1 and sessions.expires_at > now()`,
        [idHash],
        { name: 'find-session' },
      )
      if (!found) return null
      const { aged, ...owner } = found
      if (!aged) return { ...owner, extended: false }
      const extended = await sql.execute(
        `update sessions set seen_at = now(), expires_at = now() + make_interval(secs => $2)
         where id_hash = $1 and expires_at > now()`,
        [idHash, SESSION_TTL_S],
      )
      return extended === 1 ? { ...owner, extended: true } : null
    },

    async end(id: string): Promise<void> {
      await sql.execute('delete from sessions where id_hash = $1', [hashSecret(id)])
    },

    /** Signs a user out everywhere. Answers how many sessions that ended. */
    endAllOf: (userId: string): Promise<number> => sql.execute('delete from sessions where user_id = $1', [userId]),
  }
}
