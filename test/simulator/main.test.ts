import assert from 'node:assert/strict'
import { spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'

const MAIN = join(import.meta.dirname, '..', '..', 'simulator', 'main.ts')

function start(t: TestContext, args: string[], stdio: StdioOptions = ['ignore', 'pipe', 'pipe']) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio })
  t.after(() => child.kill('SIGKILL'))
  const { stdout, stderr } = child
  assert.ok(stdout && stderr)
  let complaints = ''
  stderr.on('data', (text: Buffer) => (complaints += text.toString('utf8')))
  return {
    child,
    exit: once(child, 'exit').then(([code]) => code as number | null),
    complaints: () => complaints,
    async ready(): Promise<string> {
      for await (const line of createInterface({ input: stdout })) {
        const message = JSON.parse(line) as { ready: boolean; url: string }
        assert.equal(message.ready, true)
        return message.url
      }
      return assert.fail(`it ended: ${complaints}`)
    },
  }
}

test('the command says where it is, serves, and ends in peace when asked to', async (t) => {
  const { child, exit, ready } = start(t, ['--port', '0', '--demo', '--strict-apps', '--rate-window-ms', '5000'])
  const url = await ready()
  const switches = (await (await fetch(`${url}/control/switches`)).json()) as Record<string, unknown>
  const { autoApprove, strictApps, rateWindowMs } = switches
  assert.deepEqual(
    { autoApprove, strictApps, rateWindowMs },
    { autoApprove: true, strictApps: true, rateWindowMs: 5_000 },
  )
  child.kill('SIGTERM')
  assert.equal(await exit, 0)
})

test('it ends with whoever started it', async (t) => {
  const { child, exit, ready } = start(t, ['--port', '0'], ['ignore', 'pipe', 'pipe', 'ipc'])
  await ready()
  child.disconnect()
  assert.equal(await exit, 0)
})

test('a port that is taken and options that make no sense are told in a sentence', async (t) => {
  const first = start(t, ['--port', '0'])
  const { port } = new URL(await first.ready())
  const second = start(t, ['--port', port])
  assert.equal(await second.exit, 69)
  assert.match(second.complaints(), /did not start: .*EADDRINUSE/)
  for (const args of [
    ['--port', 'many'],
    ['--port', '70000'],
    ['--colour', 'red'],
  ]) {
    const wrong = start(t, args)
    assert.equal(await wrong.exit, 64)
    assert.match(wrong.complaints(), /Usage: npm run simulator/)
  }
})
