import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '..')

test('links between documents lead somewhere, their headings included', () => {
  const dead: string[] = []
  for (const file of documents()) {
    for (const [, target = ''] of textOf(file).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [path = '', heading] = target.split('#')
      const to = path === '' ? file : join(dirname(file), path)
      const there = existsSync(to) && (heading === undefined || headingsOf(to).includes(heading))
      if (!there) dead.push(`${relative(ROOT, file)}: ${target}`)
    }
  }
  assert.deepEqual(dead, [])
})

test('every setting is documented, and every documented one exists', () => {
  const code = ['src/config.ts', 'src/redis-settings.ts']
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))
    .join('\n')
  const read = new Set(
    [...code.matchAll(/(?:read\.\w+\(|readAddresses\(read, faults, |env\[)\s*'([A-Z][A-Z0-9_]+)'/g)].map(
      ([, name]) => name,
    ),
  )
  const rows = readFileSync(join(ROOT, 'docs/operations/configuration.md'), 'utf8').split('\n')
  const told = new Set(
    rows
      .filter((row) => row.startsWith('| `'))
      .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([A-Z0-9_]+)`/g)].map(([, name]) => name)),
  )
  assert.ok(read.size > 25)
  assert.deepEqual(sorted(told), sorted(read))
})

test('decisions are numbered without a gap, in their names and in their titles', () => {
  const directory = join(ROOT, 'docs/decisions')
  for (const [index, name] of readdirSync(directory).toSorted().entries()) {
    const number = index + 1
    assert.equal(Number(name.slice(0, 4)), number, name)
    assert.ok(readFileSync(join(directory, name), 'utf8').startsWith(`# ${number}. `), name)
  }
})

const sorted = (names: Iterable<string | undefined>) => [...names].map(String).toSorted((a, b) => a.localeCompare(b))

function documents(): string[] {
  const top = readdirSync(ROOT).filter((name) => name.endsWith('.md'))
  const below = ['docs', 'bench', 'test', 'deploy'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  )
  return [...top, ...below].map((name) => join(ROOT, name))
}

/** What stands in code is no link. */
const textOf = (file: string) =>
  readFileSync(file, 'utf8')
    .replaceAll(/^```[^]*?^```/gm, '')
    .replaceAll(/`[^`\n]*`/g, '')

function headingsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, words = '']) =>
    words
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
