import { randomUUID } from 'node:crypto'
import type { Badge } from './chat-event.ts'
import { fragmentsOf } from './chat-fragments.ts'
import type { Chatter } from './chatters.ts'

export const NOTICES = ['sub', 'resub', 'sub_gift', 'raid'] as const
export type NoticeType = (typeof NOTICES)[number]

export interface Notice {
  type: NoticeType
  /** Months for `sub` and `resub`, viewers for `raid`. */
  count: number
  /** What the person wrote with it. */
  text: string
  /** Who gets the gift. */
  recipient: Chatter
}

/** Kinds of notices that are there as fields, and are null in all others. */
const KINDS = [
  'sub',
  'resub',
  'sub_gift',
  'community_sub_gift',
  'gift_paid_upgrade',
  'prime_paid_upgrade',
  'pay_it_forward',
  'raid',
  'unraid',
  'announcement',
  'bits_badge_tier',
  'charity_donation',
]

/** The event of `channel.chat.notification`: what chat shows in a frame of its own. */
export function noticeEvent(channel: Chatter, chatter: Chatter, badges: Badge[], notice: Notice): string {
  const { details, words } = detailsOf(chatter, notice)
  return JSON.stringify({
    broadcaster_user_id: channel.id,
    broadcaster_user_login: channel.login,
    broadcaster_user_name: channel.name,
    chatter_user_id: chatter.id,
    chatter_user_login: chatter.login,
    chatter_user_name: chatter.name,
    chatter_is_anonymous: false,
    color: chatter.color,
    badges,
    system_message: words,
    message_id: randomUUID(),
    message: {
      text: notice.text,
      fragments: fragmentsOf(notice.text, { isCheer: false, find: () => undefined }),
    },
    notice_type: notice.type,
    ...Object.fromEntries(KINDS.map((kind) => [kind, kind === notice.type ? details : null])),
  })
}

function detailsOf({ id, login, name }: Chatter, { type, count, recipient }: Notice) {
  const tier = { sub_tier: '1000' }
  switch (type) {
    case 'sub':
      return {
        details: { ...tier, is_prime: false, duration_months: count },
        words: `${name} subscribed at Tier 1.`,
      }
    case 'resub':
      return {
        details: {
          ...tier,
          cumulative_months: count,
          duration_months: 1,
          streak_months: null,
          is_prime: false,
          is_gift: false,
          gifter_is_anonymous: null,
          gifter_user_id: null,
          gifter_user_login: null,
          gifter_user_name: null,
        },
        words: `${name} subscribed at Tier 1. They've subscribed for ${count} months!`,
      }
    case 'sub_gift':
      return {
        details: {
          ...tier,
          duration_months: 1,
          cumulative_total: count,
          recipient_user_id: recipient.id,
          recipient_user_login: recipient.login,
          recipient_user_name: recipient.name,
          community_gift_id: null,
        },
        words: `${name} gifted a Tier 1 sub to ${recipient.name}!`,
      }
    case 'raid':
      return {
        details: {
          user_id: id,
          user_login: login,
          user_name: name,
          viewer_count: count,
          profile_image_url: `https://static-cdn.jtvnw.net/jtv_user_pictures/${id}-profile_image-300x300.png`,
        },
        words: `${count} raiders from ${name} have joined!`,
      }
  }
}
