import { randomBytes } from 'node:crypto'
import type { Simulator } from '../simulator/simulator.ts'
import { createSecretBox, hashSecret, newSecret } from '../src/base/secret-box.ts'
import type { Sql } from '../src/persistence/database.ts'
import { SUBSCRIPTION_TYPES } from '../src/platforms/chat.ts'

/** The application that a node under test signs in with. */
const CLIENT = 'chatfolk-twitch'
const SCOPES = ['user:read:chat', 'user:bot', 'user:write:chat', 'channel:bot']
/** Beyond the ids that the simulator gives out by itself. */
const FIRST_ID = 100_000

export interface SeededChannel {
  id: string
  twitchId: string
  login: string
  overlayKey: string
}

/**
 * So many streamers whose bots ran before: rows in the database, and at the platform the conduit `home` with their
 * subscriptions, as a node finds them that comes back.
 */
export async function seedBots(
  db: Sql,
  { simulator, home, secretKey, count }: { simulator: Simulator; home: string; secretKey: string; count: number },
): Promise<SeededChannel[]> {
  const box = createSecretBox([Buffer.from(secretKey, 'base64')])
  const { twitch } = simulator
  const channels = Array.from({ length: count }, (_, n): SeededChannel => ({
    id: crypto.randomUUID(),
    twitchId: String(FIRST_ID + n),
    login: `seeded${n}`,
    overlayKey: newSecret(),
  }))
  const userIds = channels.map(() => crypto.randomUUID())
  await db.execute(
    `insert into users (id, twitch_user_id, login, display_name)
     select * from unnest($1::uuid[], $2::text[], $3::text[], $3::text[])`,
    [userIds, channels.map(({ twitchId }) => twitchId), channels.map(({ login }) => login)],
  )
  await db.execute(
    `insert into accounts (user_id, provider, external_id, external_name, application, access_token, granted_scopes)
     select *, 'none', $4::text[] from unnest($1::uuid[], array_fill('twitch'::text, array[cardinality($1::uuid[])]), $2::text[], $3::text[], array_fill('${CLIENT}'::text, array[cardinality($1::uuid[])]))`,
    [userIds, channels.map(({ twitchId }) => twitchId), channels.map(({ login }) => login), SCOPES],
  )
  await db.execute(
    `insert into channels (id, user_id, overlay_key_hash, overlay_key)
     select * from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::text[])`,
    [
      channels.map(({ id }) => id),
      userIds,
      channels.map(({ overlayKey }) => hashSecret(overlayKey)),
      channels.map(({ id, overlayKey }) => box.seal(overlayKey, `overlay-key:${id}`)),
    ],
  )
  await db.execute(`insert into assignments (kind, key, desired) select 'bot', unnest($1::text[]), true`, [
    channels.map(({ id }) => id),
  ])

  const rows: Array<{ channelId: string; type: string; readerUserId: string; subscriptionId: string }> = []
  for (const { id, twitchId, login } of channels) {
    twitch.chatters.add({ id: twitchId, login, name: login })
    twitch.authorizations.allow(twitchId, CLIENT, SCOPES)
    for (const type of SUBSCRIPTION_TYPES) {
      const reads = type.startsWith('channel.chat.') ? { user_id: twitchId } : {}
      const condition = { broadcaster_user_id: twitchId, ...reads }
      const made = twitch.subscriptions.create({
        client: CLIENT,
        type,
        version: '1',
        condition,
        conduitId: home,
        cost: 0,
      })
      if (!('made' in made)) throw new Error(`the platform has no room for ${type} of ${login}`)
      rows.push({ channelId: id, type, readerUserId: twitchId, subscriptionId: made.made.id })
    }
  }
  const column = <Key extends keyof (typeof rows)[number]>(key: Key) => rows.map((row) => row[key])
  await db.execute(
    `insert into chat_subscriptions (home, channel_id, type, reader_user_id, subscription_id)
     select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::text[])`,
    [home, column('channelId'), column('type'), column('readerUserId'), column('subscriptionId')],
  )
  return channels
}

export const newSecretKey = () => randomBytes(32).toString('base64')
