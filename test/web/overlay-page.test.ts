import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { lookFromSeed } from '../../src/domain/avatar-look.ts'
import type { TextPart } from '../../src/domain/overlay-protocol.ts'
import { openBrowser, type Ending } from '../support/browser.ts'
import { offerOf } from './alert-offer.ts'
import { buildOverlay, openOverlayDoor, type OverlayDoor } from './overlay-door.ts'

/* The real page in the real browser, against a server that does what the test says. */

let browser: Browser
let built: Awaited<ReturnType<typeof buildOverlay>>
const endings: Array<() => unknown> = []
before(async () => {
  const ending = { after: (run: () => unknown) => void endings.push(run) }
  ;[browser, built] = await Promise.all([openBrowser(ending), buildOverlay()])
})
after(() => Promise.all(endings.map((end) => end())))

const CARD = '.card'

/** What came after Chromium 103, which OBS 28 brings, and is easily used by mistake. */
const takeAwayWhatChromium103Lacks = `function () {
  for (const name of ['toReversed', 'toSorted', 'toSpliced', 'with']) delete Array.prototype[name]
  for (const name of ['union', 'intersection', 'difference']) delete Set.prototype[name]
  for (const [owner, name] of [[Object, 'groupBy'], [Map, 'groupBy'], [Promise, 'withResolvers'], [Promise, 'try'],
    [Array, 'fromAsync'], [AbortSignal, 'any'], [URL, 'canParse'], [String.prototype, 'isWellFormed']]) delete owner[name]
  delete globalThis.Iterator
}`

const countTonesAndFrames = `{
  window.tones = 0
  const start = OscillatorNode.prototype.start
  OscillatorNode.prototype.start = function (...when) {
    window.tones++
    return start.apply(this, when)
  }
  window.asked = 0
  const ask = window.requestAnimationFrame
  window.requestAnimationFrame = (run) => {
    window.asked++
    return ask(run)
  }
}`

/** One page on one door, ready for its first alert. */
async function openStage(t: Ending, rules: Partial<OverlayDoor['rules']> = {}, viewport = { width: 640, height: 360 }) {
  const door = await openOverlayDoor(t, built)
  Object.assign(door.rules, rules)
  const context = await browser.newContext({ viewport })
  t.after(() => context.close())
  await context.addInitScript(`(${takeAwayWhatChromium103Lacks})()`)
  await context.addInitScript(countTonesAndFrames)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  await page.goto(door.url)
  if (door.rules.key === 'an-overlay-key') await until(() => door.asked.includes('state'))
  return { door, page, faults }
}

async function until(isTrue: () => boolean | Promise<boolean>, deadlineMs = 8_000): Promise<void> {
  const end = Date.now() + deadlineMs
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error('Waited too long')
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
}

const cards = (page: Page) => page.locator(CARD).count()
/** Whether an alert can be seen: it is built unseen, while the server is being asked. */
const drawn = (page: Page) =>
  page.evaluate<boolean>(
    `[...document.querySelectorAll('.alert')].some((it) => getComputedStyle(it).visibility === 'visible')`,
  )

/** Waits until the page asked for no frame in twenty looks in a row. */
async function untilStill(page: Page): Promise<void> {
  let last = -1
  let calm = 0
  await until(async () => {
    const asked = await page.evaluate<number>('asked')
    calm = asked === last ? calm + 1 : 0
    last = asked
    return calm >= 20
  })
}

/** Seen pixels of the page over nothing: how many are not perfectly transparent. */
async function opaquePixels(page: Page): Promise<number> {
  const shot = (await page.screenshot({ omitBackground: true })).toString('base64')
  return page.evaluate<number>(`(async () => {
    const picture = new Image()
    picture.src = 'data:image/png;base64,${shot}'
    await picture.decode()
    const canvas = new OffscreenCanvas(picture.width, picture.height)
    const paint = canvas.getContext('2d')
    paint.drawImage(picture, 0, 0)
    const { data } = paint.getImageData(0, 0, canvas.width, canvas.height)
    let seen = 0
    for (let at = 3; at < data.length; at += 4) if (data[at] !== 0) seen++
    return seen
  })()`)
}

test('an idle overlay is transparent and without scrollbars at 1280×720 and 1920×1080', async (t) => {
  const { page } = await openStage(t, {}, { width: 1280, height: 720 })
  for (const size of [
    { width: 1280, height: 720 },
    { width: 1920, height: 1080 },
  ]) {
    await page.setViewportSize(size)
    assert.equal(await opaquePixels(page), 0)
    const room = await page.evaluate(
      '[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]',
    )
    assert.deepEqual(room, [0, 0])
  }
})

test('a listed emote is drawn among the words', async (t) => {
  const { door, page } = await openStage(t)
  const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  await page.route('https://static-cdn.jtvnw.net/**', (route) =>
    route.fulfill({ contentType: 'image/png', body: Buffer.from(pixel, 'base64') }),
  )
  const emote = { emote: 'Kappa', src: 'https://static-cdn.jtvnw.net/emoticons/v2/25/default/dark/3.0' }
  door.send('alert.offer', offerOf('a1', { parts: [{ text: 'gg ' }, emote, { text: ' wp' }] }))
  await until(() => drawn(page))
  assert.equal(await page.locator('.words img').getAttribute('alt'), 'Kappa')
  const isPainted = await page.evaluate(`(() => {
    const picture = document.querySelector('.words img')
    return picture.complete && picture.naturalWidth > 0 && picture.height > 20
  })()`)
  assert.equal(isPainted, true)
})

test('an idle overlay asks for no frames, before an alert and after it', async (t) => {
  const { door, page } = await openStage(t)
  await untilStill(page)
  door.send('alert.offer', offerOf('a1', { dur: 600 }))
  await until(() => door.asked.includes('done a1'))
  await untilStill(page)
  assert.ok((await page.evaluate<number>('asked')) > 5)
})

test('an alert is drawn only after its start was answered with 200, and is finished once', async (t) => {
  const { door, page, faults } = await openStage(t, { start: 503 })
  door.send('alert.offer', offerOf('a1'))
  await until(() => door.asked.filter((what) => what === 'start a1').length >= 2)
  assert.equal(await drawn(page), false)
  door.rules.start = 200
  await until(() => drawn(page))
  await until(() => page.evaluate<boolean>(`document.querySelector('${CARD}')?.style.opacity === '1'`))
  assert.ok((await opaquePixels(page)) > 9_000)
  assert.match(await page.locator('.amount').innerText(), /^500\s₽$/)
  await until(() => door.asked.includes('done a1'))
  assert.equal(await cards(page), 0)
  assert.equal(await opaquePixels(page), 0)

  door.send('alert.offer', offerOf('a1', { attempt: 2 }))
  door.send('alert.offer', offerOf('a2'))
  await until(() => door.asked.includes('start a2'))
  assert.equal(door.asked.filter((what) => what === 'start a1' || what === 'done a1').length <= 4, true)
  assert.equal(door.asked.filter((what) => what === 'done a1').length, 1)
  assert.deepEqual(faults, [])
})

test('a start answered with 409 is not drawn', async (t) => {
  const { door, page } = await openStage(t, { start: 409 })
  door.send('alert.offer', offerOf('a1'))
  await until(() => door.asked.includes('start a1'))
  await until(async () => (await page.evaluate(`sessionStorage.getItem('chatfolk.alert')`)) === null)
  assert.equal(await cards(page), 0)
})

test('a donor who walks in and out is whole on a source smaller than 1080p', async (t) => {
  const { door, page } = await openStage(t, {}, { width: 1280, height: 720 })
  await page.evaluate(`{
    window.lowest = []
    requestAnimationFrame(function look() {
      const actor = document.querySelector('.actor')
      if (actor && actor.width > 0) {
        const { width, height } = actor
        const { data } = actor.getContext('2d').getImageData(0, 0, width, height)
        const rows = Array.from({ length: height }, (_, row) => {
          let seen = 0
          for (let column = 0; column < width; column++) if (data[(row * width + column) * 4 + 3] > 20) seen++
          return seen
        })
        const head = Math.max(...rows.slice(0, Math.round(height * 0.6)))
        if (head > width / 8) lowest.push((rows.findLastIndex((seen) => seen > 1) + 1) / height)
      }
      requestAnimationFrame(look)
    })
  }`)
  // Seed 7 comes out of the wings and goes back into them.
  door.send('alert.offer', offerOf('walker', { dur: 3_500, avatar: { seed: 7, look: lookFromSeed(7) } }))
  await until(() => door.asked.includes('done walker'))
  const lowest = await page.evaluate<number[]>('lowest')
  assert.ok(lowest.length > 10, `${lowest.length} frames`)
  const cut = lowest.filter((share) => share < 0.8)
  assert.equal(
    cut.length,
    0,
    `${cut.length} of ${lowest.length} frames without legs: ${cut.map((share) => share.toFixed(2)).join(', ')}`,
  )
})

test('a mirror draws without a word to the server', async (t) => {
  const { door, page } = await openStage(t, { role: 'mirror' })
  door.send('alert.offer', offerOf('a1', { dur: 1_000 }))
  await until(() => drawn(page))
  await until(async () => (await cards(page)) === 0)
  assert.deepEqual(
    door.asked.filter((what) => /^(start|done)/.test(what)),
    [],
  )
})

test('a cancelled alert is off the stage within half a second and is not finished', async (t) => {
  const { door, page } = await openStage(t)
  door.send('alert.offer', offerOf('a1', { dur: 8_000 }))
  await until(() => drawn(page))
  const cancelledAt = Date.now()
  door.send('alert.cancel', { id: 'a1', why: 'skipped' })
  await until(async () => (await cards(page)) === 0)
  assert.ok(Date.now() - cancelledAt < 1_500)
  assert.equal(door.asked.includes('done a1'), false)
})

test('a source hidden in OBS starts nothing, tells so, and begins when it is shown', async (t) => {
  const { door, page } = await openStage(t)
  const show = (visible: boolean) =>
    page.evaluate(`dispatchEvent(new CustomEvent('obsSourceVisibleChanged', { detail: { visible: ${visible} } }))`)
  await show(false)
  await until(() => door.states.at(-1)?.visible === false)
  door.send('alert.offer', offerOf('a1'))
  // A later frame that was heard proves that the offer was heard before it.
  door.send('settings', {
    rev: 2,
    patch: {
      locale: 'en',
      alerts: { durationS: 8, sound: false, volume: 0, maxAgeMinutes: null, hideLinks: true, blockedWords: [] },
    },
  })
  await show(false)
  await until(() => door.states.length >= 3)
  assert.equal(door.asked.includes('start a1'), false)
  await show(true)
  await until(() => door.asked.includes('start a1'))
  await until(() => drawn(page))
})

test('a reload in mid-alert goes on where it was, is the same page to the server, and says done', async (t) => {
  const { door, page } = await openStage(t)
  const offer = offerOf('a1', { dur: 5_000 })
  door.send('alert.offer', offer)
  await until(() => drawn(page))
  const { token: _, ...alert } = offer
  door.rules.current = { ...alert, state: 'started', startedAt: Date.now() - 2_500 }
  await page.reload()
  await until(() => drawn(page))
  assert.equal(await page.locator('.words').evaluate((words) => words.style.opacity), '1')
  await until(() => door.asked.includes('done a1'))
  assert.equal(door.asked.filter((what) => what === 'start a1').length, 1)
  assert.equal(new Set(door.sessions.map((session) => session.instance)).size, 1)
})

test('when the node goes away the page comes back for a snapshot and drops what is over', async (t) => {
  const { door, page, faults } = await openStage(t)
  door.send('alert.offer', offerOf('a1', { dur: 20_000 }))
  await until(() => drawn(page))
  door.hangUp()
  await until(() => door.asked.filter((what) => what === 'stream').length === 2)
  await until(async () => (await cards(page)) === 0)
  assert.equal(door.asked.includes('done a1'), false)
  door.send('alert.offer', offerOf('a2'))
  await until(() => drawn(page))
  assert.deepEqual(faults, [])
})

test('an unknown key leaves the stream clean: nothing drawn, nothing thrown', async (t) => {
  const { door, page, faults } = await openStage(t, { key: 'rotated' })
  await until(() => door.asked.includes('session'))
  assert.equal(await opaquePixels(page), 0)
  assert.equal((await page.locator('body').innerText()).trim(), '')
  assert.deepEqual(faults, [])
  assert.equal(door.streams(), 0)
})

test('whatever a donor writes is text', async (t) => {
  const { door, page, faults } = await openStage(t)
  const attacks = [
    '<img src=x onerror="window.stolen=1">',
    '<script>window.stolen=1</script>',
    '"><svg/onload=window.stolen=1>',
    '<iframe srcdoc="<script>parent.stolen=1</script>">',
    '{{constructor.constructor("window.stolen=1")()}}',
    '<style>*{display:none}</style>&lt;b&gt;',
    '\u202Eabc\u202C javascript:window.stolen=1',
  ]
  const parts: TextPart[] = [
    ...attacks.map((text) => ({ text })),
    { emote: 'Kappa', src: 'javascript:window.stolen=1' },
    { emote: 'PogChamp', src: 'https://static-cdn.jtvnw.net.evil.example/x.png' },
    { emote: 'LUL', src: 'http://static-cdn.jtvnw.net/x.png' },
    { emote: 'Gone', src: 'https://static-cdn.jtvnw.net/emoticons/v2/0/default/dark/3.0' },
  ]
  await page.route('https://static-cdn.jtvnw.net/**', (route) => route.abort())
  door.send('alert.offer', offerOf('a1', { donor: attacks[0] ?? '', parts, dur: 6_000 }))
  await until(() => drawn(page))
  await until(async () => (await page.locator('.words img').count()) === 0)
  assert.equal(await page.locator('.donor').evaluate((it) => it.textContent), attacks[0])
  const words = await page.locator('.words').evaluate((it) => it.textContent)
  assert.equal(words, `${attacks.join('')}KappaPogChampLULGone`)
  assert.equal(await page.locator(`${CARD} :is(img, script, svg, iframe, style, b)`).count(), 0)
  assert.equal(await page.evaluate('window.stolen'), undefined)
  assert.deepEqual(faults, [])
})

test('a tab that nobody clicked stays silent, and rings for the next alert after a click', async (t) => {
  const { door, page } = await openStage(t)
  const sound = { name: 'chime', volume: 0.5 } as const
  door.send('alert.offer', offerOf('a1', { sound, dur: 1_000 }))
  await until(() => door.asked.includes('done a1'))
  // A look into the page counts as a click to the browser: it has to come after the first alert.
  assert.equal(await page.evaluate('tones'), 0)
  door.send('alert.offer', offerOf('a2', { sound }))
  await until(async () => (await page.evaluate<number>('tones')) > 0)
})

test('the longest words stay inside the card at every size', async (t) => {
  const { door, page } = await openStage(t, { locale: 'en' })
  const cases = ['ж'.repeat(300), 'Болеем всей семьёй 🎉 '.repeat(14), 'W'.repeat(300)]
  for (const [index, text] of cases.entries()) {
    const id = `long-${index}`
    door.send(
      'alert.offer',
      offerOf(id, { donor: null, amount: '123456789012.99', parts: [{ text }], dur: 8_000, test: true }),
    )
    await until(() => drawn(page))
    assert.equal(await page.locator('.donor').innerText(), 'Anonymous')
    assert.equal(await page.locator('.test-badge').innerText(), 'test')
    const fits = await page.evaluate(`(() => {
      const card = document.querySelector('.card').getBoundingClientRect()
      return ['.words', '.amount', '.donor-line'].every((line) => {
        const box = document.querySelector(line).getBoundingClientRect()
        return box.right <= card.right && box.bottom <= card.bottom && box.left >= card.left
      }) && document.querySelector('.card').offsetHeight < 520
    })()`)
    assert.equal(fits, true, text.slice(0, 10))
    door.send('alert.cancel', { id, why: 'skipped' })
    await until(async () => (await cards(page)) === 0)
  }
})

test('the key is in no address that the page asks for', async (t) => {
  const door = await openOverlayDoor(t, built)
  const context = await browser.newContext()
  t.after(() => context.close())
  const page = await context.newPage()
  const addresses: string[] = []
  page.on('request', (request) => addresses.push(request.url()))
  await page.goto(door.url)
  await until(() => door.asked.includes('state'))
  assert.equal(door.sessions[0]?.key, 'an-overlay-key')
  assert.deepEqual(
    addresses.filter((address) => new URL(address).href.split('#')[0]?.includes('an-overlay-key')),
    [],
  )
})
