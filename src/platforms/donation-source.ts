import type { ParsedDonation, StreamPosition } from '../domain/donation.ts'

/**
 * A platform that tells us of donations: pushed over a socket, recovered by position after a gap, and read back from
 * its history for reconciliation. DonationAlerts today; the port fits its relatives.
 * Each promise rejects with AppError: `platform-rate-limit` (details: `retryAfterMs` or null), `platform-server`,
 * `platform-network`, `platform-auth` (the access token is refused), `missing-scope`, `platform-invalid`; where the
 * caller's signal ends it, with the signal's reason.
 * Each call but `openSocket` is exactly one request: the caller pays for it from the application's budget.
 */
export interface DonationSource {
  profile(accessToken: string, signal?: AbortSignal): Promise<DonationAccountProfile>
  /** Newest first. `page` starts at 1. */
  donationsPage(request: {
    accessToken: string
    accountId: string
    page: number
    signal?: AbortSignal
  }): Promise<DonationsPage>
  /** A permission to subscribe, good only for this connection's `client`. `missing-scope` where the platform gives none. */
  signSubscription(request: {
    accessToken: string
    accountId: string
    client: string
    signal?: AbortSignal
  }): Promise<string>
  openSocket(options: DonationSocketOptions): DonationSocket
}

export interface DonationAccountProfile {
  accountId: string
  name: string
  socketToken: string
}

export interface DonationsPage {
  /** In the platform's order: newest first. */
  items: ParsedDonation[]
  lastPage: number
}

export interface DonationSocketOptions {
  accountId: string
  socketToken: string
  /** Asked right before each subscribe: where to recover from, or `null` to begin at now. */
  position(): StreamPosition | null
  /**
   * Signs `client`; it rejects → the socket closes with that error as `cause`. It may take as long as the budget makes
   * it wait, and is asked again where the platform wants a new signature or unsubscribed us.
   */
  sign(client: string): Promise<string>
  /** At each subscription of this connection, before anything that was pushed on it. */
  onSubscribed(result: SubscribeResult): void
  onPublication(publication: Publication): void
}

export interface Publication {
  /** `null` where the platform keeps no history of this stream. */
  seq: number | null
  item: ParsedDonation
}

export interface SubscribeResult {
  /** Where the stream stands now, before anything that is still to be pushed; `null` without history or where unknown. */
  position: StreamPosition | null
  /** The platform vouches that `publications` is everything since the position we named. */
  recovered: boolean
  /** Oldest first, whatever the platform's order. Present even where `recovered` is false. */
  publications: Publication[]
}

/** One connection, from dial to close. Reconnecting is the caller's decision. */
export interface DonationSocket {
  /** Resolves once, when the connection has ended for whatever reason; never rejects. */
  readonly closed: Promise<SocketEnd>
  close(): void
}

export interface SocketEnd {
  /** The WebSocket close code; 1006 where it just broke off. */
  code: number
  why:
    | 'closed-by-us'
    | 'closed-by-platform'
    | 'unreachable'
    | 'silent'
    | 'token-refused'
    | 'subscribe-refused'
    | 'sign-failed'
    | 'protocol'
  /**
   * True: come back by the ordinary backoff (with a new socket token where `dropSocketToken` says so).
   * False: the platform does not want us back, or coming back would end the same way: wait long and tell somebody.
   */
  reconnect: boolean
  /** The socket token must be fetched again before the next attempt. */
  dropSocketToken: boolean
  /** An AppError where it was not an ordinary close; what `sign` rejected with for `sign-failed`. */
  cause?: unknown
}
