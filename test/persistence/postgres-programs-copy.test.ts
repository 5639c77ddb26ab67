import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { directoryThatBlocks, reachablePrograms } from '../../src/persistence/postgres-programs-copy.ts'

const stranger = { name: 'stranger', uid: 65_000, gid: 65_000 }

test('the first directory that a user may not enter is named', async (t) => {
  const home = await openDirectory(t)
  const program = join(home, 'closed', 'bin', 'postgres')
  await mkdir(join(home, 'closed', 'bin'), { recursive: true })
  assert.equal(await directoryThatBlocks(program, stranger), null)
  await chmod(join(home, 'closed', 'bin'), 0o700)
  assert.equal(await directoryThatBlocks(program, stranger), join(home, 'closed', 'bin'))
  await chmod(join(home, 'closed'), 0o700)
  assert.equal(await directoryThatBlocks(program, stranger), join(home, 'closed'))

  const { uid, gid } = await stat(home)
  assert.equal(await directoryThatBlocks(program, { uid, gid }), null, 'its owner may')
  await chmod(join(home, 'closed'), 0o750)
  assert.equal(await directoryThatBlocks(program, { uid: 65_000, gid }), join(home, 'closed', 'bin'), 'its group may')
})

test('programs that can be reached are used where they are', async (t) => {
  const packaged = await openPackage(t, 0o755)
  const cache = join(await openDirectory(t), 'cache')
  assert.deepEqual(await reachablePrograms(packaged, stranger, cache), packaged)
  await assert.rejects(stat(cache))
})

test('programs in a closed directory are copied once by root, and refused with words to anybody else', async (t) => {
  const packaged = await openPackage(t, 0o700)
  const cache = join(await openDirectory(t), 'cache')
  const copying = () => reachablePrograms(packaged, stranger, cache)
  if (process.getuid?.() !== 0) {
    return assert.rejects(copying, {
      exitCode: 78,
      message: /may not enter .*closed.*\n.*does not belong to root alone/,
    })
  }

  const copies = await Promise.all([copying(), copying(), copying()])
  const copy = join(cache, 'postgresql-18.0.0-test')
  for (const programs of copies) assert.equal(programs.postgres, join(copy, 'bin', 'postgres'))
  assert.deepEqual(await readdir(cache), ['postgresql-18.0.0-test'], 'no half copies are left')
  assert.equal(await readFile(join(copy, 'bin', 'postgres'), 'utf8'), 'the program')
  assert.equal(await directoryThatBlocks(join(copy, 'bin', 'postgres'), stranger), null)
  assert.equal((await stat(join(copy, 'lib', 'libpq.so.5'))).mode & 0o777, 0o644)
  assert.deepEqual(await readdir(join(copy, 'lib')), ['libpq.so.5'], 'what only compilers need stays behind')

  await chmod(cache, 0o777)
  await assert.rejects(copying, { exitCode: 78, message: /cache does not belong to root alone/ })
})

async function openPackage(t: TestContext, mode: number) {
  const closed = join(await openDirectory(t), 'closed')
  const native = join(closed, 'native')
  for (const name of ['bin', 'lib', 'include']) await mkdir(join(native, name), { recursive: true })
  await writeFile(join(native, 'bin', 'postgres'), 'the program', { mode: 0o755 })
  for (const name of ['lib/libpq.so.5', 'lib/libpq.a', 'include/libpq.h'])
    await writeFile(join(native, name), '', { mode: 0o600 })
  await chmod(closed, mode)
  const program = (name: string) => join(native, 'bin', name)
  return {
    initdb: program('initdb'),
    postgres: program('postgres'),
    pg_ctl: program('pg_ctl'),
    version: '18.0.0-test',
  }
}

async function openDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'chatfolk-programs-'))
  await chmod(directory, 0o755)
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}
