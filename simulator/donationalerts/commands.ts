import { isRecord, parseJson } from '../http.ts'
import { shuffled, type Random } from '../random.ts'
import type { Switches } from '../switches.ts'
import type { Channels, Since } from './channels.ts'
import { DISCONNECTS, type Disconnect } from './close-codes.ts'
import {
  connectReply,
  emptyReply,
  errorReply,
  ERRORS,
  historyReply,
  presenceReply,
  presenceStatsReply,
  refreshReply,
  subscribeReply,
  type ProtocolError,
} from './frames.ts'
import type { Session } from './session.ts'
import type { SocketTokens } from './socket-tokens.ts'

export interface CommandOptions {
  channels: Channels
  tokens: SocketTokens
  switches: Switches
  random: Random
  /** Milliseconds since 1970. */
  now: () => number
  onSubscribed(session: Session, channel: string): void
}

/** What a command comes to: a line, an error, the end of the connection; `null` where nothing is said. */
type Outcome = { line: string; join?: string } | { error: ProtocolError } | { close: Disconnect } | null

interface Command {
  id: number
  method: number
  params: Record<string, unknown>
}

/** By default Centrifugo lets a connection listen to no more than this. */
const CHANNELS_MAX = 128
const CHANNEL_NAME_MAX = 255

const SEND = 8

/** Reads what a client sent, one or several commands in one message, and answers. */
export function createCommands({ channels, tokens, switches, random, now, onSubscribed }: CommandOptions) {
  const ttlOf = (exp: number | null) => (exp === null ? null : Math.max(0, Math.ceil(exp - now() / 1_000)))
  const text = (params: Record<string, unknown>, name: string) => (typeof params[name] === 'string' ? params[name] : '')
  const closing = (close: Disconnect): Outcome => ({ close })
  const failing = (error: ProtocolError): Outcome => ({ error })

  const connect = (session: Session, { id, params }: Command): Outcome => {
    if (session.userOrNull() !== null || text(params, 'token') === '') return closing(DISCONNECTS.badRequest)
    const token = tokens.readConnect(text(params, 'token'))
    if (token === 'invalid') return closing(DISCONNECTS.invalidToken)
    if (token === 'expired') return failing(ERRORS.tokenExpired)
    session.authenticate(token.user, token.exp)
    return { line: connectReply(id, session.client, switches.socketVersion, ttlOf(token.exp)) }
  }

  const subscribe = (session: Session, { id, params }: Command): Outcome => {
    const channel = text(params, 'channel')
    if (channel === '') return closing(DISCONNECTS.badRequest)
    if (channel.length > CHANNEL_NAME_MAX) return failing(ERRORS.limitExceeded)
    if (!channels.settings(channel)) return failing(ERRORS.unknownChannel)
    if (session.channels().includes(channel)) return failing(ERRORS.alreadySubscribed)
    if (session.channels().length >= CHANNELS_MAX) return failing(ERRORS.limitExceeded)
    const allowed = channel.startsWith('$') ? permission(session, channel, params) : { exp: null }
    if ('code' in allowed) return failing(allowed)

    const standing = channels.standing(channel, params['recover'] === true ? sinceOf(params) : null)
    session.subscribe(channel, allowed.exp)
    onSubscribed(session, channel)
    return { line: subscribeReply(id, { ttlS: ttlOf(allowed.exp), ...standing }), join: channel }
  }
  const permission = (
    { client }: Session,
    channel: string,
    params: Record<string, unknown>,
  ): { exp: number | null } | ProtocolError => {
    const token = tokens.readSubscribe(text(params, 'token'))
    if (token === 'expired') return ERRORS.tokenExpired
    if (token === 'invalid' || token.client !== client || token.channel !== channel) return ERRORS.permissionDenied
    return { exp: token.exp }
  }
  const sinceOf = (params: Record<string, unknown>): Since => ({
    seq: typeof params['seq'] === 'number' ? params['seq'] : 0,
    epoch: text(params, 'epoch'),
  })

  const unsubscribe = (session: Session, { id, params }: Command): Outcome => {
    const channel = text(params, 'channel')
    if (channel === '') return closing(DISCONNECTS.badRequest)
    session.unsubscribe(channel)
    return { line: emptyReply(id) }
  }

  /** What only those who listen to a channel may ask about it. */
  const about =
    (ask: (id: number, channel: string) => Outcome) =>
    (session: Session, { id, params }: Command): Outcome => {
      const channel = text(params, 'channel')
      if (channel === '') return closing(DISCONNECTS.badRequest)
      if (!channels.settings(channel)) return failing(ERRORS.unknownChannel)
      return session.channels().includes(channel) ? ask(id, channel) : failing(ERRORS.permissionDenied)
    }
  const presence = about((id, channel) => ({ line: presenceReply(id, channels.listening(channel)) }))
  const presenceStats = about((id, channel) => {
    const members = channels.listening(channel)
    return { line: presenceStatsReply(id, members.length, new Set(members.map(({ user }) => user)).size) }
  })
  const history = about((id, channel) =>
    channels.settings(channel)?.historySize === 0
      ? failing(ERRORS.notAvailable)
      : { line: historyReply(id, channels.history(channel)) },
  )

  const refresh = (session: Session, { id, params }: Command): Outcome => {
    const token = tokens.readConnect(text(params, 'token'))
    if (token === 'invalid') return closing(DISCONNECTS.invalidToken)
    if (token === 'expired') return failing(ERRORS.tokenExpired)
    if (token.user !== session.userOrNull()) return closing(DISCONNECTS.invalidToken)
    session.authenticate(token.user, token.exp)
    return { line: refreshReply(id, ttlOf(token.exp), session.client, switches.socketVersion) }
  }
  const refreshSubscription = (session: Session, { id, params }: Command): Outcome => {
    const channel = text(params, 'channel')
    if (!session.channels().includes(channel)) return failing(ERRORS.permissionDenied)
    const allowed = permission(session, channel, params)
    if ('code' in allowed) return failing(allowed)
    session.subscribe(channel, allowed.exp)
    return { line: refreshReply(id, ttlOf(allowed.exp)) }
  }

  /** In the order of their numbers on the wire. */
  const METHODS: ReadonlyArray<(session: Session, command: Command) => Outcome> = [
    connect,
    subscribe,
    unsubscribe,
    // Clients may not publish here.
    () => failing(ERRORS.permissionDenied),
    presence,
    presenceStats,
    history,
    (_session, { id }) => ({ line: emptyReply(id) }),
    // What is sent, nobody listens to.
    () => null,
    () => failing(ERRORS.notAvailable),
    refresh,
    refreshSubscription,
  ]

  const run = (session: Session, line: string): { id: number | null; outcome: Outcome } => {
    const command = readCommand(line)
    if (!command) return { id: null, outcome: closing(DISCONNECTS.badRequest) }
    const { id, method } = command
    if (id === 0 && method !== SEND) return { id: null, outcome: failing(ERRORS.badRequest) }
    if (session.userOrNull() === null && method !== 0) return { id, outcome: failing(ERRORS.unauthorized) }
    const answer = METHODS[method]
    return { id, outcome: answer ? answer(session, command) : failing(ERRORS.methodNotFound) }
  }

  return function obey(session: Session, message: string): void {
    const lines = message.split('\n').filter((line) => line.trim() !== '')
    if (lines.length === 0) return session.close(DISCONNECTS.badRequest)
    const lateJoins: string[] = []
    for (const line of lines) {
      const { id, outcome } = run(session, line)
      if (outcome === null) continue
      if ('close' in outcome) return session.close(outcome.close)
      if ('error' in outcome) {
        session.reply(errorReply(id, outcome.error))
        continue
      }
      session.reply(outcome.line)
      if (outcome.join === undefined) continue
      // Joins travel by another way than replies: among several they come in any order.
      if (lines.length === 1 || random() < 0.5) channels.join(outcome.join, session)
      else lateJoins.push(outcome.join)
    }
    for (const channel of shuffled(random, lateJoins)) channels.join(channel, session)
  }
}

/** `null` for what the real server cannot decode either. */
function readCommand(line: string): Command | null {
  const parsed = parseJson(line)
  if (!isRecord(parsed)) return null
  const { id = 0, method = 0, params = {} } = parsed
  if (!isCount(id) || !isCount(method) || !isRecord(params)) return null
  return { id, method, params }
}

function isCount(number: unknown): number is number {
  return Number.isSafeInteger(number) && (number as number) >= 0
}
