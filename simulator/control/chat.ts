import { randomUUID } from 'node:crypto'
import { isRecord, json } from '../http.ts'
import { MESSAGE_TYPES, type Badge } from '../twitch/chat-event.ts'
import type { Say } from '../twitch/chat.ts'
import { REPEATS } from '../twitch/delivery.ts'
import { NOTICES } from '../twitch/notices.ts'
import type { ControlOptions, ControlRoute } from './route.ts'
import {
  BadRequest,
  flag,
  integer,
  listOf,
  nullable,
  oneOf,
  optional,
  pattern,
  readFields,
  text,
  type Field,
} from './fields.ts'
import { chatterOf, color, nameField, talkerOf } from './chatters.ts'

const COUNT_MAX = 100_000
const DAY_MS = 86_400_000
const EMOTES_MAX = 100

const messageId = pattern(/^[\w-]{1,64}$/, 'an id of up to 64 letters, digits, _ and -')

const badge: Field<Badge> = (given) => {
  const expected = 'a badge like { "set_id": "vip", "id": "1", "info": "" }'
  if (!isRecord(given)) return { expected }
  const { set_id, id, info = '' } = given
  return typeof set_id === 'string' && typeof id === 'string' && typeof info === 'string'
    ? { is: { set_id, id, info } }
    : { expected }
}

const emotes: Field<Record<string, string>> = (given) => {
  const expected = 'emotes like { "myEmote": "emotesv2_1" }'
  if (!isRecord(given) || Object.keys(given).length > EMOTES_MAX) return { expected }
  return Object.values(given).every((id) => typeof id === 'string')
    ? { is: given as Record<string, string> }
    : { expected }
}

/** Talking in chat, and moderating it. */
export function chatControlRoutes({ twitch }: ControlOptions): ControlRoute[] {
  const { chat, chatters, standings, streams, ledger } = twitch
  const userAndChannel = { channel: nameField, user: nameField }
  const read = (body: unknown) => {
    const { channel, user } = readFields(body, userAndChannel)
    return { channel: chatterOf(chatters, 'channel', channel), user: chatterOf(chatters, 'user', user) }
  }
  return [
    {
      // One message, or many: over the channels in turn, by the viewers in turn.
      method: 'POST',
      path: '/control/twitch/say',
      run(body) {
        const fields = readFields(body, {
          channel: optional(nameField),
          channels: optional(listOf(nameField, 20_000)),
          as: optional(nameField),
          viewers: optional(listOf(nameField, 20_000)),
          text: text(10_000, 1),
          count: optional(integer(1, COUNT_MAX)),
          perSecond: optional(integer(1, 100_000)),
          duplicateEvery: optional(integer(1, COUNT_MAX)),
          repeat: optional(oneOf(...REPEATS)),
          ageMs: optional(integer(0, DAY_MS)),
          color: optional(color),
          badges: optional(listOf(badge, 20)),
          bits: optional(integer(0, 9_999_999)),
          replyTo: optional(messageId),
          messageType: optional(oneOf(...MESSAGE_TYPES)),
          emotes: optional(emotes),
          source: optional(nameField),
          rewardId: optional(nullable(messageId)),
        })
        const { channel, channels, as, viewers, count = 1, perSecond, duplicateEvery, source, ...said } = fields
        const places = namesOf('channel', channel, channels).map((name) => chatterOf(chatters, 'channel', name))
        const talkers = namesOf('as', as, viewers).map((name) => talkerOf(chatters, 'as', name))
        const shared = source === undefined ? undefined : chatterOf(chatters, 'source', source)
        const ids = Array.from({ length: count }, () => randomUUID() as string)
        const sayOne = (index: number) => {
          // Whoever reads only in turn would always meet the same channel: all viewers come round in each.
          const place = places[index % places.length] as (typeof places)[number]
          const talker = talkers[Math.floor(index / places.length) % talkers.length] as (typeof talkers)[number]
          const isDuplicate = duplicateEvery !== undefined && (index + 1) % duplicateEvery === 0
          const say: Say = {
            ...said,
            id: ids[index],
            text: said.text.replaceAll('{n}', String(index + 1)),
            source: shared,
            rewardId: said.rewardId ?? undefined,
            ...(isDuplicate ? { repeat: (index / duplicateEvery) % 2 < 1 ? 'same-id' : 'two-ids' } : {}),
          }
          return chat.say(place, talker, say)
        }
        if (count === 1 && places.length === 1) {
          const outcome = sayOne(0)
          if ('excluded' in outcome) throw new BadRequest([{ path: 'as', message: `is ${outcome.excluded} there` }])
        } else chat.sayAtPace({ count, perSecond: perSecond ?? Infinity, run: sayOne })
        return json(201, { ids })
      },
    },
    {
      method: 'POST',
      path: '/control/twitch/delete-message',
      run(body) {
        const { id } = readFields(body, { id: messageId })
        if (!chat.deleteMessage(id)) throw new BadRequest([{ path: 'id', message: 'is no message’s' }])
        return json(200, { deleted: id })
      },
    },
    {
      method: 'POST',
      path: '/control/twitch/clear',
      run(body) {
        const { channel } = readFields(body, { channel: nameField })
        chat.clear(chatterOf(chatters, 'channel', channel))
        return json(200, { cleared: channel })
      },
    },
    {
      method: 'POST',
      path: '/control/twitch/ban',
      run(body) {
        const { forS, ...who } = readFields(body, { ...userAndChannel, forS: optional(integer(1, 1_209_600)) })
        const { channel, user } = read(who)
        chat.exclude(channel, user, forS ?? null)
        return json(200, { excluded: user.login, subscriptionsEnded: twitch.revocations.review(channel.id) })
      },
    },
    {
      method: 'POST',
      path: '/control/twitch/unban',
      run(body) {
        const { channel, user } = read(body)
        standings.unban(channel.id, user.id)
        return json(200, { unbanned: user.login })
      },
    },
    {
      method: 'POST',
      path: '/control/twitch/notice',
      run(body) {
        const fields = readFields(body, {
          channel: nameField,
          as: nameField,
          type: oneOf(...NOTICES),
          count: optional(integer(1, COUNT_MAX)),
          text: optional(text(500)),
          recipient: optional(nameField),
        })
        const { type, count = 1, text: words = '' } = fields
        const place = chatterOf(chatters, 'channel', fields.channel)
        const from = talkerOf(chatters, 'as', fields.as)
        const recipient = fields.recipient === undefined ? from : talkerOf(chatters, 'recipient', fields.recipient)
        chat.notice(place, from, { type, count, text: words, recipient })
        return json(201, { noticed: type })
      },
    },
    {
      method: 'POST',
      path: '/control/twitch/stream',
      run(body) {
        const { channel, live } = readFields(body, { channel: nameField, live: flag })
        const changed = streams.set(chatterOf(chatters, 'channel', channel), live)
        return json(200, { live, changed })
      },
    },
    {
      // The end of what was said, with names: for eyes.
      method: 'GET',
      path: '/control/twitch/recent',
      run(_body, { url }) {
        const nameOf = (id: string) => chatters.byId(id)?.login ?? id
        const messages = ledger.last(limitOf(url)).map(({ id, channel, user, text, replyTo, notifications }) => {
          const { login = user, name = user, color = '' } = chatters.byId(user) ?? {}
          const fates = new Set(notifications.map(({ fate }) => fate))
          const fate = (['lost', 'dropped', 'delivered'] as const).find((one) => fates.has(one)) ?? 'unheard'
          return { id, channel: nameOf(channel), login, name, color, text, isReply: replyTo !== null, fate }
        })
        const live = streams.live().map(nameOf)
        return json(200, { messages, totals: ledger.totals(), live })
      },
    },
    {
      // What became of each message: to which sockets it went, and whether anything of it was lost.
      method: 'GET',
      path: '/control/twitch/messages',
      run(_body, { url }) {
        const channel = url.searchParams.get('channel')
        const limit = limitOf(url)
        if (channel === null) return json(200, { totals: ledger.totals(), messages: ledger.last(limit) })
        const place = chatterOf(chatters, 'channel', channel)
        const messages = ledger.messages().filter((message) => message.channel === place.id)
        return json(200, { totals: ledger.totals(), messages: messages.slice(Math.max(0, messages.length - limit)) })
      },
    },
  ]
}

function limitOf({ searchParams }: URL): number {
  const limit = Number(searchParams.get('limit') ?? Infinity)
  if (!(limit >= 0)) throw new BadRequest([{ path: 'limit', message: 'must be a number from 0 on' }])
  return limit
}

/** One or several, but not both and not none. */
function namesOf(path: string, one: string | undefined, several: string[] | undefined): string[] {
  if (several !== undefined && several.length > 0 && one === undefined) return several
  if (one === undefined || several !== undefined)
    throw new BadRequest([{ path, message: 'must be one, or a list in its plural field' }])
  return [one]
}
