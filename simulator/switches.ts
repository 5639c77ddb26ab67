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
  twitchRefreshRotates: boolean
  twitchDeadRefreshStatus: 400 | 401
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
  twitchRefreshRotates: true,
  twitchDeadRefreshStatus: 400,
}
