/**
 * Builds the web pages into `dist/`. With `--if-stale` only when a source changed since the last build, so that
 * `npm start` costs nothing the second time.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')
const stampFile = join(root, 'dist', '.sources')

const stamp = fingerprint(['web', 'src/domain', 'package-lock.json'])
if (process.argv.includes('--if-stale') && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) {
  process.exit(0)
}

const { build } = await import('vite').catch(() => {
  console.error(
    'The web pages are not built and Vite is not installed. Run `npm ci` without --omit=dev, or `npm run build` where it is.',
  )
  process.exit(1)
})
console.error('Building the web pages …')
await build({ configFile: join(root, 'web', 'vite.config.ts'), logLevel: 'warn' })
writeFileSync(stampFile, stamp)

/** A hash over names and contents: dates lie after a checkout. */
function fingerprint(places: string[]): string {
  const hash = createHash('sha256')
  const add = (path: string) => hash.update(relative(root, path)).update('\0').update(readFileSync(path)).update('\0')
  for (const place of places.map((name) => join(root, name))) {
    if (!existsSync(place)) continue
    if (place.endsWith('.json')) {
      add(place)
      continue
    }
    const files = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) add(path)
  }
  return hash.digest('hex')
}
