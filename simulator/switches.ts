/** How the platforms behave where nobody outside knows, or where they may change their mind. */
export interface Switches {
  /** Consent pages approve by themselves, as the first person. */
  autoApprove: boolean
  /** Only the registered applications may sign anybody in. */
  strictApps: boolean

  /** DonationAlerts: requests in one window. */
  rateLimit: number
  rateWindowMs: number
  /** Counts each streamer's requests by themselves instead of the application's together. */
  ratePerUser: boolean
  /** Sends `X-RateLimit-*` always and `Retry-After` with a 429. */
  rateHeaders: boolean
  /** Whether `/oauth/token` counts, too. */
  countTokenRequests: boolean

  daAccessTokenTtlS: number
  /** How long the old pair lives on after a refresh. */
  refreshGraceMs: number
  deadRefreshStatus: 400 | 401
  missingScopeStatus: 401 | 403
  /** `null`: tokens without `exp`. */
  socketTokenTtlS: number | null
  subscribeTokenTtlS: number | null
  /** What `/centrifuge/subscribe` says to a good request. */
  subscribeReply: 'normal' | 'empty' | 'refused'
  /** Whether a streamer's channel is signed for a socket that another streamer opened. */
  multiplexing: boolean

  recovery: boolean
  /** `null`: as the namespace says. 0: no history. */
  historySize: number | null
  historyTtlMs: number | null
  /** On a gap in what it delivers the server closes with 3010, as the real one does, instead of sending the next. */
  closeOnGap: boolean
  /** How many replies share a WebSocket message: a random number, always one, or as many as there are (4 at most). */
  grouping: 'random' | 'single' | 'full'
  socketVersion: string

  twitchAccessTokenTtlS: number
  /** Of an application's own token. */
  twitchAppTokenTtlS: number
  twitchRefreshRotates: boolean
  twitchDeadRefreshStatus: 400 | 401

  /** Helix: points a minute for an application by itself, and as many for each of its users. */
  helixPointsPerMinute: number
  /** … and the same for sending chat messages, which has a bucket of its own. */
  chatPointsPerMinute: number
  /** The Send API's answer to a bot that may not speak there. */
  sendForbiddenStatus: 401 | 403
  /** 20 messages in 30 s for an account in all channels together, 100 where it is more than a viewer. */
  globalSendCap: boolean
  /** One message a second and channel for an account that is but a viewer there. */
  channelSendCap: boolean
  /** Whether an account's own messages come back as events. */
  ownMessageEcho: boolean
  /** … and whether they do before the Send API has answered. */
  echoBeforeAnswer: boolean

  subscriptionPageSize: number
  shardPageSize: number
  /** Shards in one PATCH. */
  shardBatchMax: number
  /** Whether shards that a lower count took away are still listed. */
  removedShardsStayListed: boolean
  /** How long after the end of a conduit its subscriptions are said to have ended. */
  conduitDeletedDelayMs: number
  /** Which other shard an event is sent to when its own is disabled. */
  retryShard: 'next' | 'random'
  /** Whether a shard goes over to the new connection of a client that was told to move. */
  shardKeptOnReconnect: boolean
  /** Whether the old connection still hears everything when the new one does. */
  reconnectOverlap: boolean
  /** The shortest keepalive that a client may ask for. Twitch's is 10 s. */
  keepaliveMinS: number
  eventsubPingEveryMs: number
  eventsubPongWithinMs: number
  /** How long it takes Twitch to notice a connection that broke off without a close frame. */
  deadSocketNoticedMs: number
  /** Whether welcomes carry a field that no documentation knows. */
  recoveryUrl: boolean
}

/** Laravel's way of saying "for ever": 20 years less a second, as two independent test suites have it. */
const TWENTY_YEARS_S = 631_151_999

export const DEFAULT_SWITCHES: Readonly<Switches> = {
  autoApprove: false,
  strictApps: false,
  rateLimit: 60,
  rateWindowMs: 60_000,
  ratePerUser: false,
  rateHeaders: true,
  countTokenRequests: true,
  daAccessTokenTtlS: TWENTY_YEARS_S,
  refreshGraceMs: 0,
  deadRefreshStatus: 401,
  missingScopeStatus: 403,
  socketTokenTtlS: null,
  subscribeTokenTtlS: null,
  subscribeReply: 'normal',
  multiplexing: true,
  recovery: true,
  historySize: null,
  historyTtlMs: null,
  closeOnGap: false,
  grouping: 'random',
  socketVersion: '2.6.2',
  twitchAccessTokenTtlS: 14_124,
  twitchAppTokenTtlS: 5_011_271,
  twitchRefreshRotates: true,
  twitchDeadRefreshStatus: 400,
  helixPointsPerMinute: 800,
  chatPointsPerMinute: 2_400,
  sendForbiddenStatus: 403,
  globalSendCap: true,
  channelSendCap: true,
  ownMessageEcho: true,
  echoBeforeAnswer: true,
  subscriptionPageSize: 100,
  shardPageSize: 100,
  shardBatchMax: 10,
  removedShardsStayListed: false,
  conduitDeletedDelayMs: 60_000,
  retryShard: 'next',
  shardKeptOnReconnect: true,
  reconnectOverlap: false,
  keepaliveMinS: 10,
  eventsubPingEveryMs: 10_000,
  eventsubPongWithinMs: 10_000,
  deadSocketNoticedMs: 0,
  recoveryUrl: true,
}
