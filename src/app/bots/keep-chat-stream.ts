import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { ChatSubscriptions } from '../../persistence/chat-subscriptions.ts'
import type { ChatPlatform, ChatStream, ChatStreamOptions } from '../../platforms/chat.ts'
import { bitOf, CHAT_BIT, isOurType, readsAs, type Bot, type BotRegister } from './bot.ts'
import { lookAtSubscriptions, type LookOptions } from './look-at-subscriptions.ts'
import type { MakeSubscriptions } from './make-subscriptions.ts'

export interface KeepChatStreamOptions extends Pick<
  ChatStreamOptions,
  'onEvent' | 'onSubscriptionEnded' | 'onAccessRevoked' | 'onShardDisabled' | 'mayAct'
> {
  chat: Pick<ChatPlatform, 'open'>
  register: BotRegister
  subscriptions: Pick<ChatSubscriptions, 'of' | 'add' | 'forget' | 'forgetOtherHomes' | 'leftBehind'>
  make: () => MakeSubscriptions
  /** A bot's chat is subscribed, as it turned out. */
  onChatKnown: (bot: Bot) => void
  /** A bot that was active is not. */
  onChange: (bot: Bot) => void
  /** How chat is delivered to the nodes together, where `here` is what this one sees of it. */
  standing: (here: ReturnType<ChatStream['state']>) => ReturnType<ChatStream['state']>
  /** The connections of this node changed, or where subscriptions live. */
  onConnections: (stream: ChatStream) => void
  /** It is this node's task to end what nobody needs. */
  tidiesUp: () => boolean
  wanted: LookOptions['wanted']
  /** Tries until it succeeds, in the background. */
  insist: (what: string, work: () => Promise<void>) => void
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Pick<Metrics, 'botRestarts'>
  signal: AbortSignal
}

/** When the platform's list is compared with what we know of it. */
const LOOK_EVERY_MS = 60 * 60_000
/** After the connection came, or came back: what a restart has to do goes first. */
const FIRST_LOOK_MS = 10_000
/** Where it could not be read. */
const LOOK_AGAIN_MS = 5 * 60_000

/** One statement with more channels holds its answer in memory for long. */
const LEARN_BATCH = 5_000

export interface KeepChatStream {
  /** The stream, which is opened where it is not: without a bot nothing is asked for and nothing is open. */
  open(): ChatStream | null
  ready(): { stream: ChatStream; home: string } | null
  /** `null`: nobody has needed one. */
  connection(): ReturnType<ChatStream['state']> | null
  /** How chat is delivered to the nodes together may have changed. */
  notice(): void
  /** These begin: what is known to be there is asked for by nobody. */
  learn(bots: readonly Bot[]): Promise<void>
  look(): number
  close(): Promise<void>
}

/** The one stream that all bots share: where subscriptions live, what is known to be there, and whether that is true. */
export function createKeepChatStream(options: KeepChatStreamOptions): KeepChatStream {
  const { chat, register, subscriptions, make, insist, clock, random, logger, metrics, signal } = options
  let stream: ChatStream | null = null
  let isOpen = false
  let wasOpen = false
  let home: string | null = null
  let looks = 0
  let looking = false
  let cancelLook: (() => void) | null = null

  return {
    open() {
      if (stream || signal.aborted) return stream
      stream = chat.open({ ...options, onChange: connectionsChanged, signal })
      stream.opened().then(connectionsChanged, (error: unknown) => {
        if (!signal.aborted) logger.error({ err: error }, 'the chat stream did not open')
      })
      return stream
    },
    ready,
    connection: () => (stream ? options.standing(stream.state()) : null),
    notice,
    learn,
    look: () => looks,
    async close() {
      cancelLook?.()
      await stream?.close()
    },
  }

  function ready() {
    return stream && home !== null && stream.home() === home && isOpen ? { stream, home } : null
  }

  function connectionsChanged(): void {
    if (!stream || signal.aborted) return
    options.onConnections(stream)
    notice()
  }

  /** The connections changed. What that means is one sum, however many bots there are. */
  function notice(): void {
    if (!stream || signal.aborted) return
    const open = options.standing(stream.state()) !== 'closed'
    if (open && wasOpen && !isOpen) {
      // Nobody could tell us what began or ended meanwhile.
      for (const bot of register.all()) if (bot.streamLive === false) bot.streamLive = null
      planLook(FIRST_LOOK_MS)
    }
    isOpen = open
    wasOpen ||= open
    register.setStanding(open ? 'open' : wasOpen ? 'lost' : 'opening')
    const at = stream.home()
    if (open && at !== null && at !== home) moveTo(at)
    make().pump()
  }

  function moveTo(at: string): void {
    if (home !== null) {
      logger.warn({ bots: register.size() }, 'all chat subscriptions were lost at the platform and are made again')
      metrics.botRestarts.inc({ reason: 'home-lost' }, register.active())
    }
    home = at
    const strangers: Bot[] = []
    for (const bot of register.all()) {
      // Who was handed over with what is known here needs to learn nothing.
      if (bot.knownAt === at) continue
      bot.known = 0
      bot.knownAt = null
      bot.refused = 0
      strangers.push(bot)
      if (bot.state !== 'active') continue
      register.change(bot, 'starting')
      options.onChange(bot)
    }
    insist('known chat subscriptions could not be read', async () => {
      await learn(strangers.filter((bot) => bot.knownAt === null))
      if (home !== at) return
      for (const bot of register.all()) if (bot.knownAt === at) tell(bot)
      if (register.size() > 0) logger.info({ bots: register.size(), active: register.active() }, 'chat bots are back')
      subscriptions.forgetOtherHomes(at).catch((error: unknown) => {
        logger.warn({ err: error }, 'subscriptions of a lost home could not be forgotten')
      })
    })
    planLook(FIRST_LOOK_MS)
  }

  async function learn(bots: readonly Bot[]): Promise<void> {
    for (let from = 0; from < bots.length; from += LEARN_BATCH) {
      const at = home
      // Once there is one, it is learned for all.
      if (at === null) return
      const batch = bots.slice(from, from + LEARN_BATCH)
      const rows = await subscriptions.of(
        at,
        batch.map(({ channelId }) => channelId),
      )
      if (home !== at) return
      for (const { channelId, readerUserId, types } of rows) {
        const bot = register.byChannel(channelId)
        if (!bot) continue
        if (bot.state === 'inactive') {
          void make().tidy(channelId)
          continue
        }
        for (const type of types) {
          if (isOurType(type) && (!readsAs(type) || readerUserId === bot.speakerUserId)) bot.known |= bitOf(type)
        }
      }
      for (const bot of batch) {
        if (!register.has(bot)) continue
        bot.knownAt = at
        tell(bot)
      }
      make().pump()
      if (!cancelLook) planLook(FIRST_LOOK_MS)
    }
  }

  function tell(bot: Bot): void {
    if (bot.state === 'inactive') return
    if (bot.known & CHAT_BIT && bot.state !== 'active') options.onChatKnown(bot)
    make().want(bot)
  }

  /** Each node has its own moment: all of them go through the same list of the same application. */
  function planLook(inMs: number): void {
    cancelLook?.()
    if (signal.aborted) return
    cancelLook = clock.after(inMs * (0.75 + random() / 2), () => void lookOnce())
  }

  async function lookOnce(): Promise<void> {
    const now = ready()
    if (!now || looking) return planLook(LOOK_AGAIN_MS)
    looking = true
    const look = ++looks
    const begun = now.home
    let next = LOOK_EVERY_MS
    try {
      const { end, tidy } = make()
      const tidiesUp = options.tidiesUp()
      const { wanted } = options
      const found = await lookAtSubscriptions({ ...now, look, register, subscriptions, end, tidiesUp, wanted, signal })
      for (const bot of found.deaf) {
        if (bot.state !== 'active') continue
        register.change(bot, 'starting')
        options.onChange(bot)
      }
      metrics.botRestarts.inc({ reason: 'subscription-missing' }, found.deaf.length)
      if (found.missing.length > 0 || found.strays > 0) {
        const { missing, deaf, strays } = found
        logger.info(
          { missing: missing.length, deaf: deaf.length, strays },
          'the platform’s subscriptions were put in order',
        )
      }
      for (const bot of register.all()) if (bot.knownAt === begun) tell(bot)
      if (tidiesUp) for (const channelId of await subscriptions.leftBehind(begun)) void tidy(channelId)
    } catch (error) {
      if (signal.aborted) return
      logger.warn({ err: error }, 'the platform’s subscriptions could not be looked through')
      next = LOOK_AGAIN_MS
    }
    looking = false
    // A home that was lost meanwhile has planned a look of its own.
    if (home === begun && !signal.aborted) planLook(next)
  }
}
