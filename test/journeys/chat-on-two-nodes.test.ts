import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { startNode, type TestNode } from '../support/node.ts'
import { forkBeside } from '../support/forked-node.ts'
import { owners } from '../support/owners.ts'
import { startRedis } from '../support/redis-server.ts'
import { joinAsStreamer, type Streamer } from '../support/streamer.ts'

interface Asked {
  id: string
  channel: string
  /** By this process's clock. */
  at: number
}

async function standing({ db }: Pick<TestNode, 'db'>, kind: 'bot' | 'shard', state: string): Promise<number> {
  const [row] = await db.query<{ n: number }>(
    `select count(*)::integer as n from assignments a join nodes n on n.session = a.owner and n.ended_at is null
     where a.kind = $1 and a.desired and a.state = $2`,
    [kind, state],
  )
  return row?.n ?? 0
}

async function counted({ baseUrl }: TestNode, series: string): Promise<number> {
  const metrics = await (await fetch(`${baseUrl}/metrics`)).text()
  const line = metrics.split('\n').find((text) => text.startsWith(series))
  return Number(line?.split(' ').at(-1) ?? 0)
}

/** Streamers whose bots are on and active. */
async function turnOn(node: TestNode, count: number): Promise<Streamer[]> {
  const streamers = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      joinAsStreamer({
        baseUrl: node.baseUrl,
        simulatorUrl: node.simulator.url,
        login: `s${n}`,
        withoutDonations: true,
      }),
    ),
  )
  for (const streamer of streamers) await streamer.turnBotOn()
  await eventually('all bots are active', async () => (await standing(node, 'bot', 'active')) === count, 30_000)
  return streamers
}

function chatOf({ simulator: { twitch } }: TestNode) {
  let viewers = 0
  const find = (login: string) => twitch.chatters.find(login) ?? assert.fail(`nobody is called ${login}`)
  const ask = (streamer: Streamer): Asked => {
    const login = `viewer${++viewers}`
    twitch.chatters.add({ login, name: login })
    const channel = find(streamer.login)
    const said = twitch.chat.say(channel, find(login), { text: '!ping' })
    assert.ok('id' in said)
    return { id: said.id, channel: channel.id, at: performance.now() }
  }
  const answersTo = () => {
    const answers = new Map<string, number>()
    for (const { replyTo, outcome } of twitch.outbox.all()) {
      if (replyTo !== null && outcome === 'sent') answers.set(replyTo, (answers.get(replyTo) ?? 0) + 1)
    }
    return answers
  }
  return {
    ask,
    /** Asks in one channel after the other, until it is told to stop. Notes when each was answered. */
    askOn(streamers: readonly Streamer[], everyMs: number) {
      const asked: Asked[] = []
      const life = new AbortController()
      const running = (async () => {
        for (let n = 0; !life.signal.aborted; n++) {
          asked.push(ask(streamers[n % streamers.length] ?? assert.fail()))
          await new Promise((resolve) => setTimeout(resolve, everyMs))
        }
      })()
      return {
        async stop() {
          life.abort()
          await running
          return asked
        },
      }
    },
    answersTo,
    async answeredOnce(asked: readonly Asked[]): Promise<void> {
      await eventually('every question is answered', () => {
        const answers = answersTo()
        return asked.every(({ id }) => answers.has(id))
      }).catch(() => {})
      const answers = answersTo()
      const wrong = asked
        .map((one, n) => ({ n, times: answers.get(one.id) ?? 0, channel: one.channel }))
        .filter(({ times }) => times !== 1)
      assert.deepEqual(wrong, [])
    },
    /** From a question to the request that answers it: both clocks are this process's. */
    slowestMs(asked: readonly Asked[]): number {
      const answeredAt = new Map(twitch.outbox.all().map(({ replyTo, at }) => [replyTo, at]))
      return Math.round(Math.max(...asked.map(({ id, at }) => (answeredAt.get(id) ?? Infinity) - at)))
    },
  }
}

describe('chat on two nodes', () => {
  test('what is said reaches the owner of the channel’s bot, whichever node heard it, and is answered once', async (t) => {
    const redis = await startRedis(t)
    const one = await startNode(t, { environment: redis.environment })
    const other = await startNode(t, { beside: one })
    const streamers = await turnOn(one, 12)
    await eventually('each has a shard', async () => Object.keys(await owners(one, 'shard')).length === 2, 30_000)
    await eventually('both deliver', async () => (await standing(one, 'shard', 'enabled')) === 2)
    await eventually('each has bots', async () => Object.keys(await owners(one, 'bot')).length === 2, 30_000)
    t.diagnostic(
      `bots ${JSON.stringify(await owners(one, 'bot'))}, shards ${JSON.stringify(await owners(one, 'shard'))}`,
    )
    assert.equal(one.simulator.twitch.conduits.all().length, 1)

    const chat = chatOf(one)
    const asked = Array.from({ length: 10 }, () => streamers.map(chat.ask)).flat()
    await chat.answeredOnce(asked)
    const forwarded = await Promise.all(
      [one, other].map((node) => counted(node, 'chatfolk_chat_messages_total{result="forwarded"')),
    )
    t.diagnostic(`${asked.length} questions, ${forwarded.join(' + ')} told to the other node`)
    assert.ok(Math.min(...forwarded) > 0)

    // The same is told of a bot on every node.
    for (const { channelId } of streamers) {
      const [row] = await one.db.query<{ node: string }>(
        `select n.node_id as node from assignments a join nodes n on n.session = a.owner where a.kind = 'bot' and a.key = $1`,
        [channelId],
      )
      assert.ok(row)
    }
    const views = await Promise.all(
      streamers.map(
        async (streamer) => (await streamer.get<{ bot: { owner: string; state: string } }>('/api/channel')).bot,
      ),
    )
    assert.deepEqual(new Set(views.map(({ owner }) => owner)), new Set([one.nodeId, other.nodeId]))
    assert.ok(views.every(({ state }) => state === 'active'))
  })

  test('a node that is stopped hands its bots and shards over, and no question is lost or answered twice', async (t) => {
    const redis = await startRedis(t)
    const one = await startNode(t, { environment: redis.environment })
    const other = await startNode(t, { beside: one })
    const streamers = await turnOn(one, 12)
    await eventually('each has a shard', async () => Object.keys(await owners(one, 'shard')).length === 2, 30_000)
    await eventually('both deliver', async () => (await standing(one, 'shard', 'enabled')) === 2)
    await eventually('each has bots', async () => Object.keys(await owners(one, 'bot')).length === 2, 30_000)
    const chat = chatOf(one)
    // Seven for each, and two of the application itself.
    await eventually('all is subscribed', () => one.simulator.twitch.subscriptions.all().length === 12 * 7 + 2, 20_000)
    const subscribing = () =>
      one.simulator.log.all().filter(({ endpoint, method }) => endpoint === 'twitch.subscriptions' && method === 'POST')
        .length
    const before = subscribing()
    const asking = chat.askOn(streamers, 40)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const began = performance.now()
    await other.stop()
    const tookMs = Math.round(performance.now() - began)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const asked = await asking.stop()
    assert.deepEqual(await owners(one, 'bot'), { [one.nodeId]: 12 })
    assert.deepEqual(await owners(one, 'shard'), { [one.nodeId]: 2 })
    await chat.answeredOnce(asked)
    const slowestMs = chat.slowestMs(asked)
    t.diagnostic(`${asked.length} questions while a node stopped within ${tookMs} ms, answered within ${slowestMs} ms`)
    assert.ok(slowestMs < 1_000)
    assert.equal(one.simulator.twitch.conduits.all().length, 1)
    assert.equal(subscribing(), before, 'nothing is subscribed anew')
  })

  test('what a killed node ran is run by the other, with one request for its shard', async (t) => {
    const redis = await startRedis(t)
    const one = await startNode(t, { environment: redis.environment })
    const streamers = await turnOn(one, 6)
    const doomed = await forkBeside(t, one)
    await eventually('each has a shard', async () => Object.keys(await owners(one, 'shard')).length === 2, 30_000)
    await eventually('each has bots', async () => Object.keys(await owners(one, 'bot')).length === 2, 30_000)
    await eventually('both deliver', async () => (await standing(one, 'shard', 'enabled')) === 2)
    await doomed.kill()
    const began = performance.now()
    await eventually('one has all', async () => (await owners(one, 'bot'))[one.nodeId] === 6, 25_000)
    await eventually('all are active', async () => (await standing(one, 'bot', 'active')) === 6)
    await eventually('both shards deliver', async () => (await standing(one, 'shard', 'enabled')) === 2)
    t.diagnostic(`taken over after ${Math.round(performance.now() - began)} ms`)
    const chat = chatOf(one)
    const asked = Array.from({ length: 5 }, () => streamers.map(chat.ask)).flat()
    await chat.answeredOnce(asked)
    assert.ok((await counted(one, 'chatfolk_bot_takeover_seconds_count')) > 0)
  })
})
