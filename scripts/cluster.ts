/**
 * `npm run cluster`: the whole service on this machine as plain processes, everything real but the machines. For trying
 * out what happens when a part of it dies, and for showing it.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readConfig } from '../src/config.ts'
import { openDemo } from '../src/demo.ts'
import { firstAlert } from './cluster/overlay.ts'
import { createTopology, type NodeSpec, type Topology } from './cluster/topology.ts'
import { HAPROXY, isProgram, REDIS, requirePrograms } from './programs.ts'

const USAGE = `Usage: npm run cluster -- [options]
  --port <n>        where visitors come in; default: a free port
  --base-port <n>   all others from here on; default: free ports
  --logs <dir>      where each process writes its log; default: a new directory
  --check           start, wait until a donation reached an overlay, stop; exit code 0 where it did
With TWITCH_CLIENT_ID and the other variables of the README it speaks to the real platforms; else to the simulator.`

const NODES: readonly NodeSpec[] = [
  { name: 'web-1', roles: 'web' },
  { name: 'web-2', roles: 'web' },
  { name: 'bots-1', roles: 'bots' },
  { name: 'bots-2', roles: 'bots' },
  { name: 'donations-1', roles: 'donations' },
]
/** What is handed on to the nodes; everything else of their environment we decide. */
const HANDED_ON = /^(TWITCH_|DONATIONALERTS_|SECRET_KEYS$|LOG_LEVEL$|WATCHDOG_INTERVAL_S$)/
const DONATION_WITHIN_MS = 60_000
const PARENT_CHECK_MS = 500

const options = readOptions()
requirePrograms([REDIS, HAPROXY], { who: 'The cluster', verb: 'npm run cluster' })
process.exitCode = await run()
process.exit()

async function run(): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'chatfolk-cluster-'))
  const logs = resolve(options.logs ?? join(home, 'logs'))
  const state = join(home, 'state')
  mkdirSync(state, { mode: 0o711 })
  const stopped = Promise.withResolvers<'stopped'>()
  let stops = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stops += 1
      stopped.resolve('stopped')
      // Whoever presses twice does not want to wait: the guard ends the rest.
      if (stops > 1) process.exit(1)
    })
  }
  if (process.env['npm_lifecycle_event'] === 'cluster') stopWithParent(() => stopped.resolve('stopped'))
  const began = performance.now()
  const topology = await createTopology({
    logs,
    state,
    nodes: NODES,
    demo: true,
    prometheus: isProgram('prometheus') && !options.check,
    environment: Object.fromEntries(
      Object.entries(process.env).flatMap(([name, value]) => (value && HANDED_ON.test(name) ? [[name, value]] : [])),
    ),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.basePort === undefined ? {} : { basePort: options.basePort }),
    ...(process.env['BASE_URL'] === undefined ? {} : { baseUrl: process.env['BASE_URL'] }),
    onStep: (name) => console.error(`Starting: ${name} …`),
    onDeath: ({ name, exit, againInMs }) =>
      console.error(
        `${name} is gone (${exit.signal ?? `code ${exit.code}`})${againInMs === null ? '' : `; again in ${againInMs} ms`}`,
      ),
  })
  try {
    const work = async () => {
      await topology.start()
      const readyAfterMs = performance.now() - began
      const overlayUrl = topology.platforms ? await openTheDemo(topology) : null
      if (options.check) return check(topology, overlayUrl, readyAfterMs)
      console.log(words(topology, logs, overlayUrl))
      return stopped.promise
    }
    const outcome = await Promise.race([work(), stopped.promise])
    if (!options.check) console.error('Stopping …')
    return outcome === 'failed' || (options.check && outcome === 'stopped') ? 1 : 0
  } catch (error) {
    console.error(`The cluster did not start: ${(error as Error).message}`)
    return 1
  } finally {
    await topology.stop()
    if (options.check && options.logs === undefined) rmSync(home, { recursive: true, force: true })
    else console.error(`Everything has ended. The logs are in ${logs}`)
  }
}

/** npm passes SIGTERM to its shell, and the shell to nobody: without this fourteen processes would be left behind. */
function stopWithParent(stop: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, PARENT_CHECK_MS)
  timer.unref()
}

async function openTheDemo(topology: Topology): Promise<string> {
  const { baseUrl, secretKeys, haproxy, platforms } = topology
  const settings = { BASE_URL: baseUrl, SECRET_KEYS: secretKeys, DATABASE_URL: topology.postgres.url }
  const config = readConfig({ ...settings, ...platforms?.environment, HOST: '127.0.0.1', PORT: String(haproxy.port) })
  const { overlayUrl } = await openDemo({ config, hold: (on) => platforms?.send({ hold: on }) })
  return overlayUrl
}

async function check(
  topology: Topology,
  overlayUrl: string | null,
  readyAfterMs: number,
): Promise<'passed' | 'failed'> {
  if (overlayUrl === null) {
    console.error('--check is for the simulated platforms: leave TWITCH_CLIENT_ID away.')
    return 'failed'
  }
  const began = performance.now()
  try {
    const { donor, amount } = await firstAlert(overlayUrl, DONATION_WITHIN_MS)
    const places = topology.parts().map(({ name, port }) => `${name} :${port}`)
    console.log(`${places.length} processes: ${places.join(', ')}`)
    console.log(`ready after ${seconds(readyAfterMs)}; a donation (${donor}, ${amount}) reached an overlay through`)
    console.log(`HAProxy ${seconds(performance.now() - began)} after the overlay was opened`)
    return 'passed'
  } catch (error) {
    console.error(`No donation reached the overlay: ${(error as Error).message}`)
    return 'failed'
  }
}

function words(topology: Topology, logs: string, overlayUrl: string | null): string {
  const rows = topology
    .parts()
    .map((part) => [part.name, `${part.pid() ?? '–'}`, `127.0.0.1:${part.port}`, part.logFile])
  const table = [['what', 'pid', 'address', 'log'], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const lines = table.map((row) => `    ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`)
  const [web] = topology.nodes
  const bots = topology.nodes.find(({ roles }) => roles === 'bots')
  const [primary] = topology.redis
  return `
  Chatfolk runs as a cluster on this machine.

${lines.map((line) => line.trimEnd()).join('\n')}

    Dashboard  ${topology.baseUrl}/dashboard
    Overlay    ${overlayUrl ?? 'drag it from the dashboard'}
    Operator   ${topology.baseUrl}/admin  (token: ${topology.adminToken})${
      topology.platforms ? `\n    Simulator  http://127.0.0.1:${topology.platforms.port}` : ''
    }${topology.prometheus ? `\n    Figures    http://127.0.0.1:${topology.prometheus.port}` : ''}

  Open the overlay, then take something away and watch it go on:

    kill -9 ${bots?.pid()}      a bots node dies, and is started again
    kill -STOP ${bots?.pid()}   it stands still: others take over; kill -CONT brings it back, muted
    kill -9 ${web?.pid()}      a web node dies: its overlays come back through the other
    kill -9 ${primary?.pid()}      the primary Redis dies: the Sentinels make a replica primary
    kill -QUIT ${topology.postgres.pid()}   PostgreSQL goes down at once, and recovers

  curl -s -H 'Authorization: Bearer ${topology.adminToken}' ${topology.baseUrl}/api/admin/nodes
  tail -f ${logs}/*.log

  Stop with Ctrl+C.
`
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string' },
        'base-port': { type: 'string' },
        logs: { type: 'string' },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(USAGE)
      process.exit(0)
    }
    return {
      port: portOf('--port', values.port),
      basePort: portOf('--base-port', values['base-port']),
      logs: values.logs,
      check: values.check,
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(64)
  }
}

function portOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new Error(`${name} must be a port, not ${JSON.stringify(text)}`)
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
