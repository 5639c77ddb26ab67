import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { DonationSocket, DonationSocketOptions, Publication, SubscribeResult } from '../donation-source.ts'
import { openConnection, type Push } from './connection.ts'
import {
  ALREADY_SUBSCRIBED,
  endOfExpiry,
  endOfFlood,
  endOfNonsense,
  endOfRefusedConnect,
  endOfRefusedSubscribe,
  endOfUnsubscribing,
  mayPassWithNewSignature,
} from './socket-end.ts'
import {
  connectCommand,
  donationsChannel,
  readConnectReply,
  readPublication,
  readSubscribeReply,
  subscribeCommand,
} from './socket-wire.ts'

/** The platform closes 25 s after a token's end by itself (3005, 3006). Past this it has forgotten us. */
const FORGOTTEN_AFTER_EXPIRY_MS = 40_000

/** Longer lives than this outlive any connection, and timers do not reach beyond 24 days. */
const LONGEST_LIFE_S = 7 * 24 * 3_600

/** Publications that arrive before we are subscribed. A healthy server sends a handful at most. */
const MAX_EARLY_PUBLICATIONS = 1_000

/** Each unsubscription costs a request of the application's budget. More of them in a row than this is a fault. */
const MAX_UNSUBSCRIBED_IN_A_ROW = 3
const SETTLED_AFTER_MS = 60_000

/** Subscribed already, the platform says, but not from where. */
const UNKNOWN_PLACE: SubscribeResult = { position: null, recovered: false, publications: [] }

export interface DonationSocketSurroundings {
  /** `wss://centrifugo.donationalerts.com/connection/websocket` */
  socketUrl: string
  clock: Clock
  random: () => number
  logger: Logger
}

/**
 * One connection's life: dial → connect → sign → subscribe → live, and back to sign when the platform unsubscribes
 * us. Written here because the platform's npm clients either do not speak its protocol or repeat and reorder what
 * they recover.
 */
export function openDonationSocket(
  surroundings: DonationSocketSurroundings,
  options: DonationSocketOptions,
): DonationSocket {
  const { accountId } = options
  const channel = donationsChannel(accountId)
  const { clock } = surroundings
  const logger = surroundings.logger.child({ platform: 'donationalerts', accountId })
  const connection = openConnection({ ...surroundings, logger, onOpen: connect, onPush })

  let client = ''
  let live = false
  let liveSinceMs = 0
  let subscribedBefore = false
  let unsubscribedInARow = 0
  let foreignPushes = 0
  let earlyPublications: Publication[] = []
  let forgetSubscription = () => {}

  return {
    closed: connection.closed,
    close: () => connection.finish({ code: 1000, why: 'closed-by-us', reconnect: false, dropSocketToken: false }),
  }

  function connect(): void {
    connection.ask('connect', connectCommand(options.socketToken), ({ errorCode, result }) => {
      if (errorCode !== null) return connection.finish(endOfRefusedConnect(errorCode))
      const connected = readConnectReply(result)
      if (!connected) return connection.finish(endOfNonsense('connect-reply', { reconnect: true }))
      logger.info({ version: connected.version }, 'connected to the donation stream')
      client = connected.client
      expireAfter(connected.ttlS, 'token')
      connection.keepAlive()
      void subscribe({ mayTryAgain: true })
    })
  }

  /** Asks our owner for a signature, which takes as long as the budget makes it wait, and subscribes with it. */
  async function subscribe({ mayTryAgain }: { mayTryAgain: boolean }): Promise<void> {
    const token = await sign()
    if (token === null || connection.isEnding()) return
    connection.guarded(() => {
      connection.ask('subscribe', subscribeCommand(channel, token, options.position()), ({ errorCode, result }) => {
        if (errorCode === null) {
          const { ttlS, ...place } = readSubscribeReply(result, accountId)
          forgetSubscription = expireAfter(ttlS, 'subscription')
          return goLive(place)
        }
        if (errorCode === ALREADY_SUBSCRIBED) return goLive(subscribedBefore ? null : UNKNOWN_PLACE)
        if (mayTryAgain && mayPassWithNewSignature(errorCode)) return void subscribe({ mayTryAgain: false })
        connection.finish(endOfRefusedSubscribe(errorCode))
      })
    })
  }

  async function sign(): Promise<string | null> {
    try {
      return await options.sign(client)
    } catch (cause) {
      connection.finish({ code: 1000, why: 'sign-failed', reconnect: true, dropSocketToken: false, cause })
      return null
    }
  }

  /** Our owner learns where the stream stands before it sees anything that was pushed meanwhile. */
  function goLive(place: SubscribeResult | null): void {
    live = true
    liveSinceMs = clock.monotonic()
    subscribedBefore = true
    if (place) options.onSubscribed(place)
    for (const publication of earlyPublications.splice(0)) {
      if (!connection.isEnding()) options.onPublication(publication)
    }
  }

  function onPush(push: Push): void {
    if (push.channel !== channel) {
      if (++foreignPushes === 1) logger.warn('a push of a channel that was not asked for')
      return
    }
    if (push.kind === 'unsubscribed') return onUnsubscribed()
    const publication = readPublication(push.body, accountId)
    if (live) return options.onPublication(publication)
    earlyPublications.push(publication)
    if (earlyPublications.length > MAX_EARLY_PUBLICATIONS) connection.finish(endOfFlood())
  }

  function onUnsubscribed(): void {
    if (!live) return
    live = false
    forgetSubscription()
    if (clock.monotonic() - liveSinceMs >= SETTLED_AFTER_MS) unsubscribedInARow = 0
    unsubscribedInARow += 1
    if (unsubscribedInARow > MAX_UNSUBSCRIBED_IN_A_ROW) return connection.finish(endOfUnsubscribing())
    void subscribe({ mayTryAgain: true })
  }

  function expireAfter(ttlS: number | null, what: 'token' | 'subscription'): () => void {
    if (ttlS === null) return () => {}
    return connection.after(Math.min(ttlS, LONGEST_LIFE_S) * 1_000 + FORGOTTEN_AFTER_EXPIRY_MS, () =>
      connection.finish(endOfExpiry(what)),
    )
  }
}
