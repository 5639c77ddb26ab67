import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'
import type { ChatSubscriptions } from '../persistence/chat-subscriptions.ts'
import type { ChatPlatform, ChatStream, ChatStreamOptions } from '../platforms/chat.ts'
import { bitOf, CHAT_BIT, isOurType, readsAs, type Bot, type BotRegister } from './bot.ts'
import { lookAtSubscriptions } from './look-at-subscriptions.ts'
import type { MakeSubscriptions } from './make-subscriptions.ts'

export interface KeepChatStreamOptions extends Pick<
  ChatStreamOptions,
  'onEvent' | 'onSubscriptionEnded' | 'onAccessRevoked'
> {
  chat: Pick<ChatPlatform, 'open'>
  register: BotRegister
  subscriptions: Pick<ChatSubscriptions, 'of' | 'add' | 'forget' | 'forgetOtherHomes'>
  make: () => MakeSubscriptions
  /** A bot's chat is subscribed, as it turned out. */
  onChatKnown: (bot: Bot) => void
  /** Tries until it succeeds, in the background. */
  insist: (what: string, work: () => Promise<void>) => void
  lookEvery?: LookTimes
  clock: Clock
  logger: Logger
  metrics: Pick<Metrics, 'botRestarts'>
  signal: AbortSignal
}

/** When the platform's list is compared with what we know of it. */
export interface LookTimes {
  /** After the connection came, or came back: what a restart has to do goes first. */
  firstMs: number
  everyMs: number
  /** Where it could not be read. */
  againMs: number
}

const LOOK_TIMES: LookTimes = { firstMs: 10_000, everyMs: 60 * 60_000, againMs: 5 * 60_000 }

export interface KeepChatStream {
  /** Connects, where nobody has yet: without a bot nothing is asked for and nothing is open. */
  ensureOpen(): void
  ready(): { stream: ChatStream; home: string } | null
  /** `null`: nobody has needed one. */
  connection(): ReturnType<ChatStream['state']> | null
  look(): number
  close(): Promise<void>
}

/** The one stream that all bots share: where subscriptions live, what is known to be there, and whether that is true. */
export function createKeepChatStream(options: KeepChatStreamOptions): KeepChatStream {
  const { chat, register, subscriptions, make, insist, clock, logger, metrics, signal } = options
  const { firstMs, everyMs, againMs } = options.lookEvery ?? LOOK_TIMES
  let stream: ChatStream | null = null
  let isOpen = false
  let wasOpen = false
  let home: string | null = null
  /** What is known of the present home has been read. */
  let learned = false
  let looks = 0
  let looking = false
  let cancelLook = () => {}

  return {
    ensureOpen() {
      if (stream || signal.aborted) return
      const { onEvent, onSubscriptionEnded, onAccessRevoked } = options
      stream = chat.open({ onEvent, onSubscriptionEnded, onAccessRevoked, onChange: notice, signal })
      stream.opened().then(notice, (error: unknown) => {
        if (!signal.aborted) logger.error({ err: error }, 'the chat stream did not open')
      })
    },
    ready,
    connection: () => stream?.state() ?? null,
    look: () => looks,
    async close() {
      cancelLook()
      await stream?.close()
    },
  }

  function ready() {
    return stream && learned && home !== null && stream.home() === home && stream.state() !== 'closed'
      ? { stream, home }
      : null
  }

  /** The connections changed. What that means is one sum, however many bots there are. */
  function notice(): void {
    if (!stream || signal.aborted) return
    const open = stream.state() !== 'closed'
    if (open && wasOpen && !isOpen) {
      // Nobody could tell us what began or ended meanwhile.
      for (const bot of register.all()) if (bot.streamLive === false) bot.streamLive = null
      if (learned) planLook(firstMs)
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
      for (const bot of register.all()) {
        bot.known = 0
        bot.refused = 0
        if (bot.state === 'active') register.change(bot, 'starting')
      }
    }
    home = at
    learned = false
    insist('known chat subscriptions could not be read', () => learn(at))
  }

  /** A restart: what is known to be there is asked for by nobody. */
  async function learn(at: string): Promise<void> {
    const rows = await subscriptions.of(at)
    if (home !== at) return
    for (const { channelId, readerUserId, types } of rows) {
      const bot = register.byChannel(channelId)
      if (!bot || bot.state === 'inactive') {
        make().tidy(channelId)
        continue
      }
      for (const type of types) {
        if (isOurType(type) && (!readsAs(type) || readerUserId === bot.speakerUserId)) bot.known |= bitOf(type)
      }
    }
    learned = true
    tellKnown()
    make().pump()
    logger.info({ bots: register.size(), active: register.active() }, 'chat bots are back')
    planLook(firstMs)
    subscriptions.forgetOtherHomes(at).catch((error: unknown) => {
      logger.warn({ err: error }, 'subscriptions of a lost home could not be forgotten')
    })
  }

  function tellKnown(): void {
    for (const bot of register.all()) {
      if (bot.state === 'inactive') continue
      if (bot.known & CHAT_BIT && bot.state !== 'active') options.onChatKnown(bot)
      make().want(bot)
    }
  }

  function planLook(inMs: number): void {
    cancelLook()
    cancelLook = clock.after(inMs, () => void lookOnce())
  }

  async function lookOnce(): Promise<void> {
    const now = ready()
    if (!now || looking) return planLook(againMs)
    looking = true
    const look = ++looks
    const begun = now.home
    let next = everyMs
    try {
      const { end } = make()
      const found = await lookAtSubscriptions({ ...now, look, register, subscriptions, end, signal })
      for (const bot of found.deaf) if (bot.state === 'active') register.change(bot, 'starting')
      metrics.botRestarts.inc({ reason: 'subscription-missing' }, found.deaf.length)
      if (found.missing.length > 0 || found.strays > 0) {
        const { missing, deaf, strays } = found
        logger.info(
          { missing: missing.length, deaf: deaf.length, strays },
          'the platform’s subscriptions were put in order',
        )
      }
      tellKnown()
    } catch (error) {
      if (signal.aborted) return
      logger.warn({ err: error }, 'the platform’s subscriptions could not be looked through')
      next = againMs
    }
    looking = false
    // A home that was lost meanwhile has planned a look of its own.
    if (home === begun && !signal.aborted) planLook(next)
  }
}
