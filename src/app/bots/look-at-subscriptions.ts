import type { ChatSubscription, ChatSubscriptions } from '../../persistence/chat-subscriptions.ts'
import { SUBSCRIPTION_TYPES, type ChatStream } from '../../platforms/chat.ts'
import { bitOf, CHAT_BIT, isOurType, readsAs, type Bot, type BotRegister } from './bot.ts'
import type { MakeSubscriptions } from './make-subscriptions.ts'

export interface LookOptions {
  stream: ChatStream
  home: string
  /** The number of this look. What is subscribed while it lasts carries it in `changedInLook`. */
  look: number
  register: Pick<BotRegister, 'all' | 'byUser'>
  subscriptions: Pick<ChatSubscriptions, 'add' | 'forget'>
  /** Ends a subscription that nobody needs, as {@link MakeSubscriptions.end} does. */
  end: MakeSubscriptions['end']
  /** Ends what nobody needs at all; every node sees to what its own bots do not need. */
  tidiesUp: boolean
  /** Of these channels, by their ids at the platform, those whose bot is on, wherever it runs. */
  wanted: (channelUserIds: readonly string[]) => Promise<Set<string>>
  signal: AbortSignal
}

export interface LookResult {
  /** Bots that lack something we believed to be there. Their `known` says what is left. */
  missing: Bot[]
  /** Those among them that heard no chat. */
  deaf: Bot[]
  strays: number
}

/**
 * Goes through the platform's own list, page by page: what is there and was not known is remembered, what was known and
 * is not there is forgotten, what nobody needs is ended.
 */
export async function lookAtSubscriptions(options: LookOptions): Promise<LookResult> {
  const { stream, home, look, register, subscriptions, end, tidiesUp, wanted, signal } = options
  let strays = 0
  for (const bot of register.all()) {
    bot.listed = 0
    bot.refused = 0
  }
  for await (const page of stream.subscriptions(signal)) {
    const found: ChatSubscription[] = []
    const foreign: Array<{ id: string; channelUserId: string }> = []
    for (const { id, type, channelUserId, readerUserId, enabled } of page) {
      // The adapter has subscriptions of its own here.
      if (!isOurType(type)) continue
      const bot = register.byUser(channelUserId)
      if (!bot) {
        foreign.push({ id, channelUserId })
        continue
      }
      const off = bot.state === 'inactive'
      if (off || !enabled || (readsAs(type) && readerUserId !== bot.speakerUserId)) {
        strays++
        end(id, off && enabled ? channelUserId : null)
        continue
      }
      bot.listed |= bitOf(type)
      found.push({ channelId: bot.channelId, type, readerUserId: bot.speakerUserId, subscriptionId: id })
    }
    if (tidiesUp && foreign.length > 0) {
      const elsewhere = await wanted(foreign.map(({ channelUserId }) => channelUserId))
      for (const { id, channelUserId } of foreign) {
        if (elsewhere.has(channelUserId)) continue
        strays++
        end(id, channelUserId)
      }
    }
    if (found.length > 0) await subscriptions.add(home, found)
    if (stream.home() !== home) break
  }
  // What was listed of a home that is lost says nothing of the new one.
  if (stream.home() !== home) return { missing: [], deaf: [], strays }

  const missing: Bot[] = []
  const deaf: Bot[] = []
  const rows: Array<{ channelId: string; type: string }> = []
  for (const bot of register.all()) {
    // Begun, or subscribed to something, while this went on: it knows better.
    if (bot.changedInLook === look || bot.knownAt !== home) continue
    const lost = bot.known & ~bot.listed
    bot.known = bot.listed
    if (lost === 0) continue
    missing.push(bot)
    if (lost & CHAT_BIT) deaf.push(bot)
    for (const type of SUBSCRIPTION_TYPES) if (lost & bitOf(type)) rows.push({ channelId: bot.channelId, type })
  }
  if (rows.length > 0) await subscriptions.forget(home, rows)
  return { missing, deaf, strays }
}
