import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeepStages } from '../../../src/app/overlays/keep-stages.ts'
import { createMemoryKeys } from '../../../src/coordination/shared-keys.memory.ts'
import { createManualClock } from '../../support/manual-clock.ts'

test('a stop while a picture is written leaves no timer behind', async () => {
  const clock = createManualClock()
  const { promise: written, resolve } = Promise.withResolvers<void>()
  const kept = createKeepStages({
    stages: {
      takeChanged: () => [
        {
          channelId: 'c',
          stage: {
            rules: { inactivityMs: 1, crowdLimit: 1 },
            stage: { v: 1, awake: [], tired: [], leaving: [], stayingAway: [] },
          },
        },
      ],
    },
    position: () => ({ epoch: 1, seq: 0 }),
    owns: () => true,
    keys: { ...createMemoryKeys({ clock }), set: () => written },
    session: { mayAct: () => true },
    clock,
    onUnavailable: (error) => assert.fail(error as Error),
  })
  kept.start()
  await clock.advance(5_000)
  kept.stop()
  resolve()
  await clock.advance(0)
  assert.equal(clock.pendingTimers(), 0)
})
