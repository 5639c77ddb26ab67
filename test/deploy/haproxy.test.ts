import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createHaproxy } from '../../scripts/cluster/haproxy.ts'
import { createPorts } from '../../scripts/cluster/ports.ts'
import { createProcesses } from '../../scripts/cluster/processes.ts'
import { eventually } from '../support/eventually.ts'

const CONFIG = join(import.meta.dirname, '..', '..', 'deploy', 'haproxy', 'haproxy.cfg')

/** Stands in for a web node: answers with its name and what it was sent. */
interface WebNode {
  name: string
  port: number
  /** `ready` as a node says it; `silent` as one that is paused. */
  health: 'ready' | 'stopping' | 'silent'
  /** Refuses everything, as between the first moment of a stop and the balancer's next look. */
  refuses: boolean
  requests: Array<{ method: string; url: string }>
  streams: ServerResponse[]
  die(): void
}

async function startWebNode(t: TestContext, name: string): Promise<WebNode> {
  const die = () => {
    server.closeAllConnections()
    server.close()
  }
  const node: WebNode = { name, port: 0, health: 'ready', refuses: false, requests: [], streams: [], die }
  const server: Server = createServer((request, response) => {
    if (request.url === '/health/ready') {
      if (node.health !== 'silent') response.writeHead(node.health === 'ready' ? 200 : 503).end('{}')
      return
    }
    node.requests.push({ method: request.method ?? '', url: request.url ?? '' })
    if (node.refuses) return void response.writeHead(503, { 'retry-after': '1' }).end('stopping')
    if (request.url?.startsWith('/stream')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${name}\n\n`)
      node.streams.push(response)
      response.on('close', () => (node.streams = node.streams.filter((stream) => stream !== response)))
      return
    }
    response.end(JSON.stringify({ name, headers: request.headers }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(die)
  node.port = (server.address() as AddressInfo).port
  return node
}

async function startBalancer(t: TestContext) {
  const nodes = [await startWebNode(t, 'web-1'), await startWebNode(t, 'web-2')] as const
  const home = await mkdtemp(join(tmpdir(), 'chatfolk-haproxy-'))
  const processes = createProcesses({ logs: join(home, 'logs'), remove: [home] })
  const freePort = createPorts()
  const port = await freePort()
  const haproxy = await createHaproxy({
    processes,
    directory: home,
    port,
    metricsPort: await freePort(),
    servers: nodes.map((node) => ({ name: node.name, address: `127.0.0.1:${node.port}` })),
  })
  t.after(async () => {
    await haproxy.stop()
    await processes.close()
  })
  await haproxy.start()
  return { nodes, url: `http://127.0.0.1:${port}`, log: () => readFileSync(haproxy.logFile, 'utf8') }
}

async function openStream(url: string) {
  const [response] = (await once(get(`${url}/stream?ticket=a-secret`, { agent: false }), 'response')) as [
    IncomingMessage,
  ]
  const heard: string[] = []
  let open = true
  response.setEncoding('utf8').on('data', (text: string) => heard.push(...(text.match(/(?<=data: ).*/g) ?? [])))
  response.on('error', () => {}).on('close', () => (open = false))
  await eventually('the first event', () => heard.length > 0)
  return { heard, isOpen: () => open, end: () => response.destroy(), node: heard[0] ?? '' }
}

test('HAProxy takes the configuration that is deployed as it stands', () => {
  const { status, stderr } = spawnSync('haproxy', ['-c', '-f', CONFIG], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})

test('events come through one by one, streams spread, and a visitor cannot say who they are', async (t) => {
  const { nodes, url, log } = await startBalancer(t)
  const streams = await Promise.all([openStream(url), openStream(url), openStream(url), openStream(url)])
  assert.deepEqual(streams.map(({ node }) => node).sort(), ['web-1', 'web-1', 'web-2', 'web-2'])
  for (const word of ['one', 'two']) {
    for (const { streams } of nodes) for (const stream of streams) stream.write(`data: ${word}\n\n`)
    await eventually(`"${word}" everywhere`, () => streams.every(({ heard }) => heard.at(-1) === word), 1_000)
  }
  const forged = {
    'x-forwarded-for': '6.6.6.6',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'evil',
    forwarded: 'x',
  }
  const { headers } = (await (await fetch(url, { headers: forged })).json()) as { headers: Record<string, string> }
  assert.equal(headers['x-forwarded-for'], '127.0.0.1')
  assert.equal(headers['x-forwarded-proto'], 'http')
  assert.equal(headers['x-forwarded-host'], undefined)
  assert.equal(headers['forwarded'], undefined)
  for (const { end } of streams) end()
  await eventually('the nodes know that they are gone', () => nodes.every((node) => node.streams.length === 0), 1_000)
  await eventually('a line for each stream that ended', () => log().match(/GET \/stream$/gm)?.length === streams.length)
  assert.doesNotMatch(log(), /a-secret|127\.0\.0\.1:?\d* web/, 'neither tickets nor addresses')
})

test('a node that stops keeps the overlays it has and gets no new ones; one that stands still loses them', async (t) => {
  const { nodes, url } = await startBalancer(t)
  const [first, second] = nodes
  const before = await Promise.all([openStream(url), openStream(url)])
  const there = before.find(({ node }) => node === first.name) ?? assert.fail()
  const other = before.find(({ node }) => node === second.name) ?? assert.fail()

  first.health = 'stopping'
  await eventually('visitors go to the other alone', async () => {
    const names = await Promise.all(Array.from({ length: 4 }, async () => (await ask(url)).name))
    return names.every((name) => name === second.name)
  })
  first.streams[0]?.write('data: still here\n\n')
  await eventually('its overlay still hears it', () => there.heard.at(-1) === 'still here', 1_000)

  first.health = 'ready'
  await eventually('visitors come again', async () => (await ask(url)).name === first.name)
  second.health = 'silent'
  await eventually('the overlay of the paused one is cut', () => !other.isOpen(), 20_000)
  assert.ok(there.isOpen())
  there.end()
})

test('what was refused by a node that is stopping is asked of the other; an act is not sent twice', async (t) => {
  const { nodes, url } = await startBalancer(t)
  const [first, second] = nodes
  first.refuses = true
  for (let turn = 0; turn < 6; turn++) assert.equal((await ask(url)).name, second.name)
  assert.ok(first.requests.length > 0, 'it was asked first at least once')

  second.refuses = true
  nodes.forEach(({ requests }) => (requests.length = 0))
  assert.equal((await fetch(url, { method: 'POST', body: '{}' })).status, 503)
  assert.equal(first.requests.length + second.requests.length, 1)
})

test('a node that died takes nothing with it: whatever could not even be sent goes to the other at once', async (t) => {
  const { nodes, url } = await startBalancer(t)
  await Promise.all([ask(url), ask(url)])
  nodes[0].die()
  for (let turn = 0; turn < 6; turn++) {
    const answer = await fetch(url, { method: 'POST', body: '{}', headers: { connection: 'close' } })
    assert.equal(answer.status, 200)
  }
})

test('figures are not for the public; with no node left a page says so', async (t) => {
  const { nodes, url } = await startBalancer(t)
  assert.equal((await fetch(`${url}/metrics`)).status, 404)
  for (const node of nodes) node.health = 'stopping'
  const closed = () => fetch(url, { headers: { accept: 'text/html' } })
  await eventually('nobody is asked any more', async () => (await closed()).status === 503)
  const page = await closed()
  assert.match(await page.text(), /One moment/)
  assert.equal(page.headers.get('retry-after'), '2')
})

async function ask(url: string): Promise<{ name: string }> {
  return (await (await fetch(url)).json()) as { name: string }
}
