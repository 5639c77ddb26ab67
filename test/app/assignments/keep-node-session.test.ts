import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeLife } from '../../../src/app/assignments/keep-node-session.ts'
import { AppError } from '../../../src/base/errors.ts'
import { createMetrics } from '../../../src/base/metrics.ts'
import type { LivingNode, Renewed } from '../../../src/persistence/nodes.ts'
import { recordingLogger } from '../../support/logger.ts'
import { createManualClock } from '../../support/manual-clock.ts'

test('a session is renewed every 3 s, and valid for 8.5 s from when the last renewal was sent', async (t) => {
  const { life, clock, state } = open(t)
  assert.equal(life.mayAct(), false)
  await life.start()
  assert.equal(life.session(), 1)
  await clock.advance(9_000)
  assert.equal(state.renewals, 4)
  state.reachable = false
  await clock.advance(8_400)
  assert.equal(life.mayAct(), true)
  await clock.advance(200)
  assert.equal(life.mayAct(), false)
  assert.equal(life.session(), 1, 'it may still be ours')
  state.reachable = true
  await clock.advance(1_000)
  assert.equal(life.mayAct(), true)
  assert.equal(state.lost, 0)
})

test('an answer that comes late makes the session no longer valid than its question', async (t) => {
  const { life, clock, state } = open(t)
  await life.start()
  state.answerAfterMs = 1_900
  await clock.advance(3_000 + 1_900)
  state.reachable = false
  await clock.advance(8_500 - 1_900 - 10)
  assert.equal(life.mayAct(), true)
  await clock.advance(20)
  assert.equal(life.mayAct(), false)
})

test('whoever is silent for 12 s is fenced, at once, and only by one that renewed for as long without a gap', async (t) => {
  const { life, clock, state } = open(t)
  state.others.push({ ...OTHER, silentForMs: 20_000 })
  await life.start()
  await clock.advance(11_900)
  assert.deepEqual(state.fenced, [])
  await clock.advance(200)
  assert.deepEqual(state.fenced, [7])

  // The database was away: everybody was silent, and nobody is to be ended for it.
  state.fenced = []
  state.others.push({ ...OTHER, session: 8 })
  state.reachable = false
  await clock.advance(20_000)
  const other = state.others.find(({ session }) => session === 8) as LivingNode
  other.silentForMs = 20_000
  state.reachable = true
  await clock.advance(11_000)
  assert.deepEqual(state.fenced, [])
  Object.assign(other, { renewedAt: 2, silentForMs: 100 })
  await clock.advance(60_000)
  assert.deepEqual(state.fenced, [])
})

test('a database clock that is set forward ends nobody who goes on renewing', async (t) => {
  const { life, clock, state } = open(t)
  const other = { ...OTHER }
  state.others.push(other)
  await life.start()
  for (let second = 0; second < 60; second++) {
    if (second % 3 === 0) other.renewedAt++
    other.silentForMs = second > 20 ? 3_600_000 : 1_000
    await clock.advance(1_000)
  }
  assert.deepEqual(state.fenced, [])
})

test('one that was fenced lets go of everything and begins a new life', async (t) => {
  const { life, clock, state } = open(t)
  await life.start()
  state.over = 'fenced'
  await clock.advance(3_100)
  assert.equal(state.lost, 1)
  assert.equal(life.session(), 2)
  assert.equal(life.mayAct(), true)
  assert.deepEqual(state.replaces, [true, false])
})

test('where another process lives under the same name, it says so loudly and does nothing until that one is gone', async (t) => {
  const { life, clock, state, logs } = open(t)
  await life.start()
  state.over = 'replaced'
  state.heldBy = 9
  await clock.advance(15_000)
  assert.equal(life.session(), null)
  assert.equal(life.mayAct(), false)
  const errors = logs.filter(({ level }) => level === 'error' || level === 50).map(({ msg }) => msg)
  assert.deepEqual(errors, [
    'another process began to live under the same NODE_ID: this node lets go of everything',
    'another process lives under the same NODE_ID: this node does nothing until that one is gone',
  ])
  state.heldBy = null
  await clock.advance(3_100)
  assert.equal(life.session(), 2)
})

test('a database that is not there at the start is waited for', async (t) => {
  const { life, clock, state } = open(t)
  state.reachable = false
  await life.start()
  assert.equal(life.session(), null)
  state.reachable = true
  await clock.advance(2_000)
  assert.equal(life.session(), 1)
})

const OTHER: LivingNode = {
  session: 7,
  nodeId: 'b',
  roles: ['bots'],
  draining: false,
  reach: 'up',
  silentForMs: 100,
  renewedAt: 1,
}

function open(t: { after(run: () => unknown): void }) {
  const clock = createManualClock()
  const { logger, logs } = recordingLogger()
  const state = {
    reachable: true,
    answerAfterMs: 0,
    renewals: 0,
    over: null as null | 'fenced' | 'replaced',
    heldBy: null as null | number,
    others: [] as LivingNode[],
    fenced: [] as number[],
    replaces: [] as boolean[],
    lost: 0,
    sessions: 0,
  }
  const answer = async <T>(value: () => T): Promise<T> => {
    if (!state.reachable) throw new AppError('unavailable')
    const answered = value()
    if (state.answerAfterMs > 0) await clock.sleep(state.answerAfterMs)
    return answered
  }
  const life = createNodeLife({
    nodes: {
      begin: ({ replace }) =>
        answer(() => {
          if (state.heldBy !== null) return { heldBy: { session: state.heldBy, silentForMs: 100 } }
          state.replaces.push(replace)
          state.over = null
          return { session: ++state.sessions }
        }),
      renew: (session) =>
        answer((): Renewed => {
          if (state.over) return { alive: false, why: state.over }
          state.renewals++
          const me: LivingNode = { ...OTHER, session, nodeId: 'a', silentForMs: 0, renewedAt: state.renewals }
          return { alive: true, nodes: [me, ...state.others.map((other) => ({ ...other }))], nobodys: {}, mine: {} }
        }),
      fence: (_, sessions) =>
        answer(() => {
          state.fenced.push(...sessions)
          state.others = state.others.filter(({ session }) => !sessions.includes(session))
          return sessions.map((session) => ({ session, nodeId: 'b', silentForMs: 12_000 }))
        }),
      drain: () => answer(() => undefined),
      end: () => answer(() => undefined),
    },
    nodeId: 'a',
    process: 'p',
    roles: new Set(['bots'] as const),
    version: '1',
    alone: false,
    figures: () => ({}),
    onBegun: () => {},
    onPulse: () => {},
    onLost: () => state.lost++,
    onNodesChanged: () => {},
    clock,
    random: () => 0.5,
    logger,
    metrics: createMetrics(),
  })
  t.after(() => life.end().catch(() => undefined))
  return { life, clock, state, logs }
}
