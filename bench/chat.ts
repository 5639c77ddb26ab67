import type { LoggedRequest } from '../simulator/request-log.ts'
import { startSimulator, type Simulator } from '../simulator/simulator.ts'
import { openTestDatabase } from '../test/support/database.ts'
import { eventually } from '../test/support/eventually.ts'
import { freePort, nodeEnvironment } from '../test/support/node.ts'
import { joinAsStreamer } from '../test/support/streamer.ts'
import { SUBSCRIPTION_TYPES } from '../src/platforms/chat.ts'
import { measureChat } from './chat-latency.ts'
import { collectGarbage } from './collect-garbage.ts'
import { line, megabytes, ms, quantile } from './figures.ts'
import { cpuMs, privateBytes, startNodeUnderTest, type NodeUnderTest } from './node-under-test.ts'
import { measureRelay } from './relay.ts'
import { newSecretKey, seedBots } from './seed-bots.ts'

const RESTARTED = 1_000
const IDLE = 10_000
const TALKING = 200
const LOAD = { messages: 40_000, perSecond: 2_000 }
const IDLE_MS = 20_000
/** Each for some seconds: a queue needs time to grow. */
const MORE = { perSecond: [5_000, 10_000, 15_000], seconds: 6 }

/** Chat at full load, a restart with a thousand bots, ten thousand idle ones: each on one node, one after the other. */
export async function benchChat(print: (text: string) => void): Promise<void> {
  const ends: Array<() => unknown> = []
  const simulator = await startSimulator({ port: 0, switches: { helixPointsPerMinute: 10_000_000 } })
  const { db, connectionString } = await openTestDatabase({ after: (end: () => unknown) => void ends.push(end) })
  const secretKey = newSecretKey()
  const environment = {
    ...nodeEnvironment({ port: await freePort(), simulatorUrl: simulator.url, connectionString, secretKey }),
    LOG_LEVEL: 'warn',
  }
  const seed = (count: number, home: string) => seedBots(db, { simulator, home, secretKey, count })
  try {
    // The first bot makes the conduit that the others come to live in.
    let node = await startNodeUnderTest(environment)
    const first = await joinAsStreamer({
      baseUrl: node.baseUrl,
      simulatorUrl: simulator.url,
      login: 'first',
      withoutDonations: true,
    })
    await first.turnBotOn()
    await eventually('the first bot is active', async () => (await activeBots(node)) === 1, 20_000)
    // Two of them are the application's own.
    await eventually(
      'its subscriptions are made',
      () => simulator.twitch.subscriptions.all().length >= SUBSCRIPTION_TYPES.length + 2,
      20_000,
    )
    const home = simulator.twitch.conduits.all()[0]?.id ?? ''
    await node.stop()

    const channels = await seed(RESTARTED, home)
    const before = subscriptionRequests(simulator)
    const began = performance.now()
    node = await startNodeUnderTest(environment)
    await eventually('all are active', async () => (await activeBots(node)) === RESTARTED + 1, 60_000)
    const restartedMs = performance.now() - began
    await quiet(simulator)
    print(`\nchat: ${RESTARTED} bots come back\n`)
    print(line('from the start of the process to all active', ms(restartedMs), 'target 10 s'))
    print(
      line(
        'subscription requests that it took',
        String(subscriptionRequests(simulator) - before),
        `${simulator.twitch.subscriptions.all().length} subscriptions were there`,
      ),
    )

    const talking = channels.slice(0, TALKING)
    await measureChat(simulator, talking, node.baseUrl, { messages: 4_000, perSecond: LOAD.perSecond })
    const cpuBefore = await cpuMs(node.pid)
    const { latencies, missing, tookMs } = await measureChat(simulator, talking, node.baseUrl, LOAD)
    const cpu = (await cpuMs(node.pid)) - cpuBefore
    const relay = await measureRelay(LOAD, TALKING)
    print(`\nchat → overlay, ${LOAD.perSecond} messages/s over ${TALKING} channels with an overlay each\n`)
    for (const [name, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      print(
        line(
          `  ${name}`,
          ms(quantile(latencies, share)),
          `bare relay of frames ${ms(quantile(relay.latencies, share))}`,
        ),
      )
    }
    print(line('  messages that did not arrive', String(missing)))
    print(
      line(
        '  CPU of the node',
        `${((100 * cpu) / tookMs).toFixed(0)} % of a core`,
        `${((1_000 * cpu) / LOAD.messages).toFixed(0)} µs a message; bare relay ${((1_000 * relay.cpuMs) / LOAD.messages).toFixed(0)} µs`,
      ),
    )
    print(line('  memory of the node, private', megabytes(await privateBytes(node.pid))))
    await measureMore(simulator, talking, node, print)
    await node.stop()
    const empty = await idleFigures(environment, simulator, 0)

    await db.execute('delete from users where login like $1', ['seeded%'])
    simulator.twitch.subscriptions.clear()
    await seed(IDLE, home)
    const full = await idleFigures(environment, simulator, IDLE)
    print(`\n${IDLE} idle channels with their bots on\n`)
    print(line('  start of the process to all active', ms(full.activeAfterMs), 'target 30 s'))
    print(
      line(
        '  memory of the node, private, garbage collected',
        megabytes(full.bytes),
        `${megabytes(empty.bytes)} with ${empty.bots}: ${((full.bytes - empty.bytes) / IDLE / 1024).toFixed(1)} KB a channel`,
      ),
    )
    print(
      line(
        '  CPU of the node',
        `${full.cpuMsPerS.toFixed(1)} ms/s`,
        `${empty.cpuMsPerS.toFixed(1)} ms/s with ${empty.bots}: ${((1_000 * (full.cpuMsPerS - empty.cpuMsPerS)) / IDLE).toFixed(2)} µs a channel and second`,
      ),
    )
    print(
      line(
        '  timers of the process',
        String(full.timers),
        `${empty.timers} with ${empty.bots}; as Node itself counts them`,
      ),
    )
  } finally {
    for (const end of ends) await end()
    await simulator.close()
  }
}

/** More and more chat. The platform and whoever reads need a core of their own: with less, it is they who are late. */
async function measureMore(
  simulator: Simulator,
  talking: Parameters<typeof measureChat>[1],
  node: NodeUnderTest,
  print: (text: string) => void,
): Promise<void> {
  print('\nmore chat (target: p99 within a second at 10000 messages/s)\n\n')
  for (const perSecond of MORE.perSecond) {
    const messages = perSecond * MORE.seconds
    const [cpuBefore, ownBefore] = [await cpuMs(node.pid), process.cpuUsage()]
    const { latencies, missing, tookMs } = await measureChat(simulator, talking, node.baseUrl, {
      messages,
      perSecond,
      lookAtEvery: 10,
    })
    const cpu = (await cpuMs(node.pid)) - cpuBefore
    const own = process.cpuUsage(ownBefore)
    print(
      line(
        `  ${perSecond} messages/s: p99`,
        ms(quantile(latencies, 0.99)),
        `CPU ${((1_000 * cpu) / messages).toFixed(0)} µs a message, ${((100 * cpu) / tookMs).toFixed(0)} % of a core; the platform’s and the readers’ ${((own.user + own.system) / 10 / tookMs).toFixed(0)} %${missing > 0 ? `; ${missing} did not arrive` : ''}`,
      ),
    )
  }
}

async function idleFigures(environment: Record<string, string>, simulator: Simulator, bots: number) {
  const debugPort = await freePort()
  const lists = () => simulator.log.all().filter(isListing).length
  const listed = lists()
  const began = performance.now()
  const node = await startNodeUnderTest({ ...environment, NODE_OPTIONS: `--inspect=127.0.0.1:${debugPort}` })
  await eventually('all are active', async () => (await activeBots(node)) >= bots, 120_000)
  const activeAfterMs = performance.now() - began
  const subscriptions = simulator.twitch.subscriptions.all().length
  await eventually('its list was compared with the platform’s', () => lists() - listed >= subscriptions / 100, 120_000)
  await quiet(simulator)
  await collectGarbage(debugPort)
  const cpuBefore = await cpuMs(node.pid)
  await new Promise((wait) => setTimeout(wait, IDLE_MS))
  const cpuMsPerS = ((await cpuMs(node.pid)) - cpuBefore) / (IDLE_MS / 1_000)
  const text = await metricsOf(node)
  const timers = Number(/^nodejs_active_resources\{type="Timeout"\} (\d+)/m.exec(text)?.[1] ?? Number.NaN)
  const bytes = await privateBytes(node.pid)
  const count = await activeBots(node)
  await node.stop()
  return { activeAfterMs, cpuMsPerS, timers, bytes, bots: count }
}

/** Until nothing more is asked of the platform. */
async function quiet(simulator: Simulator): Promise<void> {
  for (let quietMs = 0, seen = simulator.log.total(); quietMs < 3_000; quietMs += 500) {
    await new Promise((wait) => setTimeout(wait, 500))
    if (simulator.log.total() !== seen) quietMs = 0
    seen = simulator.log.total()
  }
}

const isListing = ({ endpoint, method }: LoggedRequest) => endpoint === 'twitch.subscriptions' && method === 'GET'

function subscriptionRequests(simulator: Simulator): number {
  return simulator.log.all().filter(({ endpoint, method }) => endpoint === 'twitch.subscriptions' && method !== 'GET')
    .length
}

async function metricsOf(node: NodeUnderTest): Promise<string> {
  return (await fetch(`${node.baseUrl}/metrics`)).text()
}

async function activeBots(node: NodeUnderTest): Promise<number> {
  return Number(/^chatfolk_bots\{state="active"\} (\d+)/m.exec(await metricsOf(node))?.[1] ?? 0)
}
