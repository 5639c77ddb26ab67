import { json } from '../http.ts'
import type { Switches } from '../switches.ts'
import type { ControlOptions, ControlRoute } from './route.ts'
import { flag, integer, nullable, oneOf, optional, readFields, text, type Field } from './fields.ts'

const DAY_MS = 86_400_000
const LONGEST_TTL_S = 1_000_000_000

const SWITCHES: { [Name in keyof Switches]: Field<Switches[Name]> } = {
  autoApprove: flag,
  strictApps: flag,
  rateLimit: integer(0, 1_000_000),
  rateWindowMs: integer(1, DAY_MS),
  ratePerUser: flag,
  rateHeaders: flag,
  countTokenRequests: flag,
  daAccessTokenTtlS: integer(0, LONGEST_TTL_S),
  refreshGraceMs: integer(0, DAY_MS),
  deadRefreshStatus: oneOf(400, 401),
  missingScopeStatus: oneOf(401, 403),
  socketTokenTtlS: nullable(integer(-DAY_MS, LONGEST_TTL_S)),
  subscribeTokenTtlS: nullable(integer(-DAY_MS, LONGEST_TTL_S)),
  subscribeReply: oneOf('normal', 'empty', 'refused'),
  multiplexing: flag,
  recovery: flag,
  historySize: nullable(integer(0, 10_000)),
  historyTtlMs: nullable(integer(0, 30 * DAY_MS)),
  closeOnGap: flag,
  grouping: oneOf('random', 'single', 'full'),
  socketVersion: text(50, 1),
  twitchAccessTokenTtlS: integer(0, LONGEST_TTL_S),
  twitchAppTokenTtlS: integer(0, LONGEST_TTL_S),
  twitchRefreshRotates: flag,
  twitchDeadRefreshStatus: oneOf(400, 401),
  helixPointsPerMinute: integer(1, 1_000_000_000),
  chatPointsPerMinute: integer(1, 1_000_000_000),
  sendForbiddenStatus: oneOf(401, 403),
  globalSendCap: flag,
  channelSendCap: flag,
  ownMessageEcho: flag,
  echoBeforeAnswer: flag,
  subscriptionPageSize: integer(1, 100),
  shardPageSize: integer(1, 20_000),
  shardBatchMax: integer(1, 20_000),
  removedShardsStayListed: flag,
  conduitDeletedDelayMs: integer(0, DAY_MS),
  retryShard: oneOf('next', 'random'),
  shardKeptOnReconnect: flag,
  reconnectOverlap: flag,
  keepaliveMinS: integer(1, 600),
  eventsubPingEveryMs: integer(1, DAY_MS),
  eventsubPongWithinMs: integer(1, DAY_MS),
  deadSocketNoticedMs: integer(0, DAY_MS),
  recoveryUrl: flag,
}

export function switchRoutes({ switches }: ControlOptions): ControlRoute[] {
  const fields = Object.fromEntries(
    Object.entries(SWITCHES).map(([name, field]) => [name, optional(field as Field<unknown>)]),
  )
  return [
    { method: 'GET', path: '/control/switches', run: () => json(200, switches) },
    {
      method: 'PATCH',
      path: '/control/switches',
      run(body) {
        const turned = Object.entries(readFields(body, fields)).filter(([, to]) => to !== undefined)
        Object.assign(switches, Object.fromEntries(turned))
        return json(200, switches)
      },
    },
  ]
}
