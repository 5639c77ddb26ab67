import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { openBrowser, type Ending } from '../support/browser.ts'
import { crowdOf, SCENE_NOW } from './crowd-scenes.ts'
import { openDevPages } from './dev-pages.ts'
import { createToldStage, HAPPENINGS } from './told-stage.ts'

/*
 * The crowd's pixels, at moments of the test's choice: `call` runs a function of pages/crowd-pictures.ts. Chromium without
 * a graphics card emulates one; the overlay does not take it, but these tests do.
 */

async function openPage(t: Ending): Promise<Page> {
  const [browser, pages] = await Promise.all([openBrowser(t), openDevPages(t)])
  const page = await browser.newPage({ viewport: { width: 960, height: 540 } })
  await page.goto(`${pages}test/web/pages/blank.html`)
  return page
}

const call = <Result>(page: Page, name: string, ...given: unknown[]) =>
  page.evaluate<Result>(
    `import('/test/web/pages/crowd-pictures.ts').then((pictures) => pictures.${name}(...${JSON.stringify(given)}))`,
  )

const SIZE = { width: 960, height: 540 }

test('the same snapshot at the same time gives the same pixels in two runs of the browser', async (t) => {
  const digests = async () => {
    const page = await openPage(t)
    const found: string[] = []
    for (const [count, after] of [
      [1, 0],
      [25, 0],
      [25, 40],
      [80, 3_000],
    ] as const)
      found.push(await call(page, 'momentDigest', { snapshot: crowdOf(count) }, SCENE_NOW + after, SIZE))
    return found
  }
  const [first, second] = [await digests(), await digests()]
  assert.deepEqual(first, second)
  assert.equal(new Set(first).size, first.length)
})

test('who heard everything and who came late see the same pixels', async (t) => {
  const page = await openPage(t)
  const stage = createToldStage()
  for (let viewer = 0; viewer < 12; viewer++) stage.happens({ viewer, what: 'join', afterMs: 300 })
  for (let turn = 0; turn < 30; turn++) {
    const what = HAPPENINGS[(turn * 7) % HAPPENINGS.length] ?? 'walk'
    stage.happens({ viewer: (turn * 5) % 12, what, afterMs: 230 })
  }
  const middle = { snapshot: stage.snapshot(), from: stage.told.length }
  for (let turn = 0; turn < 14; turn++) {
    const what = (['say', 'emote', 'wave', 'walk', 'leave', 'jump'] as const)[turn % 6] ?? 'say'
    stage.happens({ viewer: (turn * 5) % 12, what, afterMs: 120 })
  }
  const digests = new Set<string>()
  for (const after of [10, 900, 2_700]) {
    const now = stage.now() + after
    const early = await call<string>(page, 'momentDigest', { told: stage.told }, now, SIZE)
    const late = await call(
      page,
      'momentDigest',
      { snapshot: middle.snapshot, told: stage.told.slice(middle.from) },
      now,
      SIZE,
    )
    const latest = await call(page, 'momentDigest', { snapshot: stage.snapshot() }, now, SIZE)
    assert.deepEqual([late, latest], [early, early], `${after} ms later`)
    digests.add(early)
  }
  assert.equal(digests.size, 3)
})

test('a graphics card and software paint the same picture', async (t) => {
  const page = await openPage(t)
  // A hundred at full size need several pages of texture.
  for (const [count, size] of [
    [5, SIZE],
    [100, { width: 1_920, height: 1_080 }],
  ] as const) {
    const differ = await call<number>(page, 'paintersDiffer', { snapshot: crowdOf(count) }, SCENE_NOW, size)
    assert.ok(differ < 0.01, `${(differ * 100).toFixed(2)} % of the seen pixels differ clearly`)
  }
})

test('a lost graphics card is taken up again, or done without', async (t) => {
  const page = await openPage(t)
  const back = await call<{ tiers: string[]; before: number; after: number }>(page, 'loseCard', crowdOf(4), true)
  assert.deepEqual(back.tiers, ['webgl2', 'webgl2'])
  assert.ok(back.before > 500 && back.after > 500, `${back.before}, ${back.after}`)
  await page.reload()
  const gone = await call<{ tiers: string[]; before: number; after: number; canvases: number }>(
    page,
    'loseCard',
    crowdOf(4),
    false,
  )
  assert.deepEqual(gone.tiers, ['webgl2', 'canvas2d'])
  assert.ok(gone.before > 500 && gone.after > 500)
  assert.equal(gone.canvases, 1)
})
