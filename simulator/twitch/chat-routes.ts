import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Grant } from '../grants.ts'
import { isRecord, json, parseJson, type Exchange, type Reply, type Route } from '../http.ts'
import type { Switches } from '../switches.ts'
import type { Authorizations } from './authorizations.ts'
import type { ChatLimits, DropReason } from './chat-limits.ts'
import type { Chat } from './chat.ts'
import type { Chatter, Chatters } from './chatters.ts'
import { refusal, type HelixCall } from './helix-call.ts'
import type { Outbox, SentRecord } from './outbox.ts'
import type { Permissions } from './permissions.ts'
import type { Standings } from './standing.ts'

export interface ChatRoutesOptions {
  clock: Clock
  call: HelixCall
  chat: Chat
  chatters: Chatters
  limits: ChatLimits
  outbox: Outbox
  permissions: Permissions
  authorizations: Authorizations
  standings: Standings
  switches: Switches
}

interface Asked {
  channel: Chatter
  sender: Chatter
  text: string
  replyTo: string | null
}

const TEXT_MAX = 500

/** `POST /helix/chat/messages`: where a bot speaks. */
export function chatRoutes(options: ChatRoutesOptions): Route[] {
  const { clock, call, chat, chatters, limits, outbox, permissions, authorizations, standings, switches } = options

  /** Why the caller may not speak there at all. */
  const forbidden = ({ client, user }: Grant, { channel, sender }: Asked): string | null => {
    if (standings.exclusion(channel.id, sender.id) === 'banned') return 'the sender is banned in this channel'
    const may =
      user === null
        ? permissions.maySpeak(client, channel.id, sender.id)
        : authorizations.has(user, client, 'user:write:chat')
    return may ? null : 'the sender is not permitted to send chat messages to the channel: missing authorization'
  }
  const dropReason = ({ channel, sender }: Asked): DropReason | null => {
    if (standings.exclusion(channel.id, sender.id) === 'timed-out')
      return { code: 'user_timed_out', message: 'Your message was not sent because you are timed out.' }
    return limits.take(sender.id, channel.id, standings.isPrivileged(channel.id, sender.id))
  }

  const send = (caller: Grant, exchange: Exchange): Reply => {
    const asked = read(caller, exchange)
    if ('status' in asked) return asked
    const { channel, sender, text, replyTo } = asked
    const record = (outcome: Pick<SentRecord, 'outcome' | 'id' | 'status' | 'code'>) =>
      outbox.record({
        at: clock.monotonic(),
        client: caller.client,
        channel: channel.id,
        sender: sender.id,
        text,
        replyTo,
        ...outcome,
      })
    const refuse = (status: number, message: string) => {
      record({ outcome: 'refused', id: null, status, code: null })
      return refusal(status, message)
    }
    const drop = (reason: DropReason) => {
      record({ outcome: 'dropped', id: null, status: 200, code: reason.code })
      return json(200, { data: [{ message_id: '', is_sent: false, drop_reason: reason }] })
    }
    if (Array.from(text).length > TEXT_MAX) return refuse(422, `the message is longer than ${TEXT_MAX} characters`)
    const met = outbox.meet(channel.id, sender.id)
    if (met && 'status' in met) return refuse(met.status, met.message)
    const obstacle = forbidden(caller, asked)
    if (obstacle !== null) return refuse(switches.sendForbiddenStatus, obstacle)
    const reason = met ?? dropReason(asked)
    if (reason) return drop(reason)

    const id = randomUUID()
    const byBot = caller.user === null && sender.id !== channel.id
    const echo = () => chat.say(channel, sender, { id, text, byBot, ...(replyTo === null ? {} : { replyTo }) })
    record({ outcome: 'sent', id, status: 200, code: null })
    if (switches.ownMessageEcho) {
      // The reply is sent as soon as we return: an immediate comes after it.
      if (switches.echoBeforeAnswer) echo()
      else setImmediate(echo)
    }
    return json(200, { data: [{ message_id: id, is_sent: true }] })
  }

  const read = ({ user }: Grant, { url, body }: Exchange): Asked | Reply => {
    const given = parseJson(body)
    const fields: Record<string, unknown> = {
      ...Object.fromEntries(url.searchParams),
      ...(isRecord(given) ? given : {}),
    }
    const { broadcaster_id: channelId, sender_id: senderId, message, reply_parent_message_id: replyTo } = fields
    for (const name of ['broadcaster_id', 'sender_id', 'message'])
      if (typeof fields[name] !== 'string' || fields[name] === '')
        return refusal(400, `missing required parameter "${name}"`)
    if (user !== null && fields['for_source_only'] !== undefined)
      return refusal(400, 'for_source_only may only be given with an app access token')
    if (user !== null && user !== senderId) return refusal(401, 'the sender is not the owner of the user access token')
    const [channel, sender] = [chatters.byId(String(channelId)), chatters.byId(String(senderId))]
    if (!channel || !sender) return refusal(400, `there is no ${channel ? 'sender_id' : 'broadcaster_id'} like this`)
    if (replyTo !== undefined && typeof replyTo !== 'string')
      return refusal(400, 'reply_parent_message_id must be a string')
    return { channel, sender, text: String(message), replyTo: replyTo ?? null }
  }

  return [{ method: 'POST', path: '/helix/chat/messages', handle: call('twitch.chat', 'chat', send) }]
}
