import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChatRecord } from '../../simulator/twitch/ledger.ts'
import { eventually } from '../support/eventually.ts'
import { CHAT_SCOPES, startTwitch, type EventSubSocket } from '../support/simulated-twitch.ts'

const STEP_MS = 50

test('what is on record as delivered has arrived, and nothing else, through moves, breaks and a half-open shard', async (t) => {
  const twitch = await startTwitch(t)
  const { control, pass, openConduit, openEventSub, assign, subscribe } = twitch
  const { id: conduit, sockets } = await openConduit(3)
  const { streamers } = await control('POST', 'streamers', { count: 50, prefix: 's', scopes: CHAT_SCOPES })
  const channels = streamers as { login: string; twitchId: string }[]
  for (const { twitchId: id } of channels)
    await subscribe(conduit, 'channel.chat.message', { broadcaster_user_id: id, user_id: id })

  const opened: EventSubSocket[] = [...sockets]
  const replace = async (shard: number) => {
    const next = await openEventSub()
    opened.push(next)
    await assign(conduit, { [String(shard)]: next })
  }
  /** As a good client does: to the new address, then away from the old one. */
  const moveAll = async () => {
    const before = opened.filter((socket) => socket.isOpen())
    await control('POST', 'twitch/sockets/reconnect', { all: true })
    for (const socket of before) {
      const told = () => socket.messages.find(({ metadata }) => metadata.message_type === 'session_reconnect')
      // One that is half-open is told nothing.
      if (socket === silent) continue
      await eventually('the request to move', told)
      opened.push(await openEventSub({ url: String(told()?.payload.session?.['reconnect_url']) }))
      socket.close()
      await socket.closed
    }
  }
  let silent: EventSubSocket | undefined
  const happenings: Record<number, () => Promise<unknown>> = {
    1_000: moveAll,
    2_000: () => control('POST', 'twitch/sockets/close', { shard: '1', code: 1006 }),
    2_300: () => replace(1),
    3_000: async () => {
      const { conduits } = await control('GET', 'twitch/conduits')
      const [{ shards } = { shards: [] }] = conduits as {
        shards: { id: string; transport: { session_id: string } }[]
      }[]
      const session = shards.find(({ id }) => id === '2')?.transport.session_id
      silent = opened.find((socket) => socket.session.id === session)
      return control('POST', 'twitch/sockets/half-open', { shard: '2' })
    },
    3_500: () => control('POST', 'twitch/sockets/notice', { all: true }),
    3_800: () => replace(2),
    4_300: moveAll,
  }
  await control('POST', 'twitch/say', {
    channels: channels.map(({ login }) => login),
    viewers: ['v1', 'v2', 'v3'],
    text: 'message {n}',
    count: 10_000,
    perSecond: 2_000,
    duplicateEvery: 20,
  })
  for (let elapsedMs = 0; elapsedMs <= 5_100; elapsedMs += STEP_MS) {
    await happenings[elapsedMs]?.()
    await pass(STEP_MS)
  }

  const { messages, totals } = (await control('GET', 'twitch/messages')) as unknown as {
    messages: ChatRecord[]
    totals: Record<string, number>
  }
  assert.deepEqual([totals['messages'], totals['dropped']], [10_000, 0], 'one dead shard at a time loses nothing')
  assert.ok((totals['retried'] ?? 0) > 100 && (totals['lost'] ?? 0) > 100, JSON.stringify(totals))
  const delivered = messages.flatMap(({ notifications }) => notifications.filter(({ fate }) => fate === 'delivered'))
  const arrived = () => opened.flatMap((socket) => socket.notifications())
  await eventually('all that was delivered', () => arrived().length >= delivered.length)
  assert.deepEqual(
    arrived()
      .map(({ metadata }) => metadata.message_id)
      .sort(),
    delivered.map(({ messageId }) => messageId).sort(),
  )
})
