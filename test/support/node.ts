import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { startSimulator, type Simulator } from '../../simulator/simulator.ts'
import { compose, type Tuning } from '../../src/compose.ts'
import { readConfig } from '../../src/config.ts'
import type { Database } from '../../src/persistence/database.ts'
import { openTestDatabase } from './database.ts'
import { recordingLogger } from './logger.ts'

/** The platforms' minute takes this long in journeys, and our spacing shrinks with it. */
export const FAST_WINDOW_MS = 3_000

export const FAST: Tuning = {
  budgetSpacingMs: (1_100 * FAST_WINDOW_MS) / 60_000,
  rateWindowMs: FAST_WINDOW_MS,
  sweepEveryMs: { live: 1_500, idle: 10_000 },
  checkAlertsEveryMs: 200,
  socketStableAfterMs: 50,
  noteEveryMs: 20,
  rateLimits: { other: 1_000_000, auth: 1_000_000, 'overlay-session': 1_000_000 },
}

export interface TestNode {
  nodeId: string
  baseUrl: string
  simulator: Simulator
  /** The database that it shares with the nodes beside it. */
  db: Database
  /** All its settings: a node beside it has the same, but for its own name and address. */
  environment: Record<string, string>
  logs: Array<Record<string, unknown>>
  stop(): Promise<void>
}

/** The settings of a node that talks to a simulator, as an operator would write them. */
export function nodeEnvironment(options: {
  port: number
  simulatorUrl: string
  connectionString?: string
  dataDir?: string
  secretKey?: string
}): Record<string, string> {
  const { port, simulatorUrl, connectionString, dataDir, secretKey } = options
  const webSocketUrl = simulatorUrl.replace(/^http/, 'ws')
  return {
    HOST: '127.0.0.1',
    PORT: String(port),
    BASE_URL: `http://127.0.0.1:${port}`,
    NODE_ID: 'test-node',
    LOG_LEVEL: 'debug',
    TWITCH_CLIENT_ID: 'chatfolk-twitch',
    TWITCH_CLIENT_SECRET: 'chatfolk-twitch-secret',
    TWITCH_AUTH_URL: `${simulatorUrl}/oauth2`,
    TWITCH_API_URL: `${simulatorUrl}/helix`,
    TWITCH_EVENTSUB_URL: `${webSocketUrl}/ws`,
    DONATIONALERTS_CLIENT_ID: 'chatfolk-da',
    DONATIONALERTS_CLIENT_SECRET: 'chatfolk-da-secret',
    DONATIONALERTS_URL: simulatorUrl,
    DONATIONALERTS_SOCKET_URL: `${webSocketUrl}/connection/websocket`,
    ...(connectionString === undefined ? {} : { DATABASE_URL: connectionString }),
    ...(dataDir === undefined ? {} : { DATA_DIR: dataDir }),
    ...(secretKey === undefined ? {} : { SECRET_KEYS: secretKey }),
  }
}

/**
 * A whole node in this process, on a database of its own, with a simulator whose minute is short; or `beside` another, on
 * what that one has.
 */
export async function startNode(
  t: Pick<TestContext, 'after'>,
  {
    tuning = FAST,
    simulatorOptions = {},
    environment = {},
    beside,
  }: {
    tuning?: Tuning
    simulatorOptions?: Parameters<typeof startSimulator>[0]
    environment?: Record<string, string>
    beside?: TestNode
  } = {},
): Promise<TestNode> {
  const shared = beside ?? (await startSurroundings(t, simulatorOptions))
  const settings = { ...shared.environment, ...(beside ? await nextNode() : {}), ...environment }
  const { logger, logs } = recordingLogger()
  const config = readConfig(settings)
  const service = compose(config, logger, tuning)
  t.after(async () => {
    await service.stop()
    if (!beside) await shared.simulator.close()
  })
  await service.start()
  const { nodeId, baseUrl } = config
  return { ...shared, environment: settings, nodeId, baseUrl, logs, stop: () => service.stop() }
}

/** What nodes need around them, and the settings of the first. */
async function startSurroundings(
  t: Pick<TestContext, 'after'>,
  simulatorOptions: Parameters<typeof startSimulator>[0] = {},
): Promise<Pick<TestNode, 'db' | 'simulator' | 'environment'>> {
  const { db, connectionString } = await openTestDatabase(t)
  const simulator = await startSimulator({ port: 0, rateWindowMs: FAST_WINDOW_MS, ...simulatorOptions })
  const environment = nodeEnvironment({
    port: await freePort(),
    simulatorUrl: simulator.url,
    connectionString,
    secretKey: randomBytes(32).toString('base64'),
  })
  return { db, simulator, environment }
}

let nodesStarted = 1

/** The name and the address of one more node. */
export async function nextNode(): Promise<Record<string, string>> {
  const port = await freePort()
  return { PORT: String(port), BASE_URL: `http://127.0.0.1:${port}`, NODE_ID: `test-node-${++nodesStarted}` }
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
