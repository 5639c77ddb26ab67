/**
 * Kills nodes with an embedded database at random moments, in every way a machine knows, and starts the next on what is
 * left: it must be there within 5 s, with all that was ever said to be stored.
 * By hand: FAULT_ROUNDS=30 FAULT_SEED=… node --test test/faults/embedded-postgres-kills.test.ts
 */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { systemClock } from '../../src/base/clock.ts'
import { emptyDirectory, processesIn, readServerNote } from '../../src/persistence/postgres-processes.ts'
import { eventually, startDoomedNode } from '../support/doomed-node.ts'

const ROUNDS = Number(process.env['FAULT_ROUNDS'] ?? 6)
const SEED = Number(process.env['FAULT_SEED'] ?? Date.now() % 2 ** 31)
const READY_WITHIN_MS = 5_000

const FAULTS = [
  'the node',
  'the node while it starts',
  'the node and its server',
  'the server, then the node',
  'the node, then its server',
  'the node, and its server hangs',
] as const

test(`nothing is lost in ${ROUNDS} rounds of kills (seed ${SEED})`, async (t) => {
  const random = seeded(SEED)
  const dataDir = await mkdtemp(join(tmpdir(), 'chatfolk-faults-'))
  const directory = join(dataDir, 'postgres')
  t.after(() =>
    t.after(async () => {
      await emptyDirectory(directory, systemClock)
      await rm(dataDir, { recursive: true })
    }),
  )
  const everStored: number[] = []
  const readyAfterMs: number[] = []
  let adoptions = 0

  for (let round = 0; round <= ROUNDS; round++) {
    const node = startDoomedNode(t, dataDir)
    const fault = FAULTS[round % FAULTS.length] ?? FAULTS[0]
    const isFirst = round === 0
    if (!isFirst && fault === 'the node while it starts') {
      await delay(random() * 400)
      await node.kill()
      everStored.push(...node.stored)
      t.diagnostic(`round ${round}: ${fault}`)
      continue
    }
    await eventually(() => assert.ok(node.ready(), 'the node is not ready'))
    const ready = node.ready()
    assert.ok(ready)
    // The very first makes the database.
    if (!isFirst) {
      readyAfterMs.push(ready.afterMs)
      if (ready.adopted) adoptions++
      assert.ok(ready.afterMs < READY_WITHIN_MS, `round ${round}: ready after ${ready.afterMs} ms`)
      assert.deepEqual(await missingOf(everStored), [], `round ${round}: lost`)
    }
    await node.hasStored(1)
    await delay(random() * 1_000)

    const servers = await processesIn(directory)
    const postmaster = (await readServerNote(directory))?.pid ?? 0
    assert.ok(servers.includes(postmaster))
    if (fault === 'the node and its server') for (const pid of servers) signal(pid, 'SIGKILL')
    if (fault === 'the server, then the node') {
      signal(postmaster, 'SIGKILL')
      // Sometimes it is back before the node goes.
      await delay(random() * 500)
    }
    await node.kill()
    everStored.push(...node.stored)
    if (fault === 'the node, then its server') for (const pid of await processesIn(directory)) signal(pid, 'SIGKILL')
    if (fault === 'the node, and its server hangs') for (const pid of servers) signal(pid, 'SIGSTOP')
    t.diagnostic(
      `round ${round}: ${fault}; ready ${Math.round(ready.afterMs)} ms${ready.adopted ? ' (adopted)' : ''}, stored ${node.stored.length}`,
    )
  }

  readyAfterMs.sort((a, b) => a - b)
  const at = (share: number) => Math.round(readyAfterMs[Math.ceil(share * readyAfterMs.length) - 1] ?? 0)
  t.diagnostic(
    `${readyAfterMs.length} starts on what was left, ${adoptions} adopted; ready after ${at(0.5)} ms (median), ${at(0.95)} ms (p95), ${at(1)} ms (worst); ${everStored.length} rows said to be stored, 0 lost`,
  )

  async function missingOf(numbers: number[]): Promise<number[]> {
    const note = await readServerNote(directory)
    const password = (await readFile(join(dataDir, 'postgres-password'), 'utf8')).trim()
    const client = new Client({
      host: note?.hasSocket ? directory : '127.0.0.1',
      port: note?.port ?? 0,
      user: 'chatfolk',
      password,
      database: 'chatfolk',
    })
    await client.connect()
    try {
      const { rows } = await client.query<{ number: string }>('select number from numbers')
      const there = new Set(rows.map(({ number }) => Number(number)))
      return numbers.filter((number) => !there.has(number))
    } finally {
      await client.end()
    }
  }
})

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It ended by itself, as children of a dead server do.
  }
}

/** Mulberry32: the same moments for the same seed. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
