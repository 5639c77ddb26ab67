import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { openTestDatabase } from './support/database.ts'
import { freePort, nodeEnvironment } from './support/node.ts'
import { eventually } from './support/eventually.ts'

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts')
/** Nobody listens there: a node must come up without its platforms. */
const NOWHERE = 'http://127.0.0.1:1'

interface Run {
  child: ChildProcess
  output(): string
  ended: Promise<number | null>
}

function run(t: TestContext, env: Record<string, string>): Run {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  return { child, output: () => text, ended }
}

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'chatfolk-main-'))
  // After the hooks that end the processes.
  t.after(() => t.after(() => rm(directory, { recursive: true, force: true })))
  return directory
}

const isReady = (baseUrl: string) =>
  fetch(`${baseUrl}/health/ready`).then(
    (answer) => answer.ok,
    () => false,
  )

test('a wrong configuration ends the start with 78 and says so on stderr', async (t) => {
  const { ended, output } = run(t, { PORT: '99999', ADMIN_TOKEN: 'short-secret' })
  assert.equal(await ended, 78)
  assert.match(output(), /^PORT is "99999": expected a whole number from 1 to 65535\.$/m)
  assert.ok(!output().includes('short-secret'))
})

test('a Redis that is required and away ends the start with 69 within 10 s, its password masked', async (t) => {
  const began = performance.now()
  const { ended, output } = run(t, {
    DATA_DIR: await temporaryDirectory(t),
    PORT: String(await freePort()),
    REDIS_URL: 'redis://me:hunter2@127.0.0.1:1/',
    REDIS_REQUIRED: 'true',
  })
  assert.equal(await ended, 69)
  assert.ok(performance.now() - began < 10_000, output())
  assert.match(
    output(),
    /^Redis cannot be used at 127\.0\.0\.1:1 \(.*ECONNREFUSED.*\), and REDIS_REQUIRED is true: start/m,
  )
  assert.ok(!output().includes('hunter2'))
})

test('a database that does not answer ends the start with 69 within 15 s, its password masked', async (t) => {
  const { ended, output } = run(t, {
    ...nodeEnvironment({
      port: await freePort(),
      simulatorUrl: NOWHERE,
      connectionString: 'postgres://me:hunter2@127.0.0.1:1/x',
      secretKey: Buffer.alloc(32).toString('base64'),
    }),
  })
  assert.equal(await ended, 69)
  assert.match(output(), /DATABASE_URL/)
  assert.ok(!output().includes('hunter2'))
})

test('a node starts without its platforms, refuses a second on its data, and stops in order within 10 s', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const port = await freePort()
  const environment = nodeEnvironment({ port, simulatorUrl: NOWHERE, dataDir })
  const first = run(t, environment)
  const baseUrl = environment['BASE_URL'] ?? ''
  await eventually('it is ready', () => isReady(baseUrl), 20_000)

  const second = run(t, { ...environment, PORT: String(await freePort()) })
  assert.equal(await second.ended, 78)
  assert.match(second.output(), /DATA_DIR/)
  assert.ok(await isReady(baseUrl), 'the first does not notice')

  const began = performance.now()
  first.child.kill('SIGTERM')
  assert.equal(await first.ended, 0)
  assert.ok(performance.now() - began < 10_000)
  assert.match(first.output(), /"msg":"stopped"/)
  // What it left can be taken up again.
  const third = run(t, environment)
  await eventually('it is ready again', () => isReady(baseUrl), 20_000)
  third.child.kill('SIGINT')
  assert.equal(await third.ended, 0)
})

test('a node among others gives them time to notice, and ends at once where it is told a second time', async (t) => {
  const { connectionString } = await openTestDatabase(t)
  const start = async (nodeId: string) => {
    const options = { port: await freePort(), simulatorUrl: NOWHERE, connectionString }
    const environment = nodeEnvironment({ ...options, secretKey: Buffer.alloc(32, 1).toString('base64') })
    const node = run(t, { ...environment, NODE_ID: nodeId })
    await eventually('it is ready', () => isReady(environment['BASE_URL'] ?? ''), 20_000)
    await eventually('it takes part', () => node.output().includes('"msg":"ready"'), 20_000)
    return { ...node, baseUrl: environment['BASE_URL'] ?? '' }
  }
  const first = await start('first')
  const second = await start('second')
  first.child.kill('SIGTERM')
  await eventually('it is not ready', async () => !(await isReady(first.baseUrl)))
  const live = await fetch(`${first.baseUrl}/health/live`)
  assert.equal(live.status, 200, 'and serves all the same')
  assert.equal(await first.ended, 0)

  const third = await start('third')
  second.child.kill('SIGTERM')
  await delay(1_200)
  second.child.kill('SIGTERM')
  assert.equal(await second.ended, 1)
  assert.match(second.output(), /told to stop a second time/)
  third.child.kill('SIGTERM')
  assert.equal(await third.ended, 0)
})

test('a port that is taken ends the start with 69 and says what to do', async (t) => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  t.after(() => blocker.close())
  const { port } = blocker.address() as { port: number }
  const { ended, output } = run(
    t,
    nodeEnvironment({ port, simulatorUrl: NOWHERE, dataDir: await temporaryDirectory(t) }),
  )
  assert.equal(await ended, 69)
  assert.match(output(), new RegExp(`PORT ${port}.*another`))
})

test('stopping npm start stops the node that npm ran, in order', async (t) => {
  const dataDir = await temporaryDirectory(t)
  const environment = nodeEnvironment({ port: await freePort(), simulatorUrl: NOWHERE, dataDir })
  const baseUrl = environment['BASE_URL'] ?? ''
  const npm = spawn('npm', ['start'], {
    cwd: join(import.meta.dirname, '..'),
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  npm.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  // The pipe closes when the last of them, the node, has ended.
  const ended = once(npm, 'close')
  t.after(() => npm.kill('SIGKILL'))
  await eventually('it is ready', () => isReady(baseUrl), 30_000)
  npm.kill('SIGTERM')
  await ended
  assert.match(output, /"msg":"stopped"/)
  assert.equal(await isReady(baseUrl), false)
})
