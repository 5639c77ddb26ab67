import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { eventually } from '../support/eventually.ts'

const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'cluster.ts')

function runCluster(t: TestContext, ...args: string[]) {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  // Whatever it has begun ends with it.
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, ended, output: () => text }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('close', () => socket.destroy())
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('the whole cluster comes up on this machine, a donation reaches an overlay through HAProxy, and nothing stays behind', async (t) => {
  const { ended, output } = runCluster(t, '--check')
  assert.equal(await ended, 0, output())
  assert.match(output(), /reached an overlay through\s+HAProxy/)
  const ports = [...output().matchAll(/([\w-]+) :(\d+)/g)].map(([, , port]) => Number(port))
  assert.equal(ports.length, 13, output())
  assert.deepEqual(
    await Promise.all(ports.map(isOpen)),
    ports.map(() => false),
  )
})

test('a node that is killed comes back under its name; when the script itself is killed everything ends with it', async (t) => {
  const { child, ended, output } = runCluster(t)
  await eventually(
    'the table is printed',
    () => output().includes('Stop with Ctrl+C.') || child.exitCode !== null,
    60_000,
  )
  const rows = [...output().matchAll(/^ {4}([\w-]+) +(\d+) +127\.0\.0\.1:(\d+) +(\S+)$/gm)]
  const parts = rows.map(([, name, pid, port, logFile]) => ({ name, pid: Number(pid), port: Number(port), logFile }))
  assert.ok(parts.length >= 13, output())

  const victim = parts.find(({ name }) => name === 'bots-1') ?? assert.fail(output())
  process.kill(victim.pid, 'SIGKILL')
  await eventually(
    'it is there again',
    async () => {
      const answer = await fetch(`http://127.0.0.1:${victim.port}/health/ready`).catch(() => undefined)
      return !isAlive(victim.pid) && answer?.ok
    },
    30_000,
  )
  assert.match(output(), /bots-1 is gone \(SIGKILL\); again in 100 ms/)

  child.kill('SIGKILL')
  await ended
  const others = parts.filter((part) => part !== victim)
  await eventually('all of them are gone', () => others.every(({ pid }) => !isAlive(pid)), 20_000)
  assert.equal(await isOpen(victim.port), false)
  const home = dirname(dirname(victim.logFile ?? ''))
  await eventually('so are their files', () => !existsSync(join(home, 'state')))
  assert.ok(existsSync(victim.logFile ?? ''), 'the logs stay for whoever wants to know')
  await rm(home, { recursive: true })
})
