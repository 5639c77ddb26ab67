import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

/** Who may import whom, by layer. A layer may always import itself. Nothing else is allowed. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'src/base': [],
  'src/domain': ['src/base'],
  'src/persistence': ['src/base', 'src/domain'],
  'src/coordination': ['src/base', 'src/domain'],
  'src/platforms': ['src/base', 'src/domain'],
  'src/app': ['src/base', 'src/domain', 'src/persistence', 'src/coordination', 'src/platforms'],
  'src/http': ['src/base', 'src/domain', 'src/persistence', 'src/coordination', 'src/platforms', 'src/app'],
  src: ['src/base', 'src/domain', 'src/persistence', 'src/coordination', 'src/platforms', 'src/app', 'src/http'],
  web: ['src/domain'],
  simulator: [],
}

/** What only `compose.ts`, its parts and tests may touch: a port's implementations. */
const ADAPTER = /^src\/(platforms\/[^/]+\/|coordination\/[\w-]+\.(memory|redis)\.ts$)/

const COMPOSES = /^src\/compose(-[\w-]+)?\.ts$/

/** The domain is pure: what would let it see the outside is not for it. Pages run it too. */
const DOMAIN_PACKAGES = new Set<string>()

/** `main.ts` hands it to `config.ts`; PostgreSQL's programs get the little of it without which none starts. */
const READS_ENVIRONMENT = new Set(['src/main.ts', 'src/persistence/postgres-program.ts'])

interface Import {
  from: string
  to: string
  typeOnly: boolean
}

const files = ['src', 'web', 'simulator'].flatMap(sourcesIn)
const imports = files.flatMap(importsOf)
const local = imports.filter(({ to }) => to.startsWith('src/') || to.startsWith('web/') || to.startsWith('simulator/'))

test('layers import only what lies below them', () => {
  const wrong = local.filter(({ from, to }) => {
    const [own, other] = [layerOf(from), layerOf(to)]
    return own !== other && !MAY_IMPORT[own]?.includes(other)
  })
  assert.deepEqual(wrong.map(arrow), [])
})

test('adapters are chosen where the service is composed and nowhere else', () => {
  const wrong = local.filter(
    ({ from, to }) => ADAPTER.test(to) && !COMPOSES.test(from) && folderOfAdapter(from) !== folderOfAdapter(to),
  )
  assert.deepEqual(wrong.map(arrow), [])
})

test('the domain uses no package and no part of Node', () => {
  const wrong = imports.filter(
    ({ from, to }) => layerOf(from) === 'src/domain' && !to.startsWith('src/') && !DOMAIN_PACKAGES.has(to),
  )
  assert.deepEqual(wrong.map(arrow), [])
})

test('the environment is read in config.ts and handed over by main.ts alone', () => {
  const wrong = files.filter(
    (file) => file.startsWith('src/') && !READS_ENVIRONMENT.has(file) && readSource(file).includes('process.env'),
  )
  assert.deepEqual(wrong, [])
})

test('no file imports itself over others', () => {
  const graph = new Map<string, string[]>()
  for (const { from, to, typeOnly } of local) {
    // A type disappears before anything runs; only values can be undefined in a cycle.
    if (!typeOnly) graph.set(from, [...(graph.get(from) ?? []), to])
  }
  assert.deepEqual(cyclesIn(graph), [])
})

test('base stays small: at most 8 files', () => {
  assert.ok(files.filter((file) => file.startsWith('src/base/')).length <= 8)
})

test('there are no barrels', () => {
  const barrels = files.filter((file) => /^export \* from/m.test(readSource(file)))
  assert.deepEqual(barrels, [])
})

test('the table knows every folder it speaks of', () => {
  const layers = new Set(files.map(layerOf))
  for (const layer of Object.keys(MAY_IMPORT))
    assert.ok(layers.has(layer), `${layer} is empty: is the table still true?`)
})

test('the check itself sees a forbidden import', () => {
  const planted: Import[] = importsIn(
    'src/domain/planted.ts',
    `import { createAlerts } from '../persistence/alerts.ts'\nexport type { X } from '../app/overlays/show-alert.ts'\nconst y = await import('../http/server.ts')`,
  )
  assert.deepEqual(
    planted.map(({ to }) => to),
    ['src/persistence/alerts.ts', 'src/app/overlays/show-alert.ts', 'src/http/server.ts'],
  )
})

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('node_modules') && file !== 'web/vite.config.ts')
}

function readSource(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

function importsOf(file: string): Import[] {
  return importsIn(file, readSource(file))
}

function importsIn(file: string, source: string): Import[] {
  const found: Import[] = []
  const statements =
    /^\s*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm
  for (const [, type, target, dynamic] of source.matchAll(statements)) {
    const specifier = target ?? dynamic ?? ''
    const to = specifier.startsWith('.') ? relative(root, resolve(root, dirname(file), specifier)) : specifier
    found.push({ from: file, to, typeOnly: type !== undefined })
  }
  return found
}

function layerOf(file: string): string {
  const [top, second, ...rest] = file.split('/')
  return top === 'src' && rest.length > 0 ? `${top}/${second}` : (top ?? '')
}

function folderOfAdapter(file: string): string | undefined {
  return /^src\/(platforms\/[^/]+|coordination)\//.exec(file)?.[0]
}

function cyclesIn(graph: Map<string, string[]>): string[] {
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      return
    }
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return cycles
}

function arrow({ from, to }: Import): string {
  return `${from} → ${to}`
}
