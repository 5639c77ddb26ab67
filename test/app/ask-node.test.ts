import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAskNode } from '../../src/app/ask-node.ts'
import { createTestChatAnywhere } from '../../src/app/chat/test-chat-anywhere.ts'
import { AppError, hasCode } from '../../src/base/errors.ts'
import { linkBuses } from '../support/linked-buses.ts'
import { createManualClock } from '../support/manual-clock.ts'

function open() {
  const clock = createManualClock()
  const buses = linkBuses()
  const add = (session: number | null) => {
    const me = { session }
    const bus = buses.add()
    const ask = createAskNode({ bus, session: { session: () => me.session, mayAct: () => true }, clock })
    ask.listen()
    return { ask, bus, me }
  }
  return { clock, buses, add }
}

test('a node is asked under its session and answers who asked, who needs none', async () => {
  const { add } = open()
  const [one, two] = [add(null), add(2)]
  two.ask.answer('sum', (numbers) => (numbers as number[]).reduce((sum, n) => sum + n, 0))
  assert.equal(await one.ask.ask(2, 'sum', [1, 2, 3]), 6)
  two.me.session = 7
  two.ask.listen()
  assert.equal(await one.ask.ask(7, 'sum', [4]), 4)
})

test('a refusal arrives with its code, and nothing else of an error does', async () => {
  const { add } = open()
  const [one, two] = [add(1), add(2)]
  two.ask.answer('no', () => {
    throw new AppError('conflict', { message: 'The bot is off.' })
  })
  two.ask.answer('broken', () => {
    throw new Error('a secret')
  })
  await assert.rejects(one.ask.ask(2, 'no', null), { code: 'conflict', message: 'The bot is off.' })
  await assert.rejects(one.ask.ask(2, 'broken', null), { code: 'internal', message: 'internal' })
})

test('who does not answer in time is waited for no longer, and a late answer harms nobody', async () => {
  const { clock, add } = open()
  const [one, two] = [add(1), add(2)]
  let answer: (text: string) => void = () => {}
  two.ask.answer('slow', () => new Promise<string>((resolve) => (answer = resolve)))
  const asked = assert.rejects(one.ask.ask(2, 'slow', null), (error) => hasCode(error, 'unavailable'))
  await clock.advance(2_000)
  await asked
  answer('late')
  await clock.advance(0)
  const nobody = assert.rejects(one.ask.ask(3, 'slow', null), (error) => hasCode(error, 'unavailable'))
  await clock.advance(2_000)
  await nobody
  assert.equal(clock.pendingTimers(), 0)
})

test('a test message goes where the bot is; where nobody answers it says so', async () => {
  const { clock, add } = open()
  const [one, two] = [add(1), add(2)]
  const state = { here: false, owner: 2 as number | null }
  const told = { messageId: 'm' } as never
  const testChat = (by: string) => async (message: unknown) =>
    by === 'one' && !state.here ? Promise.reject(new AppError('conflict')) : Object.assign({}, told, { by, message })
  const anywhere = createTestChatAnywhere({
    testChat: testChat('one'),
    isHere: () => state.here,
    ownerOf: async () => state.owner,
    ask: one.ask,
  })
  createTestChatAnywhere({
    testChat: testChat('two'),
    isHere: () => true,
    ownerOf: async () => 2,
    ask: two.ask,
  })
  const message = { channelId: 'c', channelUserId: '1', name: 'Ann', text: '!ping' }
  assert.deepEqual(await anywhere(message), { messageId: 'm', by: 'two', message })
  state.owner = null
  await assert.rejects(anywhere(message), (error) => hasCode(error, 'conflict'))
  state.owner = 3
  const lost = assert.rejects(anywhere(message), (error) => hasCode(error, 'unavailable'))
  await clock.advance(2_000)
  await lost
  state.here = true
  assert.deepEqual(await anywhere(message), { messageId: 'm', by: 'one', message })
})
