import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { lookFromSeed } from '../../src/domain/avatar-look.ts'
import type { StageAvatar } from '../../src/domain/overlay-protocol.ts'
import { DEFAULT_SETTINGS } from '../../src/domain/settings.ts'
import { openBrowser, type Ending } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { crowdOf } from './crowd-scenes.ts'
import { buildOverlay, openOverlayDoor } from './overlay-door.ts'

/* The viewers' characters on the real page in the real browser, against a server that does what the test says. */

let browser: Browser
let built: Awaited<ReturnType<typeof buildOverlay>>
const endings: Array<() => unknown> = []
before(async () => {
  const ending = { after: (run: () => unknown) => void endings.push(run) }
  ;[browser, built] = await Promise.all([openBrowser(ending), buildOverlay()])
})
after(() => Promise.all(endings.map((end) => end())))

const EMOTE_PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** Counts frames asked for, and keeps every text that is drawn. */
const LISTEN = `{
  window.asked = 0
  window.written = []
  const ask = window.requestAnimationFrame
  window.requestAnimationFrame = (run) => {
    window.asked++
    return ask(run)
  }
  const write = CanvasRenderingContext2D.prototype.fillText
  CanvasRenderingContext2D.prototype.fillText = function (text, ...where) {
    window.written.push(text)
    return write.call(this, text, ...where)
  }
}`

async function openStage(t: Ending, avatars: StageAvatar[] = []) {
  const door = await openOverlayDoor(t, built)
  door.rules.avatars = avatars
  const context = await browser.newContext({ viewport: { width: 640, height: 360 } })
  t.after(() => context.close())
  await context.addInitScript(LISTEN)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  await page.goto(door.url)
  await eventually('the page is connected', () => door.streams() === 1 && door.asked.includes('state'))
  return { door, page, faults }
}

/** Seen pixels of the crowd's canvas, as they are now. */
const seenPixels = (page: Page) =>
  page.evaluate<number>(`(() => {
    const canvas = document.querySelector('canvas.crowd')
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let seen = 0
    for (let at = 3; at < data.length; at += 4) if (data[at] !== 0) seen++
    return seen
  })()`)

const joinOf = (id: string, change: Partial<StageAvatar> = {}) => ({
  id,
  name: id,
  color: '#ff8800',
  look: lookFromSeed(7),
  seed: 7,
  by: 'chat' as const,
  from: 960,
  to: 960,
  dur: 300,
  ...change,
})

async function untilStill(page: Page): Promise<void> {
  let [last, calm] = [-1, 0]
  await eventually('no frame is asked for', async () => {
    const asked = await page.evaluate<number>('asked')
    calm = asked === last ? calm + 1 : 0
    last = asked
    return calm >= 15
  })
}

test('whoever joins is seen, a ban takes him away at once, and an empty stage asks for no frames', async (t) => {
  const { door, page, faults } = await openStage(t)
  await untilStill(page)
  assert.equal(await seenPixels(page), 0)
  door.send('avatar.join', joinOf('mila'))
  await eventually('somebody is seen', async () => (await seenPixels(page)) > 400)
  door.send('avatar.leave', { id: 'mila', why: 'banned', from: 960, to: 960, dur: 0 })
  await eventually('nobody is seen', async () => (await seenPixels(page)) === 0)
  await untilStill(page)
  assert.deepEqual(faults, [])
})

test('whoever runs off is out of the picture in the end, and the stage rests', async (t) => {
  const { door, page } = await openStage(t)
  door.send('avatar.join', joinOf('mila'))
  await eventually('somebody is seen', async () => (await seenPixels(page)) > 400)
  door.send('avatar.leave', { id: 'mila', why: 'inactive', from: 960, to: -140, dur: 700 })
  await eventually('nobody is seen', async () => (await seenPixels(page)) === 0)
  await untilStill(page)
})

test('a snapshot of two hundred is drawn bit by bit, and told with what it is drawn', async (t) => {
  const { door, page, faults } = await openStage(t, crowdOf(200, { now: Date.now() }))
  await eventually('the crowd is seen', async () => (await seenPixels(page)) > 9_000)
  assert.equal(door.states.at(-1)?.tier, 'canvas2d')
  assert.deepEqual(faults, [])
})

test('the crowd stands on the lower edge of a source of any shape, and is not stretched', async (t) => {
  const { page } = await openStage(t, crowdOf(3, { now: Date.now() }))
  for (const size of [
    { width: 1_280, height: 720 },
    { width: 1_280, height: 200 },
    { width: 300, height: 700 },
  ]) {
    await page.setViewportSize(size)
    await eventually(`it fits ${size.width} × ${size.height}`, () =>
      page.evaluate<boolean>(`(() => {
        const canvas = document.querySelector('canvas.crowd')
        const { width, height, bottom } = canvas.getBoundingClientRect()
        const stretched = (width / canvas.width) / (height / canvas.height)
        return width === innerWidth && Math.abs(bottom - innerHeight) < 0.5 && Math.abs(stretched - 1) < 0.02
      })()`),
    )
  }
})

test('a new snapshot of the same crowd leaves nobody out for a frame', async (t) => {
  const avatars = crowdOf(60, { now: Date.now(), busy: 0 })
  const { door, page } = await openStage(t, avatars)
  await eventually('the crowd is seen', async () => (await seenPixels(page)) > 6_000)
  await page.evaluate(`{
    const draw = CanvasRenderingContext2D.prototype.clearRect
    window.frames = []
    let drawn = 0
    const copy = CanvasRenderingContext2D.prototype.drawImage
    CanvasRenderingContext2D.prototype.drawImage = function (...given) {
      if (this.canvas.className === 'crowd') drawn++
      return copy.apply(this, given)
    }
    CanvasRenderingContext2D.prototype.clearRect = function (...given) {
      if (this.canvas.className === 'crowd') {
        window.frames.push(drawn)
        drawn = 0
      }
      return draw.apply(this, given)
    }
  }`)
  // A shadow, a body and a head each, at least.
  await eventually('everybody is seen', () => page.evaluate<boolean>(`window.frames.at(-1) >= 60 * 3`))
  await page.evaluate('window.frames.length = 0')
  door.send('snapshot', {
    seq: 0,
    settings: { rev: 1, locale: 'ru', alerts: DEFAULT_SETTINGS.alerts },
    avatars: structuredClone(avatars),
    alert: { current: null, queued: 0 },
    game: null,
  })
  await eventually('some frames were drawn', () => page.evaluate<boolean>('window.frames.length > 20'))
  const fewest = await page.evaluate<number>('Math.min(...window.frames.slice(1))')
  assert.ok(fewest >= 60 * 3, `${fewest} pictures in a frame`)
})

test('alerts are above the crowd', async (t) => {
  const { page } = await openStage(t, crowdOf(3, { now: Date.now() }))
  const isAbove = await page.evaluate<boolean>(`(() => {
    const [crowd, stage] = [document.querySelector('canvas.crowd'), document.querySelector('#stage')]
    return (crowd.compareDocumentPosition(stage) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0
  })()`)
  assert.equal(isAbove, true)
})

test('whatever a viewer is called or writes is drawn and nothing else', async (t) => {
  const { door, page, faults } = await openStage(t)
  const attack = '<img src=x onerror="window.stolen=1">'
  door.send(
    'avatar.join',
    joinOf('mila', { name: '"><svg/onload=window.stolen=1>', color: 'url(javascript:stolen=1)' }),
  )
  door.send('avatar.say', {
    id: 'mila',
    dur: 60_000,
    parts: [{ text: attack }, { emote: 'Evil', src: 'javascript:window.stolen=1' }],
  })
  const written = () => page.evaluate<string[]>('written')
  await eventually('the words are drawn', async () => (await written()).some((text) => text.endsWith('Evil')))
  await eventually('the name is drawn', async () => (await written()).some((text) => text.startsWith('"><svg')))
  assert.equal(await page.locator('body :is(img, svg, script, iframe)').count(), 0)
  assert.equal(await page.evaluate('window.stolen'), undefined)
  assert.deepEqual(faults, [])
})

test('an emote is shown as its picture, and by its name where there is none', async (t) => {
  const { door, page, faults } = await openStage(t)
  const answers = { there: 0, gone: 0 }
  await page.route('https://static-cdn.jtvnw.net/**', (route) => {
    const there = route.request().url().includes('/there/')
    answers[there ? 'there' : 'gone']++
    return there ? route.fulfill({ contentType: 'image/png', body: EMOTE_PIXEL }) : route.abort()
  })
  const emote = (name: string) => ({
    emote: name,
    src: `https://static-cdn.jtvnw.net/emoticons/v2/${name}/default/dark/2.0`,
  })
  door.send('avatar.join', joinOf('mila'))
  door.send('avatar.emote', { id: 'mila', dur: 60_000, parts: [emote('gone')], x: 960 })
  door.send('avatar.say', { id: 'mila', dur: 60_000, parts: [{ text: 'look:' }, emote('there')] })
  await eventually('both were asked for', () => answers.there > 0 && answers.gone > 0)
  // Drawn anew without the emote's name once the picture is there.
  await eventually('the words are drawn without the name', async () => {
    const written = await page.evaluate<string[]>('written')
    return written.lastIndexOf('look:') > written.lastIndexOf('look: there') && written.includes('gone')
  })
  assert.deepEqual([answers, faults], [{ there: 1, gone: 1 }, []])
})

test('rubbish about characters is left alone, and the next event is shown', async (t) => {
  const { door, page, faults } = await openStage(t)
  const rubbish = [
    null,
    {},
    { id: 5 },
    joinOf('x', { look: null as never, seed: 'y' as never }),
    { id: 'mila', parts: 7 },
  ]
  for (const type of [
    'avatar.join',
    'avatar.act',
    'avatar.say',
    'avatar.emote',
    'avatar.look',
    'avatar.leave',
  ] as const)
    for (const d of rubbish) door.send(type, d as never)
  door.send('avatar.act', { id: 'nobody', act: 'wave', dur: 1_000, from: 3, to: 3 })
  door.send('avatar.join', joinOf('mila'))
  await eventually('somebody is seen', async () => (await seenPixels(page)) > 400)
  assert.deepEqual(faults, [])
})
