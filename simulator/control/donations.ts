import { donationChannel, PUSHES } from '../donationalerts/donations.ts'
import { json } from '../http.ts'
import { streamerOf, type ControlOptions, type ControlRoute } from './route.ts'
import {
  BadRequest,
  either,
  flag,
  id,
  integer,
  listOf,
  nullable,
  numeric,
  oneOf,
  optional,
  readFields,
  record,
  text,
  zonelessTime,
} from './fields.ts'

const COUNT_MAX = 10_000
const DAY_MS = 86_400_000

export function donationRoutes({ people, donations, channels }: ControlOptions): ControlRoute[] {
  return [
    {
      method: 'POST',
      path: '/control/donations',
      run(body) {
        const { daId, ...donation } = readFields(body, {
          daId: id,
          username: optional(nullable(text())),
          message: optional(nullable(text())),
          messageType: optional(oneOf('text', 'audio')),
          amount: optional(either(numeric, text(100))),
          currency: optional(text(100)),
          createdAt: optional(zonelessTime),
          payinSystem: optional(nullable(text(100))),
          count: optional(integer(1, COUNT_MAX)),
          push: optional(oneOf(...PUSHES)),
          ids: optional(oneOf('ascending', 'reversed')),
          restDelayMs: optional(integer(0, 30 * DAY_MS)),
          raw: optional(record),
          omit: optional(listOf(text(100), 100)),
        })
        return json(201, { ids: donations.donate(streamerOf(people, daId), donation) })
      },
    },
    {
      method: 'GET',
      path: '/control/donations',
      run(_body, { url }) {
        const daId = url.searchParams.get('daId') ?? undefined
        return json(200, { total: donations.total(), donations: donations.records(daId) })
      },
    },
    {
      method: 'DELETE',
      path: /^\/control\/donations\/(\d{1,15})$/,
      run(_body, _exchange, [number]) {
        if (!donations.remove(Number(number)))
          return json(404, { status: 404, message: `there is no donation ${number}` })
        return json(200, { deleted: Number(number) })
      },
    },
    {
      method: 'POST',
      path: '/control/reorder',
      run(body) {
        const { daId, hold } = readFields(body, { daId: id, hold: integer(0, COUNT_MAX) })
        channels.hold(donationChannel(streamerOf(people, daId).daId), hold)
        return json(200, { hold })
      },
    },
    {
      method: 'POST',
      path: '/control/epoch',
      run(body) {
        const fields = readFields(body, { daId: id, close: optional(flag) })
        const channel = donationChannel(streamerOf(people, fields.daId).daId)
        const listeners = fields.close === true ? channels.listening(channel) : []
        channels.resetEpoch(channel)
        for (const listener of listeners) listener.lostTrack()
        return json(200, { epoch: channels.standing(channel, null).position?.epoch ?? null, closed: listeners.length })
      },
    },
    {
      // Publishes anything into any channel: goals, polls, nonsense.
      method: 'POST',
      path: '/control/publish',
      run(body) {
        const { channel, data } = readFields(body, { channel: text(255, 1), data: (given) => ({ is: given }) })
        if (!channels.settings(channel)) throw new BadRequest([{ path: 'channel', message: 'is in no namespace' }])
        return json(200, { seq: channels.publish(channel, JSON.stringify(data ?? null)) })
      },
    },
  ]
}
