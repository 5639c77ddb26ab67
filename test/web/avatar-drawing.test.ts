import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { openBrowser } from '../support/browser.ts'
import { openDevPages } from './dev-pages.ts'

/* Real canvases in the real browser: `call` runs a function of pages/sheets.ts there. */

let page: Page
const endings: Array<() => unknown> = []
before(async () => {
  const ending = { after: (run: () => unknown) => void endings.push(run) }
  const [browser, pages] = await Promise.all([openBrowser(ending), openDevPages(ending)])
  page = await browser.newPage()
  await page.goto(`${pages}test/web/pages/blank.html`)
})

after(() => Promise.all(endings.map((end) => end())))

const call = <Result>(expression: string) =>
  page.evaluate<Result>(`import('/test/web/pages/sheets.ts').then((sheets) => sheets.${expression})`)

test('the same look, pose and time give the same pixels, on every canvas', async () => {
  const first = await call<string[]>('pixelDigests([3, 1208, 77], [0, 0.41, 2.2])')
  const again = await call<string[]>('pixelDigests([3, 1208, 77], [0, 0.41, 2.2])')
  assert.equal(first.length, 3 * 3 * 9)
  assert.deepEqual(first, again)
})

test('looks, actions and times differ from each other', async () => {
  const digests = await call<string[]>('pixelDigests([3, 1208], [0.3, 0.41])')
  assert.equal(new Set(digests).size, digests.length)
})

test('every part of every family can be drawn, alone and together with every hat', async () => {
  const faults = await call<string[]>('drawEveryPart()')
  assert.deepEqual(faults, [])
})

test('a sign is clear of the tallest hat', async () => {
  const gaps = await call<number[]>('signGaps()')
  assert.ok(gaps.length > 10)
  for (const gap of gaps) assert.ok(gap >= 2, `${gap} units`)
})

test('a baked character looks like a drawn one', async () => {
  const difference = await call<number>('bakedDifference(1208)')
  assert.ok(difference < 0.02, `${(difference * 100).toFixed(2)} % of the pixels differ clearly`)
})

test('the chime is heard, never clips, and has died away when it is cut', async () => {
  const { peak, end } = await call<{ peak: number; end: number }>('chimePeaks()')
  assert.ok(peak > 0.2 && peak < 0.98, `peak ${peak}`)
  assert.ok(end < 0.02, `end ${end}`)
})
