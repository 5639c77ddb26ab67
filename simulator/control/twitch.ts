import { APPLICATIONS } from '../applications.ts'
import { json } from '../http.ts'
import type { ControlOptions, ControlRoute } from './route.ts'
import { BadRequest, flag, id, integer, oneOf, optional, readFields, text } from './fields.ts'
import { chatterOf, color, nameField, scopesField } from './chatters.ts'

const VIEWERS_MAX = 100_000
const MONTHS_MAX = 240

const login = nameField

/** Who there is at Twitch, what they are in channels and what they have allowed; and what bots have said. */
export function twitchRoutes({ twitch, twitchGrants }: ControlOptions): ControlRoute[] {
  const { authorizations, chatters, standings, revocations, outbox } = twitch
  const client = optional(text(100, 1))
  return [
    {
      // One by name, or many at once: `prefix` and a number each.
      method: 'POST',
      path: '/control/twitch/viewers',
      run(body) {
        const {
          count,
          prefix = 'viewer',
          ...one
        } = readFields(body, {
          login: optional(login),
          name: optional(text(100, 1)),
          id: optional(id),
          color: optional(color),
          count: optional(integer(1, VIEWERS_MAX)),
          prefix: optional(login),
        })
        if ((count === undefined) === (one.login === undefined))
          throw new BadRequest([{ path: 'login', message: 'give either a login or a count' }])
        const wanted =
          one.login === undefined
            ? Array.from({ length: count ?? 0 }, (_, index) => ({ login: `${prefix}${index + 1}`, color: one.color }))
            : [{ ...one, login: one.login.toLowerCase(), name: one.name ?? one.login }]
        const viewers = wanted.map((fields) => {
          const made = chatters.add(fields)
          if ('taken' in made)
            throw new BadRequest([{ path: made.taken, message: `belongs to another: ${fields.login}` }])
          return made
        })
        return json(201, { viewers })
      },
    },
    { method: 'GET', path: '/control/twitch/viewers', run: () => json(200, { viewers: chatters.viewers() }) },
    {
      method: 'POST',
      path: '/control/twitch/standing',
      run(body) {
        const { channel, user, ...standing } = readFields(body, {
          channel: nameField,
          user: nameField,
          moderator: optional(flag),
          vip: optional(flag),
          subscriberMonths: optional(integer(0, MONTHS_MAX)),
        })
        const place = chatterOf(chatters, 'channel', channel)
        const whom = chatterOf(chatters, 'user', user)
        const given = Object.entries(standing).filter(([, is]) => is !== undefined)
        standings.set(place.id, whom.id, Object.fromEntries(given))
        return json(200, {
          ...standings.of(place.id, whom.id),
          subscriptionsEnded: revocations.review(place.id),
        })
      },
    },
    {
      // As if they had consented: without a browser, without a token.
      method: 'POST',
      path: '/control/twitch/allow',
      run(body) {
        const fields = readFields(body, { user: nameField, scopes: scopesField, client })
        const user = chatterOf(chatters, 'user', fields.user)
        const scopes = fields.scopes.split(' ').filter(Boolean)
        authorizations.allow(user.id, fields.client ?? APPLICATIONS.twitch, scopes)
        return json(200, { allowed: scopes })
      },
    },
    {
      method: 'POST',
      path: '/control/twitch/revoke',
      run(body) {
        const fields = readFields(body, {
          user: nameField,
          client,
          status: optional(oneOf('authorization_revoked', 'user_removed')),
        })
        const user = chatterOf(chatters, 'user', fields.user)
        const application = fields.client ?? APPLICATIONS.twitch
        const ended = revocations.revoke(user, application, fields.status ?? 'authorization_revoked')
        return json(200, { subscriptionsEnded: ended })
      },
    },
    {
      // Those of the application by itself, before their time.
      method: 'POST',
      path: '/control/twitch/end-app-tokens',
      run(body) {
        const { client: application = APPLICATIONS.twitch } = readFields(body, { client })
        twitchGrants.kill(null, 'access', application)
        return json(200, { ended: application })
      },
    },
    {
      method: 'GET',
      path: '/control/twitch/sent',
      run(_body, { url }) {
        const name = url.searchParams.get('channel')
        const channel = name === null ? null : chatterOf(chatters, 'channel', name).id
        const sent = outbox.all().filter((message) => channel === null || message.channel === channel)
        return json(200, { total: outbox.total(), sent })
      },
    },
    {
      // The next messages are dropped with a code, or refused with a status.
      method: 'POST',
      path: '/control/twitch/refusals',
      run(body) {
        const {
          channel,
          sender,
          times = 1,
          code,
          status,
          message = 'not today',
        } = readFields(body, {
          channel: optional(nameField),
          sender: optional(nameField),
          times: optional(integer(1, 1_000_000)),
          code: optional(text(100, 1)),
          status: optional(oneOf(400, 401, 403, 422, 429, 500)),
          message: optional(text(500)),
        })
        if ((code === undefined) === (status === undefined))
          throw new BadRequest([{ path: 'code', message: 'give either a code or a status' }])
        outbox.refuse({
          channel: channel === undefined ? undefined : chatterOf(chatters, 'channel', channel).id,
          sender: sender === undefined ? undefined : chatterOf(chatters, 'sender', sender).id,
          times,
          with: code === undefined ? { status: status ?? 403, message } : { code, message },
        })
        return json(201, { times })
      },
    },
  ]
}
