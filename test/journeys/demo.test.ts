import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openBrowser } from '../support/browser.ts'
import { freePort } from '../support/node.ts'
import { eventually } from '../support/eventually.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts')

test('one command and no accounts: the printed overlay link shows donations within 15 s, viewers come on stage, the dashboard lets one in by one click', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'chatfolk-demo-'))
  const port = await freePort()
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], PORT: String(port), DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  t.after(async () => {
    if (child.exitCode === null) {
      const ended = once(child, 'close')
      child.kill('SIGTERM')
      await ended
    }
    await rm(dataDir, { recursive: true, force: true })
  })
  await eventually('the links are printed', () => /Overlay +http/.test(output) || child.exitCode !== null, 60_000)
  assert.equal(child.exitCode, null, 'the start failed; its reason stands above')
  const [, overlayUrl] = /Overlay +(http\S+)/.exec(output) ?? []
  const [, dashboardUrl] = /Dashboard +(http\S+)/.exec(output) ?? []
  assert.ok(overlayUrl && dashboardUrl)

  const browser = await openBrowser(t)
  const overlay = await browser.newPage({ viewport: { width: 1920, height: 1080 } })
  const troubles: string[] = []
  overlay.on('pageerror', (error) => troubles.push(error.message))
  await overlay.goto(overlayUrl)
  const card = overlay.locator('.card')
  await card.waitFor({ state: 'visible', timeout: 15_000 })
  assert.ok(((await card.locator('.amount').textContent()) ?? '').length > 1)
  const fits = await overlay.evaluate<boolean>('document.documentElement.scrollHeight <= innerHeight')
  assert.ok(fits, 'no scrollbars')

  const dashboard = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'ru-RU' })
  dashboard.on('pageerror', (error) => troubles.push(error.message))
  await dashboard.goto(new URL('/', dashboardUrl).href)
  await dashboard.locator('a[href^="/auth/twitch/login"]').first().click()
  await dashboard.waitForURL('**/dashboard')
  await dashboard.getByText('DemoStreamer').first().waitFor({ timeout: 10_000 })
  await dashboard.getByText('Подключены').first().waitFor({ timeout: 10_000 })
  // The chat of 25 is lively from the first moment on.
  await dashboard
    .getByText(/персонаж\S* на сцене/)
    .first()
    .waitFor({ timeout: 20_000 })
  assert.deepEqual(troubles, [])
})
