import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHeldShards } from '../../../src/platforms/twitch/held-shards.ts'
import type { Link } from '../../../src/platforms/twitch/link.ts'
import { createManualClock } from '../../support/manual-clock.ts'

function openHeld() {
  const clock = createManualClock()
  const opened: Array<{ name: number; ids: Set<string>; closed: boolean }> = []
  const held = createHeldShards({
    connections: 2,
    open(shards): Link {
      const one = { name: opened.length, ids: new Set(shards), closed: false }
      opened.push(one)
      const { promise: ended, resolve } = Promise.withResolvers<void>()
      return {
        shards: () => [...one.ids].map((id) => ({ id, state: 'enabled', since: 0 })),
        isLive: () => !one.closed,
        sessionId: () => `session-${one.name}`,
        give: (ids) => ids.forEach((id) => one.ids.add(id)),
        take: (ids) => ids.forEach((id) => one.ids.delete(id)),
        repair: () => {},
        replace: () => {},
        close() {
          one.closed = true
          resolve()
        },
        ended,
      }
    },
    clock,
    signal: new AbortController().signal,
    onChange: () => {},
  })
  return { clock, held, opened }
}

test('a shard that is given back soon comes to the connection that it left', async () => {
  const { clock, held, opened } = openHeld()
  held.hold(['0'])
  held.hold([])
  await clock.advance(1_000)
  held.hold(['0'])
  assert.deepEqual([opened.length, opened[0]?.closed], [1, false])
})

test('what was dropped is ended at once, and a new life begins on a new connection', async () => {
  const { clock, held, opened } = openHeld()
  held.hold(['0'])
  held.drop()
  assert.deepEqual([opened[0]?.closed, held.shards()], [true, []])
  held.hold(['0'])
  await clock.advance(0)
  assert.deepEqual([opened.length, opened[1]?.closed], [2, false])
  assert.deepEqual(
    held.shards().map(({ id }) => id),
    ['0'],
  )
})
