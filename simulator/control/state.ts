import { donationChannel } from '../donationalerts/donations.ts'
import { json } from '../http.ts'
import type { ControlOptions, ControlRoute } from './route.ts'
import { BadRequest, integer, readFields } from './fields.ts'

/** About four months: longer than any token or history that a test waits out. */
const ADVANCE_MAX_MS = 10_000_000_000

export function stateRoutes({
  clock,
  people,
  donations,
  channels,
  sockets,
  twitch,
  faults,
  log,
  rateWindow,
  switches,
  reset,
}: ControlOptions): ControlRoute[] {
  const state = () => {
    const sessions = sockets.sessions().map((session) => session.state())
    return {
      now: new Date(clock.now()).toISOString(),
      advancedMs: clock.advancedMs(),
      streamers: people.all().map((person) => {
        const channel = donationChannel(person.daId)
        const { position } = channels.standing(channel, null)
        return {
          ...person,
          donations: donations.countOf(person.daId),
          sockets: sessions.filter(({ user }) => user === person.daId).length,
          listeners: channels.listeners(channel),
          position,
        }
      }),
      sockets: sessions,
      donations: donations.total(),
      twitch: {
        conduits: twitch.conduits.all().length,
        subscriptions: twitch.subscriptions.count(),
        sockets: twitch.sockets.sessions().length,
        chat: twitch.ledger.totals(),
        sent: twitch.outbox.total(),
      },
      requests: log.total(),
      rateWindow: rateWindow.used(),
      faults: faults.active().map(({ target, kind }) => ({ target, kind })),
    }
  }
  return [
    { method: 'GET', path: '/control/state', run: () => json(200, state()) },
    {
      method: 'GET',
      path: '/control/requests',
      run(_body, { url }) {
        const limit = Number(url.searchParams.get('limit') ?? Infinity)
        if (!(limit >= 0)) throw new BadRequest([{ path: 'limit', message: 'must be a number from 0 on' }])
        const requests = log.all()
        return json(200, {
          total: log.total(),
          rateWindowMs: switches.rateWindowMs,
          maxInWindow: log.maxInWindow(switches.rateWindowMs),
          requests: limit >= requests.length ? requests : requests.slice(requests.length - limit),
        })
      },
    },
    {
      method: 'POST',
      path: '/control/clock',
      async run(body) {
        const { advanceMs } = readFields(body, { advanceMs: integer(0, ADVANCE_MAX_MS) })
        await clock.advance(advanceMs)
        return json(200, { now: new Date(clock.now()).toISOString(), advancedMs: clock.advancedMs() })
      },
    },
    {
      method: 'POST',
      path: '/control/reset',
      run() {
        reset()
        return json(200, state())
      },
    },
  ]
}
