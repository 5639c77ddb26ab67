import { startSimulator, type Simulator } from '../simulator/simulator.ts'
import type { LoggedRequest } from '../simulator/request-log.ts'
import { SUBSCRIPTION_TYPES } from '../src/platforms/chat.ts'
import type { Sql } from '../src/persistence/database.ts'
import { openTestDatabase } from '../test/support/database.ts'
import { eventually } from '../test/support/eventually.ts'
import { freePort, nodeEnvironment } from '../test/support/node.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { joinAsStreamer } from '../test/support/streamer.ts'
import { collectGarbage } from './collect-garbage.ts'
import { line, megabytes, ms } from './figures.ts'
import { cpuMs, privateBytes, startNodeUnderTest, type NodeUnderTest } from './node-under-test.ts'
import { newSecretKey, seedBots } from './seed-bots.ts'

/** What is started, each on the same database after the other: how many nodes, how many channels with their bots on. */
const STARTS = [
  { nodes: 1, channels: 1_000 },
  { nodes: 1, channels: 2_000 },
  { nodes: 1, channels: 5_000 },
  { nodes: 1, channels: 10_000 },
  { nodes: 3, channels: 1_000 },
  { nodes: 3, channels: 10_000 },
] as const
const IDLE_MS = 20_000

interface Figures {
  nodes: number
  channels: number
  activeAfterMs: number
  requests: number
  /** Of all nodes together, with silent chats. */
  cpuMsPerS: number
  bytes: number
  statementsPerS: number
  /** One of the nodes was killed: until all bots were active again, on the others. */
  takenOverAfterMs: number | null
}

/** One node and three, from a thousand channels to ten thousand: how long a start takes, and what each costs at rest. */
export async function benchNodes(print: (text: string) => void): Promise<void> {
  const ends: Array<() => unknown> = []
  const simulator = await startSimulator({ port: 0, switches: { helixPointsPerMinute: 10_000_000 } })
  const redis = await startRedis()
  const { db, connectionString } = await openTestDatabase({ after: (end: () => unknown) => void ends.push(end) })
  const secretKey = newSecretKey()
  const environmentOf = async (node: number) => ({
    ...nodeEnvironment({ port: await freePort(), simulatorUrl: simulator.url, connectionString, secretKey }),
    NODE_ID: `node-${node}`,
    REDIS_URL: redis.url,
    LOG_LEVEL: 'warn',
  })
  try {
    const home = await makeHome(simulator, await environmentOf(0))
    const all: Figures[] = []
    for (const { nodes, channels } of STARTS) {
      await db.execute('delete from users where login like $1', ['seeded%'])
      await db.execute(`delete from assignments where kind = 'bot'`)
      simulator.twitch.subscriptions.clear()
      await seedBots(db, { simulator, home, secretKey, count: channels })
      await db.execute('vacuum analyze')
      const environments = await Promise.all(Array.from({ length: nodes }, (_, node) => environmentOf(node)))
      const figures = await measure({ db, simulator, environments, channels })
      all.push(figures)
      printFigures(figures, print)
    }
    print(
      '\n| nodes | channels | all active after | requests to Twitch | CPU at rest | memory, private | statements/s | a node killed: all active again |\n',
    )
    print('| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n')
    for (const {
      nodes,
      channels,
      activeAfterMs,
      requests,
      cpuMsPerS,
      bytes,
      statementsPerS,
      takenOverAfterMs,
    } of all) {
      print(
        `| ${nodes} | ${channels} | ${ms(activeAfterMs)} | ${requests} | ${cpuMsPerS.toFixed(1)} ms/s | ${megabytes(bytes)} | ${statementsPerS.toFixed(1)} | ${takenOverAfterMs === null ? '–' : ms(takenOverAfterMs)} |\n`,
      )
    }
  } finally {
    for (const end of ends) await end()
    await redis.stop()
    await simulator.close()
  }
}

/** The conduit that all subscriptions live in, as a first bot makes it. */
async function makeHome(simulator: Simulator, environment: Record<string, string>): Promise<string> {
  const node = await startNodeUnderTest(environment)
  const first = await joinAsStreamer({
    baseUrl: node.baseUrl,
    simulatorUrl: simulator.url,
    login: 'first',
    withoutDonations: true,
  })
  await first.turnBotOn()
  await eventually(
    'its subscriptions are made',
    () => simulator.twitch.subscriptions.all().length >= SUBSCRIPTION_TYPES.length + 2,
    20_000,
  )
  await node.stop()
  return simulator.twitch.conduits.all()[0]?.id ?? ''
}

async function measure({
  db,
  simulator,
  environments,
  channels,
}: {
  db: Sql
  simulator: Simulator
  environments: Array<Record<string, string>>
  channels: number
}): Promise<Figures> {
  const requestsBefore = twitchRequests(simulator)
  const began = performance.now()
  const debugPorts = await Promise.all(environments.map(() => freePort()))
  const nodes = await Promise.all(
    environments.map((environment, n) =>
      startNodeUnderTest({ ...environment, NODE_OPTIONS: `--inspect=127.0.0.1:${debugPorts[n]}` }),
    ),
  )
  await eventually('all are active', async () => (await activeBots(nodes)) >= channels, 120_000)
  const activeAfterMs = performance.now() - began
  const requests = twitchRequests(simulator) - requestsBefore
  // The first looks at the platform's list, and the last moves between nodes.
  await new Promise((wait) => setTimeout(wait, 40_000))

  const [cpuBefore, statementsBefore] = [await cpuOf(nodes), await statements(db)]
  await new Promise((wait) => setTimeout(wait, IDLE_MS))
  const cpuMsPerS = ((await cpuOf(nodes)) - cpuBefore) / (IDLE_MS / 1_000)
  const statementsPerS = ((await statements(db)) - statementsBefore) / (IDLE_MS / 1_000)
  for (const port of debugPorts) await collectGarbage(port)
  let bytes = 0
  for (const { pid } of nodes) bytes += await privateBytes(pid)

  let takenOverAfterMs: number | null = null
  const [killed, ...others] = nodes
  if (killed && others.length > 0) {
    const killedAt = performance.now()
    process.kill(killed.pid, 'SIGKILL')
    await eventually('the others took all over', async () => (await activeBots(others)) >= channels, 120_000)
    takenOverAfterMs = performance.now() - killedAt
  }
  await Promise.all((takenOverAfterMs === null ? nodes : others).map((node) => node.stop()))
  return {
    nodes: nodes.length,
    channels,
    activeAfterMs,
    requests,
    cpuMsPerS,
    bytes,
    statementsPerS,
    takenOverAfterMs,
  }
}

function printFigures(figures: Figures, print: (text: string) => void): void {
  const { nodes, channels, activeAfterMs, requests, cpuMsPerS, bytes, statementsPerS, takenOverAfterMs } = figures
  print(`\n${channels} channels on ${nodes === 1 ? 'one node' : `${nodes} nodes`}\n\n`)
  print(line('  start of the processes to all active', ms(activeAfterMs), 'target 30 s'))
  print(
    line(
      '  requests to Twitch that it took',
      String(requests),
      `${channels * SUBSCRIPTION_TYPES.length} subscriptions were there`,
    ),
  )
  print(
    line(
      '  CPU of all nodes at rest',
      `${cpuMsPerS.toFixed(1)} ms/s`,
      `${((1_000 * cpuMsPerS) / channels).toFixed(2)} µs a channel and second`,
    ),
  )
  print(
    line('  memory of all nodes, private', megabytes(bytes), `${(bytes / channels / 1_024).toFixed(1)} KB a channel`),
  )
  print(line('  database statements at rest', `${statementsPerS.toFixed(1)}/s`, 'all nodes together'))
  if (takenOverAfterMs !== null) print(line('  a node killed: all active again', ms(takenOverAfterMs), 'target 15 s'))
}

/** Each statement is a transaction of its own, but for the few that belong together. */
async function statements(db: Sql): Promise<number> {
  await db.query('select pg_stat_clear_snapshot()')
  const [row] = await db.query<{ count: string }>(
    'select xact_commit + xact_rollback as count from pg_stat_database where datname = current_database()',
  )
  return Number(row?.count ?? 0)
}

async function cpuOf(nodes: readonly NodeUnderTest[]): Promise<number> {
  let sum = 0
  for (const { pid } of nodes) sum += await cpuMs(pid)
  return sum
}

function twitchRequests(simulator: Simulator): number {
  return simulator.log.all().filter(isTwitch).length
}

const isTwitch = ({ endpoint }: LoggedRequest) => endpoint.startsWith('twitch.')

async function activeBots(nodes: readonly NodeUnderTest[]): Promise<number> {
  let active = 0
  for (const { baseUrl } of nodes) {
    const text = await (await fetch(`${baseUrl}/metrics`)).text()
    active += Number(/^chatfolk_bots\{state="active"\} (\d+)/m.exec(text)?.[1] ?? 0)
  }
  return active
}
