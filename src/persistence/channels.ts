import { hasCode } from '../base/errors.ts'
import { hashSecret, newSecret, type SecretBox } from '../base/secret-box.ts'
import { applySettings, DEFAULT_SETTINGS, type ChannelSettings, type SettingsPatch } from '../domain/settings.ts'
import type { Sql } from './database.ts'

/** A tenant: one streamer's channel. */
export interface Channel {
  id: string
  userId: string
  login: string
  /** The streamer's id at Twitch. */
  twitchUserId: string
  settings: ChannelSettings
  settingsRev: number
  overlayKeyRev: number
  alertsPaused: boolean
  overlaySeenAt: Date | null
}

export type Channels = ReturnType<typeof createChannels>

interface Row {
  id: string
  user_id: string
  login: string
  twitch_user_id: string
  settings: SettingsPatch
  settings_rev: number
  overlay_key: string
  overlay_key_rev: number
  alerts_paused: boolean
  overlay_seen_at: Date | null
}

const SELECT = `select c.id, c.user_id, u.login, u.twitch_user_id, c.settings, c.settings_rev, c.overlay_key, c.overlay_key_rev,
  c.alerts_paused, c.overlay_seen_at from channels c join users u on u.id = c.user_id`

export function createChannels(db: Sql, box: SecretBox) {
  const keyContext = (channelId: string) => `overlay-key:${channelId}`
  const one = async (where: string, value: unknown) => (await db.query<Row>(`${SELECT} where ${where}`, [value]))[0]

  const openKey = (channelId: string, sealed: string): string | undefined => {
    try {
      return box.open(sealed, keyContext(channelId))
    } catch (error) {
      if (hasCode(error, 'secret-unreadable')) return undefined
      throw error
    }
  }

  return {
    /** Creates the user's channel; a second call changes nothing. */
    async create(userId: string, settings: SettingsPatch): Promise<{ created: boolean }> {
      const key = newSecret()
      // The id comes first: the sealed key is bound to it.
      const id = crypto.randomUUID()
      const created = await db.execute(
        `insert into channels (id, user_id, settings, overlay_key_hash, overlay_key) values ($1, $2, $3, $4, $5)
         on conflict (user_id) do nothing`,
        [id, userId, JSON.stringify(settings), hashSecret(key), box.seal(key, keyContext(id))],
      )
      return { created: created === 1 }
    },

    async byId(channelId: string): Promise<Channel | undefined> {
      return toChannel(await one('c.id = $1', channelId))
    },

    async byUser(userId: string): Promise<Channel | undefined> {
      return toChannel(await one('c.user_id = $1', userId))
    },

    async byOverlayKey(key: string): Promise<Channel | undefined> {
      return toChannel(await one('c.overlay_key_hash = $1', hashSecret(key)))
    },

    /** The key itself, for its owner alone; `undefined` where no key of ours opens it any more: it can be replaced. */
    async overlayKey(channelId: string): Promise<string | undefined> {
      const row = await one('c.id = $1', channelId)
      return row && openKey(channelId, row.overlay_key)
    },

    /**
     * Seals with the first key again what an older one sealed, so that the older one can be taken out of use.
     * @returns how many that were, and how many no key opens.
     */
    async resealOverlayKeys(): Promise<{ resealed: number; unreadable: number }> {
      const rows = await db.query<{ id: string; overlay_key: string }>('select id, overlay_key from channels')
      const found = { resealed: 0, unreadable: 0 }
      for (const { id, overlay_key: sealed } of rows.filter((row) => box.isStale(row.overlay_key))) {
        const key = openKey(id, sealed)
        if (key === undefined) {
          found.unreadable++
          continue
        }
        // A key that was replaced meanwhile is sealed well already.
        found.resealed += await db.execute('update channels set overlay_key = $3 where id = $1 and overlay_key = $2', [
          id,
          sealed,
          box.seal(key, keyContext(id)),
        ])
      }
      return found
    },

    /** A new key; every stream and ticket of the old one is void from here on. */
    async rotateOverlayKey(channelId: string): Promise<{ key: string; rev: number } | undefined> {
      const key = newSecret()
      const [row] = await db.query<{ overlay_key_rev: number }>(
        `update channels set overlay_key_hash = $2, overlay_key = $3, overlay_key_rev = overlay_key_rev + 1
         where id = $1 returning overlay_key_rev`,
        [channelId, hashSecret(key), box.seal(key, keyContext(channelId))],
      )
      return row && { key, rev: row.overlay_key_rev }
    },

    /**
     * Merges a patch in one statement, down to the single settings of a command: two tabs that change different
     * settings do not undo each other.
     */
    async changeSettings(
      channelId: string,
      patch: SettingsPatch,
    ): Promise<{ settings: ChannelSettings; rev: number } | undefined> {
      const { alerts = {}, chat = {}, ...top } = patch
      const { commands = {}, ...talk } = chat
      const [row] = await db.query<{ settings: SettingsPatch; settings_rev: number }>(
        `update channels set settings_rev = settings_rev + 1,
           settings = settings || $2::jsonb || jsonb_build_object(
             'alerts', coalesce(settings->'alerts', '{}') || $3::jsonb,
             'chat', coalesce(settings->'chat', '{}') || $4::jsonb || jsonb_build_object(
               'commands', coalesce(settings->'chat'->'commands', '{}') || coalesce((
                 select jsonb_object_agg(name, coalesce(settings->'chat'->'commands'->name, '{}') || change)
                 from jsonb_each($5::jsonb) as changes (name, change)
               ), '{}')
             )
           )
         where id = $1 returning settings, settings_rev`,
        [channelId, ...[top, alerts, talk, commands].map((part) => JSON.stringify(part))],
      )
      return row && { settings: applySettings(DEFAULT_SETTINGS, row.settings), rev: row.settings_rev }
    },

    async setAlertsPaused(channelId: string, paused: boolean): Promise<void> {
      await db.execute('update channels set alerts_paused = $2 where id = $1', [channelId, paused])
    },

    /** Remembers that an overlay was here: «we last saw your OBS …». */
    async noteOverlaySeen(channelId: string): Promise<void> {
      await db.execute('update channels set overlay_seen_at = now() where id = $1', [channelId])
    },
  }
}

function toChannel(row: Row | undefined): Channel | undefined {
  return (
    row && {
      id: row.id,
      userId: row.user_id,
      login: row.login,
      twitchUserId: row.twitch_user_id,
      settings: applySettings(DEFAULT_SETTINGS, row.settings),
      settingsRev: row.settings_rev,
      overlayKeyRev: row.overlay_key_rev,
      alertsPaused: row.alerts_paused,
      overlaySeenAt: row.overlay_seen_at,
    }
  )
}
