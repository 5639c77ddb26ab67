import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { startNode } from '../support/node.ts'
import { joinAsStreamer } from '../support/streamer.ts'

interface Row {
  login: string
  state: string
  owner: string | null
  epoch: number
}
interface Node {
  id: string
  state: string
  endReason: string | null
  bots: number
  donations: number
}

test('each node tells an operator the same of all nodes, whatever it does itself, and what a stopped one leaves is seen to move', async (t) => {
  const web = await startNode(t, { environment: { ROLES: 'web', NODE_ID: 'front' } })
  const first = await startNode(t, { beside: web, environment: { ROLES: 'bots,donations', NODE_ID: 'back-1' } })
  const nodes = [web, first]
  const ask = async <T>(node: (typeof nodes)[number], path: string) =>
    (await (await fetch(`${node.baseUrl}/api/admin/${path}`)).json()) as T
  const streamer = await joinAsStreamer({ baseUrl: web.baseUrl, simulatorUrl: web.simulator.url, login: 'watched' })
  await streamer.turnBotOn()

  const stateOf = async (path: string) => (await ask<Row[]>(web, path))[0]
  await eventually('the bot', async () => (await stateOf('bots'))?.state === 'active', 20_000)
  await eventually('the stream', async () => (await stateOf('donations'))?.state === 'live', 20_000)
  for (const path of ['bots', 'donations']) {
    const [told, ...others] = await Promise.all(nodes.map((node) => ask<Row[]>(node, path)))
    assert.deepEqual(
      told?.map(({ login, owner }) => [login, owner]),
      [['watched', 'back-1']],
    )
    for (const other of others) assert.deepEqual(other, told)
  }
  const living = await ask<Node[]>(first, 'nodes')
  assert.deepEqual(
    living.map(({ id, state, bots, donations }) => [id, state, bots, donations]),
    [
      ['back-1', 'active', 1, 1],
      ['front', 'active', 0, 0],
    ],
  )

  assert.deepEqual(
    await Promise.all(['/admin', '/dashboard'].map(async (path) => (await fetch(`${first.baseUrl}${path}`)).status)),
    [200, 404],
  )

  const second = await startNode(t, { beside: web, environment: { ROLES: 'bots,donations', NODE_ID: 'back-2' } })
  await first.stop()
  await eventually(
    'the next owner',
    async () => {
      const bot = await stateOf('bots')
      return bot?.state === 'active' && bot.owner === 'back-2' && bot.epoch > 1
    },
    20_000,
  )
  const ended = (await ask<Node[]>(second, 'nodes')).find(({ id }) => id === 'back-1')
  assert.deepEqual([ended?.state, ended?.endReason, ended?.bots], ['ended', 'stopped', 0])
})
