import { json } from '../http.ts'
import { shardView, type Conduit } from '../twitch/conduits.ts'
import type { Session } from '../twitch/eventsub-session.ts'
import { viewOf } from '../twitch/subscription-routes.ts'
import { ENDED_STATUSES } from '../twitch/subscriptions.ts'
import type { ControlOptions, ControlRoute } from './route.ts'
import { BadRequest, flag, integer, oneOf, optional, pattern, readFields, text } from './fields.ts'
import { chatterOf, nameField } from './chatters.ts'

const DAY_MS = 86_400_000
/** Broken off without a close frame; cannot be sent, only done. */
const BROKEN_OFF = 1006

/** Whose sockets: exactly one of these. */
const SCOPE = {
  session: optional(text(100, 1)),
  shard: optional(pattern(/^\d{1,5}$/, 'the number of a shard, as text')),
  all: optional(flag),
}
interface Scope {
  session?: string | undefined
  shard?: string | undefined
  all?: boolean | undefined
}

/** Conduits, their shards' sockets and subscriptions: to look at, and to break. */
export function eventSubRoutes({ twitch }: ControlOptions): ControlRoute[] {
  const { conduits, sockets, subscriptions, revocations, chatters } = twitch

  const chosen = ({ session, shard, all }: Scope): Session[] => {
    const given = [session, shard].filter((choice) => choice !== undefined).length + (all === true ? 1 : 0)
    if (given !== 1) throw new BadRequest([{ path: 'shard', message: 'give one of session, shard and "all": true' }])
    return sockets
      .sessions()
      .filter((open) => all === true || open.id === session || conduits.heldBy(open).some((held) => held.id === shard))
  }
  const socketView = (session: Session) => ({
    ...session.state(),
    shards: conduits.heldBy(session).map(({ id, conduit }) => ({ conduit: conduit.id, id })),
  })
  const conduitView = (conduit: Conduit) => ({
    id: conduit.id,
    client: conduit.client,
    shardCount: conduit.shardCount,
    shards: [...conduit.shards.values()].map(shardView),
    subscriptions: subscriptions
      .all()
      .filter(({ conduitId, status }) => conduitId === conduit.id && status === 'enabled').length,
  })

  return [
    {
      method: 'GET',
      path: '/control/twitch/conduits',
      run: () => json(200, { conduits: conduits.all().map(conduitView), sockets: sockets.sessions().map(socketView) }),
    },
    {
      method: 'GET',
      path: '/control/twitch/subscriptions',
      run(_body, { url }) {
        const channel = url.searchParams.get('channel')
        const subject = channel === null ? null : chatterOf(chatters, 'channel', channel).id
        const found = subscriptions.all().filter((subscription) => subject === null || subscription.subject === subject)
        return json(200, { total: found.length, subscriptions: found.map(viewOf) })
      },
    },
    {
      method: 'POST',
      path: '/control/twitch/subscriptions/end',
      run(body) {
        const { id, channel, type, status } = readFields(body, {
          id: optional(text(64, 1)),
          channel: optional(nameField),
          type: optional(text(100, 1)),
          status: oneOf(...ENDED_STATUSES),
        })
        const subject = channel === undefined ? undefined : chatterOf(chatters, 'channel', channel).id
        const ended = subscriptions
          .all()
          .filter(
            (subscription) =>
              subscription.status === 'enabled' &&
              (id ?? subscription.id) === subscription.id &&
              (subject ?? subscription.subject) === subscription.subject &&
              (type ?? subscription.type) === subscription.type,
          )
        revocations.end(ended, status)
        return json(200, { ended: ended.length })
      },
    },
    {
      method: 'POST',
      path: '/control/twitch/conduits/delete',
      run(body) {
        const { id } = readFields(body, { id: text(64, 1) })
        const conduit = conduits.get(id)
        if (!conduit) throw new BadRequest([{ path: 'id', message: 'is no conduit’s' }])
        conduits.remove(conduit)
        return json(200, { deleted: id })
      },
    },
    {
      // With 1006 it breaks off, and Twitch notices after `noticedAfterMs`.
      method: 'POST',
      path: '/control/twitch/sockets/close',
      run(body) {
        const { code, noticedAfterMs, ...scope } = readFields(body, {
          ...SCOPE,
          code: integer(1000, 4999),
          noticedAfterMs: optional(integer(0, DAY_MS)),
        })
        if (code !== BROKEN_OFF && code < 4000 && ![1000, 1001, 1011, 1012].includes(code))
          throw new BadRequest([{ path: 'code', message: 'must be 4000 to 4999, 1000, 1001, 1011, 1012 or 1006' }])
        const sessions = chosen(scope)
        for (const session of sessions) {
          if (code === BROKEN_OFF) session.breakOff(noticedAfterMs ?? 0)
          else session.close(code)
        }
        return json(200, { closed: sessions.length })
      },
    },
    {
      method: 'POST',
      path: '/control/twitch/sockets/half-open',
      run(body) {
        const { pings = false, ...scope } = readFields(body, { ...SCOPE, pings: optional(flag) })
        const sessions = chosen(scope)
        for (const session of sessions) session.halfOpen(pings)
        return json(200, { halfOpen: sessions.length })
      },
    },
    {
      // Twitch notices what is dead, without waiting for a pong.
      method: 'POST',
      path: '/control/twitch/sockets/notice',
      run(body) {
        const dead = chosen(readFields(body, SCOPE)).filter((session) =>
          ['dead', 'mute'].includes(session.state().state),
        )
        for (const session of dead) session.notice('websocket_network_timeout')
        return json(200, { noticed: dead.length })
      },
    },
    {
      method: 'POST',
      path: '/control/twitch/sockets/reconnect',
      run(body) {
        const sessions = chosen(readFields(body, SCOPE)).filter((session) => session.state().state === 'connected')
        for (const session of sessions) sockets.askToReconnect(session)
        return json(200, { reconnecting: sessions.length })
      },
    },
  ]
}
