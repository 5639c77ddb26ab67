import type { MovableClock } from '../clock.ts'
import type { Channels } from '../donationalerts/channels.ts'
import type { Donations } from '../donationalerts/donations.ts'
import type { RateWindow } from '../donationalerts/rate-window.ts'
import type { SocketServer } from '../donationalerts/socket.ts'
import type { Faults } from '../faults.ts'
import type { Grants } from '../grants.ts'
import type { Exchange, Reply, Route } from '../http.ts'
import type { People, Person } from '../people.ts'
import type { RequestLog } from '../request-log.ts'
import type { Switches } from '../switches.ts'
import type { Twitch } from '../twitch/twitch.ts'
import { BadRequest } from './fields.ts'

export interface ControlOptions {
  clock: MovableClock
  people: People
  donations: Donations
  channels: Channels
  sockets: SocketServer
  twitch: Twitch
  twitchGrants: Grants
  daGrants: Grants
  faults: Faults
  switches: Switches
  log: RequestLog
  rateWindow: RateWindow
  reset(): void
}

/** A control action: its path below `/control`, and what it does with the body. */
export interface ControlRoute {
  method: Route['method']
  path: string | RegExp
  run(body: unknown, exchange: Exchange, params: string[]): Reply | Promise<Reply>
}

/** The person with this id at DonationAlerts. @throws BadRequest */
export function streamerOf(people: People, daId: string): Person {
  const person = people.byDaId(daId)
  if (!person) throw new BadRequest([{ path: 'daId', message: `there is no streamer ${daId}` }])
  return person
}
