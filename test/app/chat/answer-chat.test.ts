import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAnswerChat, type Answer, type AnswerLimits } from '../../../src/app/chat/answer-chat.ts'
import { createOwnMessages } from '../../../src/app/chat/own-messages.ts'
import { AppError } from '../../../src/base/errors.ts'
import { createMetrics } from '../../../src/base/metrics.ts'
import type { ClaimResult, ReplyClaim } from '../../../src/persistence/reply-claims.ts'
import type { OutgoingMessage, SendResult } from '../../../src/platforms/chat.ts'
import { recordingLogger } from '../../support/logger.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const GENEROUS: AnswerLimits = {
  viewer: { messages: 1_000, windowMs: 30_000 },
  channel: { messages: 1_000, windowMs: 30_000 },
  account: { messages: 10_000, windowMs: 30_000 },
}

function open({
  limits = GENEROUS,
  send = async () => ({ sent: true, id: crypto.randomUUID() }),
  claim,
}: {
  limits?: AnswerLimits
  send?: (message: OutgoingMessage) => Promise<SendResult>
  claim?: (batch: readonly ReplyClaim[]) => Promise<ClaimResult[]>
} = {}) {
  const clock = createManualClock()
  const metrics = createMetrics()
  const sent: OutgoingMessage[] = []
  const batches: number[] = []
  const claimed = new Set<string>()
  const off = new Set<string>()
  const life = { mayAct: true }
  const passedOn: string[] = []
  const { logger, logs } = recordingLogger()
  const chat = createAnswerChat({
    claims: {
      claim: async (_session, batch) => {
        batches.push(batch.length)
        if (claim) return claim(batch)
        return batch.map(({ messageId, command }) => {
          const key = `${messageId} ${command}`
          if (claimed.has(key)) return 'taken'
          claimed.add(key)
          return 'won'
        })
      },
      purge: async () => 0,
    },
    send: (message) => {
      sent.push(message)
      return send(message)
    },
    own: createOwnMessages(clock),
    session: { session: () => 7, mayAct: () => life.mayAct },
    isOn: ({ channelId }) => !off.has(channelId),
    passOn: (one) => void passedOn.push(one.messageId),
    limits,
    clock,
    logger,
    metrics,
  })
  const answer = (messageId: string, more: Partial<Answer> = {}) =>
    chat.answer({
      channelId: 'c',
      channelUserId: '1',
      speakerUserId: '1',
      epoch: 3,
      messageId,
      command: 'ping',
      viewerId: 'v',
      text: 'pong',
      receivedAtMs: clock.monotonic(),
      ...more,
    })
  const results = async () =>
    Object.fromEntries((await metrics.chatReplies.get()).values.map(({ labels, value }) => [labels.result, value]))
  return { clock, chat, answer, sent, off, life, passedOn, batches, results, logs }
}

test('an answer is claimed, then sent once, as a reply to its message', async () => {
  const { clock, answer, sent, chat, results } = open()
  answer('m1')
  await clock.advance(10)
  assert.deepEqual(
    sent.map(({ text, replyTo, channelUserId, speakerUserId }) => ({ text, replyTo, channelUserId, speakerUserId })),
    [{ text: 'pong', replyTo: 'm1', channelUserId: '1', speakerUserId: '1' }],
  )
  answer('m1')
  await clock.advance(10)
  assert.equal(sent.length, 1, 'the claim is taken')
  assert.deepEqual(await results(), { sent: 1, taken: 1 })
  assert.deepEqual(chat.figures('c'), { sent: 1, dropped: 0, lastDropped: null })
})

test('a burst shares its claims: one statement for fifty', async () => {
  const { clock, answer, sent, batches } = open()
  for (let n = 0; n < 120; n++) answer(`m${n}`)
  await clock.advance(50)
  assert.equal(sent.length, 120)
  assert.deepEqual(batches, [50, 50, 20])
})

test('what may have been said is never said again', async () => {
  const { clock, answer, sent, chat } = open({
    send: () => Promise.reject(new AppError('platform-network', { reason: 'timeout' })),
  })
  answer('m1')
  await clock.advance(60_000)
  answer('m1')
  await clock.advance(60_000)
  assert.equal(sent.length, 1)
  assert.equal(chat.figures('c').lastDropped?.why, 'unknown')
})

test('without its claim an answer is not given', async () => {
  const { clock, answer, sent, chat } = open({ claim: () => Promise.reject(new AppError('unavailable')) })
  answer('m1')
  await clock.advance(100)
  assert.equal(sent.length, 0)
  assert.equal(chat.figures('c').lastDropped?.why, 'failed')
})

test('what Twitch drops is counted with its reason and the next is sent all the same', async () => {
  let first = true
  const { clock, answer, sent, chat } = open({
    send: async () => {
      if (!first) return { sent: true, id: 'x' }
      first = false
      return { sent: false, why: 'dropped', code: 'user_timed_out' }
    },
  })
  answer('m1')
  answer('m2')
  await clock.advance(100)
  assert.equal(sent.length, 2)
  assert.deepEqual(
    [chat.figures('c').sent, chat.figures('c').dropped, chat.figures('c').lastDropped?.why],
    [1, 1, 'refused'],
  )
})

test('an answer that is older than ten seconds is not given any more', async () => {
  const slow = Promise.withResolvers<ClaimResult[]>()
  const { clock, answer, sent, chat } = open({ claim: () => slow.promise })
  answer('m1')
  await clock.advance(10_500)
  slow.resolve(['won'])
  await clock.advance(10)
  assert.equal(sent.length, 0)
  assert.equal(chat.figures('c').lastDropped?.why, 'too-old')
})

test('limits hold for a viewer, a channel and an account, each by itself', async () => {
  const limits: AnswerLimits = {
    viewer: { messages: 4, windowMs: 30_000 },
    channel: { messages: 8, windowMs: 30_000 },
    account: { messages: 12, windowMs: 30_000 },
  }
  const { clock, answer, sent, chat } = open({ limits })
  for (let n = 0; n < 10; n++) answer(`a${n}`)
  await clock.advance(10)
  assert.equal(sent.length, 2, 'half of the viewer’s, the other half comes with time')
  assert.equal(chat.figures('c').lastDropped?.why, 'viewer-limit')
  for (let n = 0; n < 10; n++) answer(`b${n}`, { viewerId: `v${n}` })
  await clock.advance(10)
  assert.equal(sent.length, 4)
  assert.equal(chat.figures('c').lastDropped?.why, 'channel-limit')
  for (let n = 0; n < 10; n++) answer(`c${n}`, { channelId: `c${n}`, viewerId: `v${n}` })
  await clock.advance(10)
  assert.equal(sent.length, 6)
  assert.equal(chat.figures('c9').lastDropped?.why, 'account-limit')
})

test('more than could ever be said is not kept', async () => {
  const never = new Promise<ClaimResult[]>(() => {})
  const { clock, answer, chat } = open({
    limits: {
      viewer: { messages: 1e6, windowMs: 1_000 },
      channel: { messages: 1e6, windowMs: 1_000 },
      account: { messages: 1e6, windowMs: 1_000 },
    },
    claim: () => never,
  })
  for (let n = 0; n < 5_000; n++) answer(`m${n}`)
  await clock.advance(10)
  assert.equal(chat.figures('c').lastDropped?.why, 'overload')
  assert.equal(chat.figures('c').dropped, 3_000)
})

test('a stop leaves nothing behind and says nothing more', async () => {
  const { clock, answer, sent, chat } = open()
  answer('m1')
  await chat.stop()
  await clock.advance(60_000)
  assert.equal(sent.length, 0)
  assert.equal(clock.pendingTimers(), 0)
})

test('a bot that was turned off while its answer waited says nothing more', async () => {
  const claiming = Promise.withResolvers<ClaimResult[]>()
  const { clock, answer, sent, off, results } = open({ claim: () => claiming.promise })
  answer('m1')
  answer('m2', { channelId: 'other' })
  await clock.advance(3)
  off.add('c')
  claiming.resolve(['won', 'won'])
  await clock.advance(0)
  assert.deepEqual(
    sent.map(({ replyTo }) => replyTo),
    ['m2'],
  )
  assert.equal((await results())['bot-off'], 1)
})

test('what fails for one cause is one line a minute, however many answers it befalls; the metric counts each', async () => {
  const { clock, answer, results, logs } = open({
    send: () => Promise.reject(new AppError('platform-network', { platform: 'twitch', endpoint: 'chat-messages' })),
  })
  const ask = async (count: number) => {
    for (let n = 0; n < count; n++) {
      answer(crypto.randomUUID())
      await clock.advance(100)
    }
  }
  await ask(20)
  assert.deepEqual(await results(), { unknown: 20 })
  assert.deepEqual(
    logs.map(({ level, unlogged }) => [level, unlogged]),
    [['warn', 0]],
  )
  await clock.advance(60_000)
  await ask(2)
  assert.equal(logs.length, 2)
  assert.equal(logs[1]?.['unlogged'], 19, 'the next line tells of those between')
})

test('a stop lets what is on its way arrive, and gives up on what does not', async () => {
  const { promise, resolve } = Promise.withResolvers<SendResult>()
  const slow = open({ send: () => promise })
  slow.answer('m1')
  await slow.clock.advance(10)
  let stopped = false
  const stopping = slow.chat.stop().then(() => (stopped = true))
  await slow.clock.advance(1_000)
  assert.deepEqual([stopped, slow.sent[0]?.signal?.aborted], [false, false])
  resolve({ sent: true, id: 'x' })
  await stopping
  assert.deepEqual(await slow.results(), { sent: 1 })
  assert.equal(slow.clock.pendingTimers(), 0)

  const hanging = open({
    send: ({ signal }) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error))),
  })
  hanging.answer('m1')
  await hanging.clock.advance(10)
  const ending = hanging.chat.stop()
  await hanging.clock.advance(2_000)
  await ending
  assert.deepEqual(hanging.logs, [])
})

test('nothing is timed before the first answer: a node that fails to start is kept alive by nothing', async () => {
  const { clock, answer, chat } = open()
  assert.equal(clock.pendingTimers(), 0)
  answer('m1')
  assert.ok(clock.pendingTimers() > 0)
  await chat.stop()
  assert.equal(clock.pendingTimers(), 0)
})

test('a node that may not act says nothing, whether it asks too late or was muted while it claimed', async () => {
  const { clock, answer, sent, life, results } = open()
  answer('m1')
  life.mayAct = false
  await clock.advance(10)
  answer('m2')
  await clock.advance(10)
  assert.equal(sent.length, 0)
  assert.deepEqual(await results(), { muted: 2 })
  life.mayAct = true
  answer('m3')
  await clock.advance(10)
  assert.equal(sent.length, 1)
})

test('what was claimed too late, because the bot is another node’s by now, is left to that one', async () => {
  const { clock, answer, sent, passedOn, results } = open({
    claim: async (batch) => batch.map(({ messageId }) => (messageId === 'm2' ? 'foreign' : 'won')),
  })
  answer('m1')
  answer('m2')
  await clock.advance(10)
  assert.deepEqual(
    sent.map(({ replyTo }) => replyTo),
    ['m1'],
  )
  assert.deepEqual(passedOn, ['m2'])
  assert.deepEqual(await results(), { sent: 1, 'passed-on': 1 })
})
