import { parseLook, type AvatarLook } from '../domain/avatar-look.ts'
import type { Sql } from './database.ts'

export type Looks = ReturnType<typeof createLooks>

/** The characters that people have dressed themselves, by their ids at Twitch. */
export function createLooks(db: Sql) {
  return {
    /**
     * The looks of these people, in one statement. Who never chose one is left out; so is a look with a part that this
     * version does not know.
     */
    async of(twitchUserIds: readonly string[]): Promise<Map<string, AvatarLook>> {
      if (twitchUserIds.length === 0) return new Map()
      const rows = await db.query<{ id: string; look: unknown }>(
        'select twitch_user_id as id, look from looks where twitch_user_id = any($1)',
        [twitchUserIds],
        { name: 'looks-of' },
      )
      return new Map(
        rows.flatMap(({ id, look }) => {
          const known = parseLook(look)
          return known ? [[id, known] as const] : []
        }),
      )
    },

    async set(twitchUserId: string, look: AvatarLook): Promise<void> {
      await db.execute(
        `insert into looks (twitch_user_id, look) values ($1, $2)
         on conflict (twitch_user_id) do update set look = excluded.look, updated_at = now()`,
        [twitchUserId, JSON.stringify(look)],
      )
    },

    /** False where there was none. */
    remove: async (twitchUserId: string): Promise<boolean> =>
      (await db.execute('delete from looks where twitch_user_id = $1', [twitchUserId])) > 0,
  }
}
