import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { lookFromSeed, seedFromText } from '../../src/domain/avatar-look.ts'
import { en } from '../../web/ui/texts.en.ts'
import { openBrowser, type Ending } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { buildPages, type BuiltPages } from './built-pages.ts'
import { createVisit, PHONE, widerThanItsWindow } from './dashboard-visit.ts'

/* The viewer's page as it is shipped, in the real browser against a server played from memory. */

let browser: Browser
let pages: BuiltPages
const endings: Array<() => unknown> = []
before(async () => {
  const ending: Ending = { after: (run) => void endings.push(run) }
  ;[browser, pages] = await Promise.all([openBrowser(ending), buildPages()])
})
after(() => Promise.all(endings.map((end) => end())))

const visit = createVisit(() => ({ browser, pages }))
const path = '/me'

/** Of the sample person: everybody has a look before choosing one. */
const born = lookFromSeed(seedFromText('1001'))

const words = en.viewer.options

const picture = (page: Page) => page.evaluate<string>(`document.querySelector('.mirror canvas').toDataURL()`)

test('a viewer dresses the character: seen at once, saved by itself, taken back step by step', async (t) => {
  const { server, page, faults, button } = await visit(t, { path })
  await page.getByRole('heading', { name: 'Your character' }).waitFor()
  const before = await picture(page)
  assert.equal(await page.getByRole('radio', { checked: true }).count(), 5)
  const head = born.head === 'round' ? 'square' : 'round'
  await page.getByRole('radio', { name: words.head[head], exact: true }).check({ force: true })
  await eventually('the head to be saved', () => server.studio.look?.head === head)
  assert.notEqual(await picture(page), before)

  await button('Clothes').click()
  const top = born.top === 'suit' ? 'armor' : 'suit'
  await page.getByRole('radio', { name: words.top[top] }).check({ force: true })
  await eventually('the top to be saved', () => server.studio.look?.top === top)
  assert.deepEqual(server.studio.look, { ...born, head, top })

  await button('Undo').click()
  await eventually('the first step back', () => server.studio.look?.top === born.top)
  await button('Undo').click()
  // Nothing chosen is no choice: the seed's look is not stored as one's own.
  await eventually('the second step back', () => server.studio.look === null)
  assert.equal(server.calls.at(-1)?.method, 'DELETE')
  assert.equal(await button('Undo').isDisabled(), true)
  assert.equal(await picture(page), before)
  assert.deepEqual(faults, [])
})

test('the longest ears and the tallest hat are seen whole, in the mirror while it jumps and in every thumbnail of a head', async (t) => {
  for (const tall of [
    { ears: 'bunny', hat: 'none' },
    { ears: 'bunny', hat: 'witch' },
  ] as const) {
    const look = { ...born, ...tall, head: 'oval' } as const
    const { page, faults, button } = await visit(t, { path, studio: { look } })
    await button('Jump').click()
    await page.evaluate(`{
      const cut = (canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, 1).data.some((part) => part > 40)
      window.frames = 0
      window.cutFrames = 0
      window.cutThumbnails = () => [...document.querySelectorAll('.wardrobe canvas')].filter(cut).length
      requestAnimationFrame(function look() {
        frames++
        if (cut(document.querySelector('.mirror canvas'))) cutFrames++
        requestAnimationFrame(look)
      })
    }`)
    for (const shelf of ['Hair', 'Extras', 'Face']) {
      await button(shelf).click()
      assert.equal(await page.evaluate('cutThumbnails()'), 0, `${tall.hat} on the shelf ${shelf}`)
    }
    // More than one whole jump.
    await eventually('two seconds of jumping', () => page.evaluate<boolean>('frames > 120'), 20_000)
    assert.equal(await page.evaluate('cutFrames'), 0, tall.hat)
    assert.deepEqual(faults, [])
  }
})

test('the dice make somebody else, and the first look is always there', async (t) => {
  const { server, page, faults, button } = await visit(t, { path })
  await button('Surprise me').click()
  await page.getByText('Saved', { exact: true }).waitFor()
  await eventually('a look', () => server.studio.look !== null)
  await button('Original look').click()
  await eventually('the seed’s look', () => server.studio.look === null)
  await page.getByText('Saved', { exact: true }).waitFor()
  assert.equal(await button('Original look').count(), 0)
  assert.deepEqual(faults, [])
})

test('a quick hand ends with what it chose last', async (t) => {
  const { server, page, button } = await visit(t, { path })
  for (let roll = 0; roll < 12; roll++) await button('Surprise me').click()
  await page.getByText('Saved', { exact: true }).waitFor()
  const chosen = await picture(page)
  const saved = server.studio.look
  await page.reload()
  await page.getByRole('heading', { name: 'Your character' }).waitFor()
  assert.equal(await picture(page), chosen)
  assert.deepEqual(server.calls.at(-1)?.body, { look: saved })
})

test('the arrow keys go through the options', async (t) => {
  const { server, page } = await visit(t, { path, studio: { look: { ...born, head: 'round' } } })
  await page.getByRole('radio', { name: 'Round', exact: true }).focus()
  await page.keyboard.press('ArrowRight')
  await eventually('the next head', () => server.studio.look?.head === 'oval')
})

test('a look that could not be saved stays on the page, says so, and is sent again', async (t) => {
  const { server, page, button } = await visit(t, { path, studio: { refuseSettings: true } })
  await button('Surprise me').click()
  await page.getByText('Not saved').waitFor()
  await page.getByText('The server cannot do this right now').waitFor()
  const chosen = await picture(page)
  server.studio.refuseSettings = false
  await button('Try again').click()
  await page.getByText('Saved', { exact: true }).waitFor()
  assert.equal(await picture(page), chosen)
  assert.notEqual(server.studio.look, null)
})

test('whoever is signed out finds one button, and a session that ended meanwhile leads there too', async (t) => {
  const { server, page, button } = await visit(t, { path })
  server.studio.signedIn = false
  await button('Surprise me').click()
  await page.getByRole('heading', { name: 'Your character is waiting' }).waitFor()
  const link = page.getByRole('link', { name: 'Sign in with Twitch' })
  assert.equal(await link.getAttribute('href'), '/auth/twitch/login?return=%2Fme')
})

test('a server in trouble is told in words, and asked again', async (t) => {
  const { server, page, button } = await visit(t, { path, studio: { broken: true }, locale: 'ru-RU' })
  await page.getByText('Сервер сейчас не может этого сделать').waitFor()
  server.studio.broken = false
  await button('Попробовать снова').click()
  await page.getByRole('heading', { name: 'Ваш персонаж' }).waitFor()
})

test('no shelf of the wardrobe scrolls sideways on a phone of 360 px, in either language', async (t) => {
  for (const locale of ['ru-RU', 'en-US']) {
    const { page } = await visit(t, { path, locale, viewport: PHONE })
    await page.locator('.wardrobe').waitFor()
    for (const shelf of await page.locator('.wardrobe .segments button').all()) {
      await shelf.click()
      assert.ok((await widerThanItsWindow(page)) <= 0, `${locale} ${await shelf.textContent()}`)
    }
    // The character stays in sight at the end of the wardrobe.
    await page.locator('.option').last().scrollIntoViewIfNeeded()
    const stage = await page.locator('.mirror-stage').boundingBox()
    assert.ok(stage && stage.y >= 0 && stage.y < 60, `${locale}: ${stage?.y}`)
  }
})
