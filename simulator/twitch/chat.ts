import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { pace, type Pace } from '../pace.ts'
import { chatMessageEvent, whoJson, type Badge, type MessageType, type ReplyParent } from './chat-event.ts'
import { fragmentsOf } from './chat-fragments.ts'
import type { Chatter, Chatters } from './chatters.ts'
import type { Delivery, Repeat } from './delivery.ts'
import type { Ledger } from './ledger.ts'
import { noticeEvent, type Notice } from './notices.ts'
import type { Standings } from './standing.ts'

export interface Say {
  text: string
  /** Instead of the chatter's own; may be empty. */
  color?: string | undefined
  /** Instead of what the chatter's standing in the channel gives. */
  badges?: Badge[] | undefined
  bits?: number | undefined
  /** The id of the message that this one answers. */
  replyTo?: string | undefined
  messageType?: MessageType | undefined
  emotes?: Record<string, string> | undefined
  /** The channel where it was written, when chats are shared. */
  source?: Chatter | undefined
  rewardId?: string | undefined
  repeat?: Repeat | undefined
  /** How long ago it was written, by its timestamp. */
  ageMs?: number | undefined
  /** Through the Send API, by an application: told by a badge. */
  byBot?: boolean | undefined
  id?: string | undefined
}

/** People talking in channels, and what moderators do about it. */
export interface Chat {
  /** The message's id, or why it may not be said. */
  say(channel: Chatter, from: Chatter, say: Say): { id: string } | { excluded: 'banned' | 'timed-out' }
  /** Lets much be said, evenly over time. */
  sayAtPace(pace: Pace): void
  /** Ends whatever is being said at a pace. */
  hush(): void
  /** `false` where there was no such message. */
  deleteMessage(id: string): boolean
  clear(channel: Chatter): void
  /** Takes everything away that this person has said. With a time a time-out, else a ban. */
  exclude(channel: Chatter, user: Chatter, forS: number | null): void
  /** A subscription, a gift, a raid: told in chat. */
  notice(channel: Chatter, from: Chatter, notice: Notice): void
}

export interface ChatOptions {
  clock: Clock
  chatters: Chatters
  standings: Standings
  delivery: Delivery
  ledger: Ledger
}

export function createChat({ clock, chatters, standings, delivery, ledger }: ChatOptions): Chat {
  const badgesOf = (channel: string, user: string): Badge[] => {
    const { moderator, vip, subscriberMonths } = standings.of(channel, user)
    const badges: Badge[] = []
    if (channel === user) badges.push({ set_id: 'broadcaster', id: '1', info: '' })
    if (moderator) badges.push({ set_id: 'moderator', id: '1', info: '' })
    if (vip) badges.push({ set_id: 'vip', id: '1', info: '' })
    if (subscriberMonths > 0)
      badges.push({ set_id: 'subscriber', id: badgeTier(subscriberMonths), info: String(subscriberMonths) })
    return badges
  }
  const parentOf = (id: string): ReplyParent | null => {
    const parent = ledger.find(id)
    const user = parent && chatters.byId(parent.user)
    if (!parent || !user) return null
    // Answers to answers belong to the thread of the first message.
    let first = parent
    for (let above = ledger.find(first.replyTo ?? ''); above; above = ledger.find(above.replyTo ?? '')) first = above
    return { id, text: parent.text, user, thread: { id: first.id, user: chatters.byId(first.user) ?? user } }
  }
  const tell = (type: string, channel: Chatter, fields: string) =>
    delivery.announce(type, { subject: channel.id, event: `{${whoJson('broadcaster', channel)}${fields}}` })

  const paces = new Set<() => void>()
  return {
    sayAtPace(asked) {
      let stop: (() => void) | undefined
      let isOver = false
      const done = () => {
        isOver = true
        if (stop) paces.delete(stop)
      }
      stop = pace(clock, { ...asked, done })
      // A short one is over at once.
      if (!isOver) paces.add(stop)
    },
    hush() {
      for (const stop of paces) stop()
      paces.clear()
    },
    say(channel, from, say) {
      const excluded = standings.exclusion(channel.id, from.id)
      if (excluded) return { excluded }
      const { text, bits = 0, replyTo, source, repeat, ageMs } = say
      const id = say.id ?? randomUUID()
      const reply = replyTo === undefined ? null : parentOf(replyTo)
      const own = say.badges ?? badgesOf(channel.id, from.id)
      const record = ledger.begin({
        id,
        channel: channel.id,
        user: from.id,
        text,
        replyTo: replyTo ?? null,
        at: clock.monotonic(),
      })
      const event = chatMessageEvent({
        id,
        channel,
        chatter: from,
        text,
        fragments: fragmentsOf(text, { emotes: say.emotes, isCheer: bits > 0, find: chatters.find }),
        color: say.color ?? from.color,
        badges: say.byBot === true ? [...own, BOT_BADGE] : own,
        messageType: say.messageType ?? 'text',
        bits,
        reply,
        source: source ? { channel: source, messageId: randomUUID(), badges: badgesOf(source.id, from.id) } : null,
        rewardId: say.rewardId ?? null,
      })
      delivery.announce('channel.chat.message', { subject: channel.id, event, repeat, ageMs, record })
      return { id }
    },
    deleteMessage(id) {
      const message = ledger.find(id)
      const [channel, user] = [chatters.byId(message?.channel ?? ''), chatters.byId(message?.user ?? '')]
      if (!channel || !user) return false
      tell('channel.chat.message_delete', channel, `,${whoJson('target', user)},"message_id":"${id}"`)
      return true
    },
    clear: (channel) => void tell('channel.chat.clear', channel, ''),
    exclude(channel, user, forS) {
      standings.ban(channel.id, user.id, forS)
      tell('channel.chat.clear_user_messages', channel, `,${whoJson('target', user)}`)
    },
    notice(channel, from, notice) {
      const event = noticeEvent(channel, from, badgesOf(channel.id, from.id), notice)
      delivery.announce('channel.chat.notification', { subject: channel.id, event })
    },
  }
}

const BOT_BADGE: Badge = { set_id: 'bot-badge', id: '1', info: '' }

/** Subscriber badges come for months that channels choose; these are the usual ones. */
function badgeTier(months: number): string {
  return String([24, 18, 12, 9, 6, 3, 2].find((tier) => tier <= months) ?? 0)
}
