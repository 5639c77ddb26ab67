import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check } from './check.ts'
import { flawless } from './flawless.ts'
import type { Recording } from './recording.ts'

/** The rules that a spoilt run breaks. */
function brokenBy(spoil: (recording: Recording) => void): string[] {
  const recording = flawless()
  spoil(recording)
  return check(recording)
    .filter(({ violations }) => violations.length > 0)
    .map(({ rule }) => rule)
}

/** The first of a list that is known to have one. */
const first = <T>([item]: readonly T[]): T => item ?? assert.fail('there is nothing to spoil')

test('a run in which all went well breaks no rule', () => {
  assert.deepEqual(
    check(flawless()).flatMap(({ rule, violations }) => violations.map((words) => `${rule}: ${words}`)),
    [],
  )
})

const SPOILT: Array<{ what: string; rule: string; spoil: (recording: Recording) => void }> = [
  {
    what: 'a donation that was not stored',
    rule: 'I1',
    spoil: ({ database }) => void database.donations.splice(1, 1),
  },
  {
    what: 'a donation that was stored twice',
    rule: 'I1',
    spoil: ({ database }) => void database.donations.push(first(database.donations)),
  },
  {
    what: 'a stored donation that nobody made',
    rule: 'I1',
    spoil: ({ database }) =>
      void database.donations.push({ ...first(database.donations), externalId: '7', history: true }),
  },
  {
    what: 'an alert that was drawn twice',
    rule: 'I2',
    spoil: ({ overlays }) => void first(overlays).log.push({ at: 1_050_000, event: 'drawn', alertId: 'alert-102' }),
  },
  {
    what: 'an alert that was drawn twice, by two pages of the channel',
    rule: 'I2',
    spoil({ overlays }) {
      const log = [{ at: 1_050_000, event: 'drawn', alertId: 'alert-102' }]
      overlays.push({ ...first(overlays), log })
    },
  },
  {
    what: 'an alert that an overlay was there for and never drew',
    rule: 'I2',
    spoil({ overlays }) {
      const overlay = first(overlays)
      overlay.log = overlay.log.filter(({ alertId }) => alertId !== 'alert-102')
    },
  },
  {
    what: 'an alert that overtook one that waited',
    rule: 'I3',
    spoil({ overlays, database }) {
      const drawn = first(overlays).log.find(({ event, alertId }) => event === 'drawn' && alertId === 'alert-102')
      if (drawn) drawn.at = 1_009_000
      const younger = database.alerts.find(({ id }) => id === 'alert-103')
      if (younger) younger.offeredAt = 1_003_100
    },
  },
  {
    what: 'an alert that still waits at the end',
    rule: 'I3',
    spoil: ({ database }) => void Object.assign(first(database.alerts), { state: 'queued' }),
  },
  {
    what: 'a second answer to a command',
    rule: 'I4',
    spoil: ({ simulator }) => void simulator.sent.push({ ...first(simulator.sent), at: 1_005_000 }),
  },
  {
    what: 'an answer to nothing',
    rule: 'I4',
    spoil: ({ simulator }) => void simulator.sent.push({ ...first(simulator.sent), replyTo: null }),
  },
  {
    what: 'an epoch that fell',
    rule: 'I5',
    spoil: ({ ownership }) => void ownership.push({ ...first(ownership), at: 1_040_000 }),
  },
  {
    what: 'an epoch with two owners',
    rule: 'I5',
    spoil: ({ ownership }) => void ownership.push({ ...first(ownership), at: 1_040_000, owner: '3', epoch: 2 }),
  },
  {
    what: 'a write of a former owner that was accepted',
    rule: 'I5',
    spoil: ({ staleWrites }) => void (staleWrites.accepted = 1),
  },
  {
    what: 'a bot that is not active at the end',
    rule: 'I6',
    spoil: ({ database }) => void Object.assign(first(database.bots), { state: 'backoff' }),
  },
  {
    what: 'a recovery that took too long',
    rule: 'I6',
    spoil: ({ faults }) => void Object.assign(first(first(faults).recoveries), { tookMs: [15_001] }),
  },
  {
    what: 'a recovery that never came',
    rule: 'I6',
    spoil: ({ faults }) => void Object.assign(first(first(faults).recoveries), { tookMs: [9_000, null] }),
  },
  {
    what: 'a recovery of nobody',
    rule: 'I6',
    spoil: ({ faults }) => void Object.assign(first(first(faults).recoveries), { tookMs: [] }),
  },
  {
    what: 'first answers that came late',
    rule: 'I6',
    spoil({ simulator }) {
      for (const sent of simulator.sent) sent.at += 3_000
    },
  },
  {
    what: 'one answer of many that came late',
    rule: 'I6',
    spoil: ({ simulator }) => void Object.assign(first(simulator.sent.slice(1)), { at: 1_009_000 }),
  },
  {
    what: 'a donation that was shown late',
    rule: 'I6',
    spoil: ({ overlays }) => void Object.assign(first(first(overlays).log), { at: 1_002_150 }),
  },
  {
    what: 'the sixty-first request of a minute',
    rule: 'I7',
    spoil: ({ simulator }) =>
      void simulator.requests.push({ ...first(simulator.requests), endpoint: 'da.rest', at: 1_059_999 }),
  },
  {
    what: 'a refusal that nobody ordered',
    rule: 'I7',
    spoil: ({ simulator }) => void Object.assign(first(simulator.requests), { status: 429 }),
  },
  {
    what: 'a callback that two nodes accepted',
    rule: 'I8',
    spoil: ({ signInRaces }) => void Object.assign(first(signInRaces), { accepted: 2 }),
  },
  {
    what: 'a callback that was accepted again',
    rule: 'I8',
    spoil: ({ signInRaces }) => void Object.assign(first(signInRaces), { replayed: true }),
  },
  {
    what: 'two refreshes of one token at once',
    rule: 'I9',
    spoil: ({ simulator }) => void Object.assign(first(simulator.requests), { doneAt: 1_000_150 }),
  },
  {
    what: 'words of another channel on an overlay',
    rule: 'I10',
    spoil: ({ overlays }) => void first(overlays).foreign.push('s2: hello'),
  },
  {
    what: 'memory that stays away',
    rule: 'I11',
    spoil: ({ scrapes }) =>
      void Object.assign(scrapes.at(-1)?.series ?? {}, { process_resident_memory_bytes: 300 * 2 ** 20 }),
  },
  {
    what: 'timers that stay',
    rule: 'I11',
    spoil: ({ scrapes }) =>
      void Object.assign(scrapes.at(-1)?.series ?? {}, { 'nodejs_active_resources{type="Timeout"}': 200 }),
  },
  {
    what: 'connections that stay',
    rule: 'I11',
    spoil: ({ scrapes }) =>
      void Object.assign(scrapes.at(-1)?.series ?? {}, { 'nodejs_active_resources{type="TCPSocketWrap"}': 400 }),
  },
  {
    what: 'a metric that counts what did not happen',
    rule: 'I12',
    spoil: ({ scrapes }) =>
      void Object.assign(scrapes.at(-1)?.series ?? {}, { 'chatfolk_donations_total{source="push",result="new"}': 9 }),
  },
  {
    what: 'a metric that forgot what a living node did',
    rule: 'I12',
    spoil: ({ scrapes }) =>
      void Object.assign(scrapes.at(-1)?.series ?? {}, { 'chatfolk_chat_replies_total{result="sent"}': 1 }),
  },
  {
    what: 'a command that nobody answered',
    rule: 'answers',
    spoil({ commands, simulator }) {
      commands.push({ id: 'new', mark: 's1', at: 1_015_000 })
      simulator.messages.push({ id: 'new', channel: 's1', at: 1_015_000, fates: [] })
    },
  },
  {
    what: 'a fault that did not happen',
    rule: 'faults',
    spoil: ({ faults }) => void Object.assign(first(first(faults).proofs), { holds: false }),
  },
  {
    what: 'a fault that nobody saw',
    rule: 'faults',
    spoil: ({ faults }) => void (first(faults).proofs = []),
  },
  {
    what: 'a run without faults',
    rule: 'faults',
    spoil: ({ faults }) => void faults.splice(0),
  },
  {
    what: 'fewer events than were to flow',
    rule: 'flow',
    spoil: ({ expected }) => void (expected.messages = 7),
  },
  {
    what: 'fewer restarts than there were to be',
    rule: 'flow',
    spoil: ({ expected }) => void (expected.restarts = 2),
  },
  {
    what: 'fewer refreshes than there were to be',
    rule: 'flow',
    spoil: ({ expected }) => void (expected.refreshes = 3),
  },
  {
    what: 'a node that ended by itself',
    rule: 'nodes',
    spoil: ({ lives }) => void Object.assign(lives.at(-1) ?? {}, { end: 'unasked', exitCode: 1 }),
  },
]

for (const { what, rule, spoil } of SPOILT) {
  test(`${rule} is broken by ${what}`, () => {
    const broken = brokenBy(spoil)
    assert.ok(broken.includes(rule), `it broke ${broken.join(', ') || 'nothing'}`)
  })
}

test('what a crash leaves unknown is held against nobody', () => {
  const broken = brokenBy(({ overlays }) => {
    const overlay = first(overlays)
    overlay.crashed = true
    // It was offered the last one, and nobody knows whether its start was heard.
    overlay.log = overlay.log.filter(({ event, alertId }) => alertId !== 'alert-103' || event === 'offered')
  })
  assert.deepEqual(broken, [])
})

test('what a killed process had counted since it was last looked at is missed by nobody, and no more than that', () => {
  assert.deepEqual(
    brokenBy(({ scrapes }) => Object.assign(scrapes[1] ?? {}, { at: 1_001_500 })),
    [],
  )
  const forgets = brokenBy(({ scrapes }) =>
    Object.assign(scrapes[1]?.series ?? {}, { 'chatfolk_donations_total{source="push",result="new"}': 0 }),
  )
  assert.deepEqual(forgets, ['I12'])
})
