import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { adminEn } from '../../web/admin/texts.en.ts'
import { ADMIN_TOKEN, addTrouble, openOperatorsPage } from '../support/admin-scene.ts'
import { addChannels, addNode } from '../support/admin-rows.ts'
import { openBrowser, type Ending } from '../support/browser.ts'
import { openTestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'

/* The operator's page as it is shipped, in the real browser, with the real routes before a real database. */

let browser: Browser
const endings: Array<() => unknown> = []
before(async () => {
  const ending: Ending = { after: (run) => void endings.push(run) }
  browser = await openBrowser(ending)
})
after(() => Promise.all(endings.map((end) => end())))

const PHONE = { width: 360, height: 740 }
const WIDE = { width: 1440, height: 1000 }

async function visit(
  t: TestContext,
  {
    trouble = 0,
    adminToken,
    ...options
  }: { trouble?: number; adminToken?: string | null } & BrowserContextOptions = {},
) {
  const { db } = await openTestDatabase(t)
  if (trouble > 0) await addTrouble(db, { channels: trouble })
  // As living nodes do.
  const renewing = setInterval(() => {
    db.execute('update nodes set renewed_at = now() where ended_at is null').catch(() => undefined)
  }, 500)
  t.after(() => clearInterval(renewing))
  const url = await openOperatorsPage(t, db, adminToken === undefined ? {} : { adminToken })
  const context = await browser.newContext({ locale: 'en-US', reducedMotion: 'reduce', viewport: WIDE, ...options })
  t.after(() => context.close())
  const page = await context.newPage()
  const faults: string[] = []
  page.setDefaultTimeout(8_000)
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (line) => {
    // A refusal is what the door is for.
    if (line.type() === 'error' && !line.text().includes('403')) faults.push(line.text())
  })
  const answer = await page.goto(`${url}/admin`)
  const enter = async (token = ADMIN_TOKEN) => {
    await page.getByLabel('ADMIN_TOKEN').fill(token)
    await page.getByRole('button', { name: adminEn.door.enter }).click()
  }
  return { db, page, context, faults, enter, url, answer }
}

const rowNames = (page: Page) => page.locator('section:last-of-type .rows tbody th').allInnerTexts()
const list = (page: Page, name: string) => page.locator('.list-tabs').getByRole('button', { name })
const chip = (page: Page, name: string) => page.locator('.state-chips').getByRole('button', { name })
const overflow = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')

test('the page asks for the token, keeps it in this tab alone and puts it into no address', async (t) => {
  const { page, context, faults, enter, url, answer } = await visit(t, { trouble: 20 })
  const policy = answer?.headers()['content-security-policy'] ?? ''
  assert.match(policy, /default-src 'none'; script-src 'self' 'nonce-[^']+'; style-src 'self' 'nonce-[^']+'/)
  assert.equal(answer?.headers()['x-frame-options'], 'DENY')
  const addresses: string[] = []
  page.on('request', (request) => addresses.push(request.url()))

  await enter('wrong')
  await page.getByText(adminEn.door.wrong).waitFor()
  await enter()
  await page.getByText('node-a', { exact: true }).first().waitFor()
  await page.reload()
  await page.getByText('node-a', { exact: true }).first().waitFor()
  assert.ok(addresses.length > 5 && addresses.every((address) => !address.includes(ADMIN_TOKEN)))
  assert.equal(await page.evaluate<number>('localStorage.length - (localStorage["chatfolk.language"] ? 1 : 0)'), 0)

  const other = await context.newPage()
  await other.goto(`${url}/admin`)
  await other.getByLabel('ADMIN_TOKEN').waitFor()
  await page.getByRole('button', { name: adminEn.signOut }).click()
  await page.getByLabel('ADMIN_TOKEN').waitFor()
  assert.deepEqual(faults, [])
})

test('without a token set, whoever sits at the machine just sees it', async (t) => {
  const { page, faults } = await visit(t, { trouble: 20, adminToken: null })
  await page.getByText('node-a', { exact: true }).first().waitFor()
  assert.deepEqual(faults, [])
})

test('what needs the operator stands on top, and every number leads to its rows', async (t) => {
  const { page, faults, enter } = await visit(t, { trouble: 1_000 })
  await enter()
  await page.getByRole('heading', { name: adminEn.standing.bad }).waitFor()
  const matters = await page.locator('.matters li').allInnerTexts()
  assert.match(matters[0] ?? '', /^node-c was given up by the others 1 min\. ago/)
  assert.ok(matters.some((text) => text.startsWith('1 payload')))

  await page.getByRole('button', { name: /wait for their streamer/ }).click()
  await eventually('the bots that wait', async () => (await rowNames(page)).length === 11)
  await chip(page, adminEn.bots.states.backoff).click()
  await eventually('the bots in backoff', async () => (await rowNames(page)).length === 22)
  await page.getByLabel(adminEn.filter.search).fill('streamer00005')
  await eventually('the one', async () => (await rowNames(page)).join() === 'streamer00005')
  const row = await page.locator('section:last-of-type .rows tbody tr').innerText()
  assert.match(row, /Tries again/)
  assert.match(row, /in \d+ sec\./)
  assert.match(row, /Twitch is having trouble/)

  await list(page, adminEn.lists.streams).click()
  await chip(page, adminEn.streams.states.backoff).click()
  await page.getByText('too many requests 7').first().waitFor()
  await list(page, adminEn.lists.shards).click()
  await page.getByText(adminEn.shards.words.enabled).first().waitFor()
  await list(page, adminEn.lists.watchdog).click()
  await page.getByText('node-a: started again what had fallen × 12').waitFor()
  assert.deepEqual(faults, [])
})

test('what could not be read is shown as text, and is gone when it is dealt with', async (t) => {
  const { db, page, faults, enter } = await visit(t, { trouble: 20 })
  await enter()
  await list(page, adminEn.lists.parked).click()
  await page.getByText(adminEn.parked.show).click()
  await page.getByText('<b>в финале</b>').waitFor()
  await page.getByRole('button', { name: adminEn.parked.resolve }).click()
  await page.getByText(adminEn.parked.empty).waitFor()
  const [row] = await db.query<{ resolved: boolean }>('select resolved_at is not null as resolved from parked_payloads')
  assert.equal(row?.resolved, true)
  assert.deepEqual(faults, [])
})

test('the page follows what happens, and keeps its place, its filters and its rows meanwhile', async (t) => {
  const { db, page, faults, enter } = await visit(t, { trouble: 400 })
  await enter()
  await chip(page, adminEn.bots.states.active).click()
  await eventually('a page of bots', async () => (await rowNames(page)).length === 50)
  await page.getByRole('button', { name: adminEn.filter.next }).click()
  await page.getByText(/^51–100 of /).waitFor()
  await page.evaluate('scrollTo(0, 900)')
  const first = page.locator('section:last-of-type .rows tbody tr').first()
  await first.evaluate((row) => row.setAttribute('data-marked', 'yes'))
  const before = await first.boundingBox()

  await db.execute(
    `update assignments set owner = (select session from nodes where node_id = 'node-b') where kind = 'bot'`,
  )
  const owners = () => page.locator('section:last-of-type .rows .node-id').allInnerTexts()
  await eventually('the new owner', async () => (await owners()).every((owner) => owner === 'node-b'))
  assert.deepEqual(await page.locator('[data-marked]').boundingBox(), before, 'the same row in the same place')
  assert.equal(await chip(page, adminEn.bots.states.active).getAttribute('aria-pressed'), 'true')
  await page.getByText(/^51–100 of /).waitFor()
  assert.deepEqual(faults, [])
})

test('a server out of reach is said to be, with the time since when, and what was known stays', async (t) => {
  const { page, context, enter } = await visit(t, { trouble: 20 })
  await enter()
  await page.getByText('node-a', { exact: true }).first().waitFor()
  await context.setOffline(true)
  await page.getByText(/^The server cannot be reached since \d\d:\d\d:\d\d/).waitFor()
  assert.equal(await page.getByText('node-a', { exact: true }).first().isVisible(), true)
  await context.setOffline(false)
  await page.getByText(/^The server cannot be reached/).waitFor({ state: 'detached', timeout: 15_000 })
})

test('nobody looks: nothing is asked', async (t) => {
  const { page, enter } = await visit(t, { trouble: 20 })
  await enter()
  await page.getByText('node-a', { exact: true }).first().waitFor()
  await page.evaluate(`
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })
    document.dispatchEvent(new Event('visibilitychange'))`)
  await new Promise((resolve) => setTimeout(resolve, 500))
  let asked = 0
  page.on('request', () => asked++)
  await new Promise((resolve) => setTimeout(resolve, 3_500))
  assert.equal(asked, 0)
  await page.evaluate(`delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))`)
  await eventually('it asks again', () => asked > 0)
})

test('a fresh server has nothing to show, and says what would come', async (t) => {
  const { db, page, faults, enter } = await visit(t)
  await addNode(db, 'home', { figures: { overlays: 0, redis: true } })
  await enter()
  await page.getByRole('heading', { name: adminEn.standing.good }).waitFor()
  await page.getByText(adminEn.bots.empty).waitFor()
  await addChannels(db, 2)
  await eventually('the first bots', async () => (await rowNames(page)).length === 2)
  assert.deepEqual(faults, [])
})

test('ten thousand bots fit a phone: a page of them, and no sideways scrolling anywhere', async (t) => {
  const { page, faults, enter } = await visit(t, { trouble: 10_000, viewport: PHONE })
  await enter()
  await page.getByText('1–50 of 10,000').waitFor()
  for (const name of Object.values(adminEn.lists)) {
    await list(page, name).click()
    await page.waitForTimeout(400)
    assert.ok((await overflow(page)) <= 0, name)
  }
  assert.deepEqual(faults, [])
})
