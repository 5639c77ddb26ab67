/**
 * Draws the pictures of `docs/images/` with the characters' own code. Run it after changing how they look:
 * `node scripts/draw-docs-images.ts`
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { createServer } from 'vite'

const root = join(import.meta.dirname, '..')
const out = process.argv[2] ?? join(root, 'docs', 'images')
mkdirSync(out, { recursive: true })

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
} finally {
  await browser.close()
  await server.close()
}
