import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { openBrowser, type Ending } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { buildPages, type BuiltPages } from './built-pages.ts'
import { entry, newBot, type Studio } from './dashboard-studio.ts'
import { createVisit, PHONE, widerThanItsWindow } from './dashboard-visit.ts'

/* The shipped pages in the real browser, under the real content security policy, against a server played from memory. */

let browser: Browser
let pages: BuiltPages
const endings: Array<() => unknown> = []
before(async () => {
  const ending: Ending = { after: (run) => void endings.push(run) }
  ;[browser, pages] = await Promise.all([openBrowser(ending), buildPages()])
})
after(() => Promise.all(endings.map((end) => end())))

const visit = createVisit(() => ({ browser, pages }))

test('whoever has no channel becomes a streamer by one button, in the language of the page', async (t) => {
  const { server, page, faults, button } = await visit(t, { studio: { channel: null, ledger: [] } })
  await button('Make me a streamer').click()
  await page.getByText('Last one').waitFor()
  assert.deepEqual(
    server.calls.map(({ method, path }) => `${method} ${path}`),
    ['POST /api/channel', 'PATCH /api/channel'],
  )
  assert.equal(server.studio.settings.locale, 'en')
  assert.equal(server.calls[0]?.origin, server.url)
  assert.deepEqual(faults, [])
})

test('a new channel is led from connecting donations to the first test', async (t) => {
  const donations = { configured: true, state: 'off', account: null, lastDonationAt: null }
  const fresh = {
    bot: newBot(),
    ledger: [],
    overlays: [],
    overlayLastSeenAt: null,
    donations: { ...donations, lastError: null },
  }
  const { page, faults } = await visit(t, { studio: { ...fresh, ...noAlert() } as Partial<Studio> })
  await page.getByText('4 steps to go').waitFor()
  const href = await page.getByRole('link', { name: 'Connect', exact: true }).getAttribute('href')
  assert.equal(href, '/auth/donationalerts/login?return=%2Fdashboard')
  await page.getByRole('link', { name: 'Donations', exact: true }).first().click()
  await page.getByText('Nobody has been here yet').waitFor()
  assert.deepEqual(faults, [])
})

test('a test donation is sent as it was written, with a point in its amount', async (t) => {
  const { server, page, faults, button } = await visit(t)
  await button('Cyrillic').click()
  await page.getByLabel('Amount').fill('1 234,5')
  await page.getByLabel('Words').fill('Привет 👩‍🚀')
  assert.equal(await page.getByText('290 characters left').count(), 1)
  await button('Send a test').click()
  await page.getByText('Test sent').waitFor()
  const message = 'Привет 👩‍🚀'
  assert.deepEqual(server.calls.at(-1), {
    method: 'POST',
    path: '/api/channel/test',
    body: { kind: 'donation', name: 'Кот Учёный', amount: '1234.50', currency: 'RUB', message },
    origin: server.url,
  })
  await page.locator('.ledger-row', { hasText: message }).waitFor()
  assert.deepEqual(faults, [])
})

test('an anonymous test has no name, and too many words or no amount are not sent', async (t) => {
  const { server, page, button } = await visit(t)
  await button(/^Anonymous$/).click()
  await page.getByLabel('Words').fill('я'.repeat(301))
  await page.getByText('1 character too many').waitFor()
  await button('Send a test').click({ force: true })
  await page.getByLabel('Words').fill('')
  await page.getByLabel('Amount').fill('ten')
  await page.getByText('An amount such as').waitFor()
  await button('Send a test').click({ force: true })
  assert.equal(server.calls.length, 0)
  await page.getByLabel('Amount').fill('10')
  await button('Send a test').click()
  await eventually('a request', () => server.calls.length === 1)
  const sent = server.calls[0]?.body as Record<string, unknown>
  assert.equal(sent.name, null)
})

test('settings save themselves, and Undo puts the old value back', async (t) => {
  const { server, page, faults, button } = await visit(t, { path: '/dashboard#settings' })
  const sound = page.getByRole('switch', { name: 'Sound' })
  await sound.click()
  await page.getByText('Sound: off').waitFor()
  assert.equal(server.studio.settings.alerts.sound, false)
  await button('Undo').click()
  await page.getByText('Put back as it was').waitFor()
  assert.equal(server.studio.settings.alerts.sound, true)
  assert.equal(await sound.isChecked(), true)

  await page.getByLabel('Add a word').or(page.getByLabel('Blocked words')).fill('spam, eggs')
  await button('Add').click()
  await button('Remove “eggs”').waitFor()
  await page.getByLabel('If OBS was closed').selectOption({ label: 'Wait 1 hour' })
  await page.getByText('If OBS was closed: Wait 1 hour').waitFor()
  assert.deepEqual(
    server.calls.map((call) => call.body),
    [
      { alerts: { sound: false } },
      { alerts: { sound: true } },
      { alerts: { blockedWords: ['спойлер', 'казино', 'spam', 'eggs'] } },
      { alerts: { maxAgeMinutes: 60 } },
    ],
  )
  assert.deepEqual(faults, [])
})

test('a setting that the server refuses goes back to what it was', async (t) => {
  const { page } = await visit(t, { path: '/dashboard#settings', studio: { refuseSettings: true } })
  const sound = page.getByRole('switch', { name: 'Sound' })
  await sound.click()
  await page.getByText('Sound was not saved').waitFor()
  assert.equal(await sound.isChecked(), true)
})

test('the overlay link is covered, covers itself again, and can be copied unseen', async (t) => {
  const { server, page, context, faults, button } = await visit(t, { path: '/dashboard#overlay' })
  const secret = server.studio.channel?.key ?? ''
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.clock.install()
  const shown = () => page.locator('.section').innerText()
  assert.ok(!(await shown()).includes(secret))

  await button('Copy link').click()
  await page.getByText('Link copied').waitFor()
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), `https://chatfolk.example/o/#k=${secret}`)
  assert.ok(!(await shown()).includes(secret))

  await button('Show link').click()
  assert.ok((await shown()).includes(secret))
  await page.clock.runFor(10_500)
  assert.ok(!(await shown()).includes(secret))
  assert.deepEqual(faults, [])
})

test('the link is dragged to OBS with a name and a size, and no request or storage ever holds its key', async (t) => {
  const { server, page, context } = await visit(t, { path: '/dashboard#overlay' })
  const secret = server.studio.channel?.key ?? ''
  const asked: string[] = []
  context.on('request', (request) => asked.push(request.url().replace(/#.*/, '')))
  await page.locator('.drag-card').waitFor()
  const dropped = await page.evaluate(`(() => {
    const dataTransfer = new DataTransfer()
    const card = document.querySelector('.drag-card')
    card.dispatchEvent(new DragEvent('dragstart', { dataTransfer, bubbles: true, cancelable: true }))
    return dataTransfer.getData('text/uri-list')
  })()`)
  assert.equal(
    dropped,
    `https://chatfolk.example/o/?layer-name=Chatfolk&layer-width=1920&layer-height=1080#k=${secret}`,
  )
  await page.reload()
  await page.locator('iframe').waitFor()
  assert.ok(!asked.join('\n').includes(secret))
  assert.ok(!(await page.evaluate<string>('JSON.stringify({ ...localStorage, ...sessionStorage })')).includes(secret))
})

test('a new link is made only after a question', async (t) => {
  const { server, page, faults, button } = await visit(t, { path: '/dashboard#overlay' })
  await button('Make a new link').click()
  await button('Cancel').click()
  await button('Make a new link').click()
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  assert.equal(server.calls.length, 0)
  await button('Show link').click()
  await button('Make a new link').click()
  await button('Replace the link').click()
  await page.getByText('The new link is ready').waitFor()
  // Somebody may be watching: that is why there is a new one.
  await button('Show link').waitFor()
  assert.equal(server.calls.at(-1)?.path, '/api/channel/overlay-key')
  await page.locator('iframe[src="/o/#k=secondkey&preview=1"]').waitFor()
  assert.deepEqual(faults, [])
})

test('a withdrawn access is told in words in both languages, and the choice of language is kept', async (t) => {
  const donations = { configured: true, state: 'needs_reauth', account: 'mila', lastDonationAt: null }
  const studio = { donations: { ...donations, lastError: null, backoffUntil: null } }
  const { page, faults, button } = await visit(t, { path: '/dashboard#donations', studio, locale: 'ru-RU' })
  await page.getByText('DonationAlerts отозвал доступ. Донаты не потеряны: подключите аккаунт снова').waitFor()
  await button('English').click()
  await page.getByText('DonationAlerts has withdrawn our access. Donations are not lost').waitFor()
  assert.equal(await page.locator('html').getAttribute('lang'), 'en')
  await page.reload()
  await page.getByRole('link', { name: 'Connect again' }).waitFor()
  assert.deepEqual(faults, [])
})

test('whatever donors write stays text', async (t) => {
  const nasty = [
    '<img src=x onerror="alert(1)">',
    '<script>alert(1)</script>',
    '"><svg onload=alert(1)>',
    '<iframe src="javascript:alert(1)"></iframe>',
    '<a href="javascript:alert(1)">x</a>',
    '{{constructor.constructor("alert(1)")()}}',
    '\u202Egnp.exe\u202C',
    '<style>*{display:none}</style>',
  ]
  const ledger = nasty.map((text, index) => entry({ donor: text, message: text }, index * 10))
  const current = { id: 'x', donor: nasty[0], amount: '1.00', currency: 'RUB', test: false, state: 'started' }
  const alerts = { paused: false, queued: 0, current: { ...current, startedAt: null } }
  const { page, faults } = await visit(t, { path: '/dashboard#donations', studio: { ledger, alerts } })
  await page
    .locator('.ledger-row')
    .nth(nasty.length - 1)
    .waitFor()
  assert.deepEqual(await page.locator('.ledger-name').allTextContents(), nasty)
  assert.deepEqual(await page.locator('.ledger-words').allTextContents(), nasty)
  assert.equal(await page.locator('.ledger-row :is(img, script, iframe, style)').count(), 0)
  assert.deepEqual(faults, [])
})

test('a donation unfolds its way, is replayed, and older ones are read on demand', async (t) => {
  const { server, page, faults, button } = await visit(t, { path: '/dashboard#donations' })
  const row = page.locator('.ledger-row', { hasText: 'Тётя Валя' })
  await row.getByRole('button', { name: 'Journey of the donation of Тётя Валя' }).click()
  await row.getByText('caught up after a break').waitFor()
  assert.equal(await row.locator('.way li.behind').count(), 6)
  await button('Replay the donation of Тётя Валя').click()
  await page.getByText('Тётя Валя comes out again').waitFor()
  const { alertId } = server.studio.ledger[4] ?? {}
  assert.equal(server.calls.at(-1)?.path, `/api/channel/alerts/${alertId}/replay`)
  await button('Show older ones').click()
  await page.getByText('Зритель 5').waitFor()
  await button('Show older ones').click()
  await page.getByText('That is all.').waitFor()
  assert.equal(await page.locator('.ledger-row').count(), server.studio.ledger.length)
  assert.deepEqual(faults, [])
})

test('the queue is paused, resumed and skipped', async (t) => {
  const { server, page, button } = await visit(t)
  await button('Pause').click()
  await button('Resume').waitFor()
  assert.equal(server.studio.alerts.paused, true)
  await button('Resume').click()
  await button('Skip').click()
  await page.getByText('Skipped. You can replay it').waitFor()
  assert.deepEqual(
    server.calls.map((call) => call.path.split('/').at(-1)),
    ['pause', 'resume', 'skip'],
  )
  assert.equal(await button('Skip').isDisabled(), true)
})

test('while the server is out of reach the page says that it knows nothing, and recovers', async (t) => {
  const { server, page, button } = await visit(t)
  await page.getByText('Everything works').waitFor()
  server.studio.down = true
  await page.evaluate(`window.dispatchEvent(new Event('online'))`)
  await page.getByText('lost its connection').waitFor()
  assert.equal(await page.locator('.light-word', { hasText: 'Unknown' }).count(), 4)
  server.studio.down = false
  await button('Try again').click()
  await page.getByText('Everything works').waitFor()
  assert.equal(await page.getByText('lost its connection').count(), 0)
})

test('a server that answers with errors is told apart from one that is out of reach', async (t) => {
  const { server, page } = await visit(t)
  await page.getByText('Everything works').waitFor()
  server.studio.broken = true
  await page.evaluate(`window.dispatchEvent(new Event('online'))`)
  await page.getByText('The server is in trouble right now').waitFor()
})

test('no section scrolls sideways on a phone of 360 px, in either language', async (t) => {
  for (const locale of ['ru-RU', 'en-US']) {
    const { server, page } = await visit(t, { viewport: PHONE, locale })
    for (const section of ['', 'live', 'chat', 'donations', 'overlay', 'settings']) {
      const path = section === '' ? '/' : `/dashboard#${section}`
      await page.goto(`${server.url}${path}`)
      await page.locator('h1').first().waitFor({ state: 'attached' })
      assert.ok((await widerThanItsWindow(page)) <= 0, `${locale} ${path}`)
    }
  }
})

test('a failed sign-in is told in words once, whatever the address claims', async (t) => {
  const path = '/?auth_error=%3Cb%3Eoops%3C%2Fb%3E&provider=twitch'
  const { page, faults } = await visit(t, { path })
  await page.getByText('Code: <b>oops</b>').waitFor()
  assert.equal(new URL(page.url()).search, '')
  await page.goto(`${page.url()}?auth_error=account-taken&provider=donationalerts`)
  await page.getByText('already connected to another Chatfolk channel').waitFor()
  await page.getByRole('link', { name: 'Open dashboard' }).waitFor()
  await page.reload()
  await page.getByRole('link', { name: 'Open dashboard' }).waitFor()
  assert.equal(await page.getByRole('alert').count(), 0)
  assert.deepEqual(faults, [])
})

test('whoever is signed out finds one button, in demo mode too', async (t) => {
  const { page, server } = await visit(t, { studio: { signedIn: false } })
  const link = page.getByRole('link', { name: 'Sign in with Twitch' })
  assert.equal(await link.getAttribute('href'), '/auth/twitch/login?return=%2Fdashboard')
  server.studio.demo = true
  await page.goto(`${server.url}/`)
  await page.getByRole('link', { name: 'Try it as a demo streamer' }).waitFor()
  await page.goto(`${server.url}/dashboard`)
  await page.getByRole('heading', { name: 'The demo is ready' }).waitFor()
})

test('a stranger on the landing page causes no error, and whoever signed in once is known there', async (t) => {
  const { page, server, faults } = await visit(t, { path: '/', studio: { signedIn: false } })
  await page.getByRole('link', { name: 'Sign in with Twitch' }).waitFor()
  await page.waitForLoadState('networkidle')
  assert.deepEqual(faults, [])
  server.studio.signedIn = true
  await page.goto(`${server.url}/dashboard`)
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
  await page.goto(`${server.url}/`)
  await page.getByRole('link', { name: 'Open dashboard' }).waitFor()
  assert.deepEqual(faults, [])
})

function noAlert(): Partial<Studio> {
  return { alerts: { paused: false, queued: 0, current: null } }
}
