/**
 * Draws the pictures of `docs/images/`: characters and crowds by their own code, an alert and the operator's page by the real
 * pages. Run it after changing how they look: `node scripts/draw-docs-images.ts`
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { createServer } from 'vite'
import { lookFromSeed } from '../src/domain/avatar-look.ts'
import { addTrouble, openOperatorsPage } from '../test/support/admin-scene.ts'
import { openTestDatabase } from '../test/support/database.ts'
import { offerOf } from '../test/web/alert-offer.ts'
import { crowdOf, SCENE_NOW } from '../test/web/crowd-scenes.ts'
import { buildOverlay, openOverlayDoor } from '../test/web/overlay-door.ts'

const root = join(import.meta.dirname, '..')
const out = process.argv[2] ?? join(root, 'docs', 'images')
mkdirSync(out, { recursive: true })

const endings: Array<() => unknown> = []
const server = await createServer({
  root,
  configFile: false,
  logLevel: 'error',
  server: { port: 0, host: '127.0.0.1' },
})
await server.listen()
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
try {
  const page = await browser.newPage()
  await page.goto(`${server.resolvedUrls?.local[0]}test/web/pages/blank.html`)
  const pictures = {
    'looks.png': 'looksSheet(1200, 36, 9)',
    'poses.png': "posesSheet([1055, 423, 347], [0.35, 0.42, 0.47], ['ПРИВЕТ!', 'GG WP', 'LETS GO'])",
  }
  for (const [name, call] of Object.entries(pictures)) {
    const url = await page.evaluate<string>(`import('/test/web/pages/sheets.ts').then((sheets) => sheets.${call})`)
    writeFileSync(join(out, name), Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'))
  }
  await drawCrowds()
  await drawAlert()
  await drawOperatorsPage()
} finally {
  await browser.close()
  await server.close()
  // Ends may add ends of their own.
  for (const end of endings) await end()
}

/** The stage with few and with many, over something like a game. */
async function drawCrowds(): Promise<void> {
  const crowds = [
    { count: 1, first: 3, busy: 100 },
    { count: 25, first: 1, busy: 45 },
    { count: 100, first: 1, busy: 24 },
    { count: 200, first: 1, busy: 16 },
  ]
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } })
  await page.goto(`${server.resolvedUrls?.local[0]}test/web/pages/blank.html`)
  for (const { count, ...options } of crowds) {
    const moment = JSON.stringify([{ snapshot: crowdOf(count, options) }, SCENE_NOW])
    const url = await page.evaluate<string>(
      `import('/test/web/pages/crowd-sheet.ts').then((sheet) => sheet.crowdSheet(...${moment}))`,
    )
    writeFileSync(join(out, `stage-${count}.png`), Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'))
  }
  await page.close()
}

/** An alert in the middle of its cheering, over something like a game. */
async function drawAlert(): Promise<void> {
  const door = await openOverlayDoor({ after: (end) => void endings.push(end) }, await buildOverlay())
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } })
  await page.goto(door.url)
  await page.evaluate(`{
    const sky = new CSSStyleSheet()
    sky.replaceSync('html { background: linear-gradient(#31406b, #6d7f9c 58%, #55704e 58.2%, #2e4634) !important }')
    document.adoptedStyleSheets = [sky]
  }`)
  await waitFor(() => door.streams() === 1)
  const parts = [{ text: 'Спасибо за стрим! Удачи в финале, болеем всей семьёй 💜' }]
  door.send('alert.offer', offerOf('a', { parts, avatar: { seed: 347, look: lookFromSeed(347) }, dur: 8_000 }))
  await waitFor(() => page.evaluate<boolean>(`document.querySelector('.words')?.style.opacity === '1'`))
  await page.waitForTimeout(900)
  await page.screenshot({ path: join(out, 'alert.png'), clip: { x: 140, y: 0, width: 1000, height: 420 } })
}

/** The operator's page while a node of three has fallen. */
async function drawOperatorsPage(): Promise<void> {
  execFileSync(process.execPath, [join(root, 'scripts', 'build-pages.ts'), '--if-stale'])
  const ending = { after: (end: () => unknown) => void endings.push(end) }
  const { db } = await openTestDatabase(ending)
  await addTrouble(db, { channels: 10_000 })
  const page = await browser.newPage({
    viewport: { width: 1440, height: 1240 },
    colorScheme: 'dark',
    locale: 'en-US',
    reducedMotion: 'reduce',
  })
  await page.goto(`${await openOperatorsPage(ending, db, { adminToken: null })}/admin`)
  await page.locator('.chip').nth(3).click()
  await waitFor(async () => (await page.locator('.rows .last-error').count()) > 10)
  await page.waitForTimeout(600)
  await page.screenshot({ path: join(out, 'admin.png') })
}

async function waitFor(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20))
}
