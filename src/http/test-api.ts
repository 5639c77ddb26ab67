import { z } from 'zod'
import type { ReceiveDonation } from '../app/donations/receive-donation.ts'
import type { TestChat } from '../app/chat/test-chat.ts'
import { AppError } from '../base/errors.ts'
import { parseMoney } from '../domain/money.ts'
import type { Channels } from '../persistence/channels.ts'
import { streamerOf } from './access.ts'
import type { Routes } from './app.ts'
import { testChatReply, testReply } from './channel-replies.ts'

export interface TestApiOptions {
  channels: Pick<Channels, 'byId'>
  receiveDonation: ReceiveDonation
  testChat: TestChat
  now: () => number
}

const MAX_NAME = 100
const MAX_WORDS = 300
/** Twitch's own limits for a login and for a chat message. */
const MAX_VIEWER_NAME = 25
const MAX_MESSAGE = 500

const codePoints = (longest: number) =>
  z.string().refine((text) => Array.from(text).length <= longest, `must have at most ${longest} characters`)
const someWords = (longest: number) =>
  codePoints(longest)
    .refine((text) => text.trim() !== '', 'must not be empty')
    .transform(withoutNul)

const testDonation = z.strictObject({
  kind: z.literal('donation'),
  name: codePoints(MAX_NAME).nullable().default('Chatfolk'),
  amount: z.union([z.string().max(30), z.number()]).default('100.00'),
  currency: z.string().max(10).default('RUB'),
  message: codePoints(MAX_WORDS).default(''),
})
const testMessage = z.strictObject({
  kind: z.literal('chat'),
  name: someWords(MAX_VIEWER_NAME).default('Chatfolk'),
  message: someWords(MAX_MESSAGE),
})

/** What a streamer tries out: the real way, flagged as a test. */
export function testApiRoutes({ channels, receiveDonation, testChat, now }: TestApiOptions): Routes {
  return (app) => {
    app.post(
      '/api/channel/test',
      {
        config: { access: 'streamer' },
        schema: {
          summary: 'Send a test donation or chat message through the real pipeline',
          response: { 202: z.union([testReply, testChatReply]) },
          body: z.discriminatedUnion('kind', [testDonation, testMessage]),
        },
      },
      async (request, reply) => {
        const { channelId } = streamerOf(request)
        const { body } = request
        return reply.code(202).send(body.kind === 'chat' ? await say(channelId, body) : await donate(channelId, body))
      },
    )
  }

  async function say(channelId: string, { name, message }: z.infer<typeof testMessage>) {
    const channel = await channels.byId(channelId)
    if (!channel) throw new AppError('no-channel')
    const { messageId, reply, joined, onStage, command, permitted, reaction, ignored } = await testChat({
      channelId,
      channelUserId: channel.twitchUserId,
      name,
      text: message,
    })
    return { messageId, reply, joined, onStage, understood: { command, reaction, permitted, ignored } }
  }

  async function donate(channelId: string, donation: z.infer<typeof testDonation>) {
    const { name, amount, currency, message } = donation
    const money = parseMoney(amount, currency)
    if (!money) {
      throw new AppError('bad-request', {
        errors: [{ path: 'amount', message: 'must be an amount such as 150 or "99.90", with a currency such as RUB' }],
      })
    }
    const [stored] = await receiveDonation({
      channelId,
      provider: 'test',
      accountId: channelId,
      arrival: 'push',
      test: true,
      items: [
        {
          ok: true,
          donation: {
            provider: 'test',
            accountId: channelId,
            externalId: crypto.randomUUID(),
            donor: name === null || name.trim() === '' ? null : withoutNul(name),
            money,
            message: withoutNul(message),
            messageKind: 'text',
            createdAt: now(),
            raw: withoutNul(JSON.stringify(donation)),
          },
        },
      ],
    })
    if (!stored) throw new AppError('internal', { message: 'a test donation was not stored' })
    return { donationId: stored.donationId, alertId: stored.alertId }
  }
}

/** PostgreSQL's text cannot hold NUL, and nobody can see it. */
function withoutNul(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '').replaceAll('\\u0000', '')
}
