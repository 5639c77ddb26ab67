import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCountForMetrics } from '../../src/app/count-for-metrics.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { startNode } from '../support/node.ts'

/** The names and labels that operators may build on: what their dashboards and rules ask for never changes. */
const CONTRACT: Record<string, { type: 'counter' | 'gauge' | 'histogram'; labels?: string[] }> = {
  chatfolk_bots: { type: 'gauge', labels: ['state'] },
  chatfolk_bot_restarts_total: { type: 'counter', labels: ['reason'] },
  chatfolk_bot_takeover_seconds: { type: 'histogram' },
  chatfolk_nodes: { type: 'gauge', labels: ['state'] },
  chatfolk_chat_messages_total: { type: 'counter', labels: ['result'] },
  chatfolk_chat_replies_total: { type: 'counter', labels: ['result'] },
  chatfolk_chat_to_overlay_seconds: { type: 'histogram' },
  chatfolk_donations_total: { type: 'counter', labels: ['source', 'result'] },
  chatfolk_donation_to_overlay_seconds: { type: 'histogram' },
  chatfolk_donation_streams: { type: 'gauge', labels: ['state'] },
  chatfolk_donation_backoff_streamers: { type: 'gauge' },
  chatfolk_platform_requests_total: { type: 'counter', labels: ['platform', 'endpoint', 'status'] },
  chatfolk_platform_request_seconds: { type: 'histogram', labels: ['platform', 'endpoint'] },
  chatfolk_platform_errors_total: { type: 'counter', labels: ['platform', 'type'] },
  chatfolk_platform_budget_wait_seconds: { type: 'histogram', labels: ['platform', 'priority'] },
  chatfolk_alerts: { type: 'gauge', labels: ['state'] },
  chatfolk_overlay_connections: { type: 'gauge', labels: ['role'] },
  chatfolk_overlay_frames_total: { type: 'counter', labels: ['type'] },
  chatfolk_overlay_dropped_total: { type: 'counter', labels: ['reason'] },
  chatfolk_redis_up: { type: 'gauge' },
  chatfolk_database_up: { type: 'gauge' },
  chatfolk_event_loop_delay_seconds: { type: 'gauge', labels: ['quantile'] },
}

/** Some of the process's own, which every dashboard has. */
const OF_THE_PROCESS = ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_heap_size_used_bytes']

/** Prometheus' own additions to a histogram. */
const OWN_LABELS = new Set(['le'])

test('a node tells every promised metric under its name, with its labels and no others', async (t) => {
  const { baseUrl } = await startNode(t)
  // The second scrape has counted what the first one asked for.
  await fetch(`${baseUrl}/metrics`)
  const text = await (await fetch(`${baseUrl}/metrics`)).text()
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => [name, type]))
  for (const [name, { type, labels = [] }] of Object.entries(CONTRACT)) {
    assert.equal(types.get(name), type, name)
    const declared = (createMetrics().registry.getSingleMetric(name) as unknown as { labelNames: string[] }).labelNames
    assert.deepEqual([...declared].sort(order), [...labels].sort(order), name)
  }
  for (const name of OF_THE_PROCESS) assert.ok(types.has(name), name)

  for (const [, name = '', list = ''] of text.matchAll(/^(chatfolk_\w+)\{([^}]*)\} /gm)) {
    const family = CONTRACT[name.replace(/_(bucket|sum|count)$/, '')] ?? CONTRACT[name]
    for (const [, label = '', value = ''] of list.matchAll(/(\w+)="([^"]*)"/g)) {
      if (OWN_LABELS.has(label)) continue
      if (family) assert.ok(family.labels?.includes(label), `${name} has a label ${label}`)
      // One of our own words, a status or a number: never a name, an id or a sentence.
      assert.match(value, /^[a-z0-9][a-z0-9._-]{0,40}$/i, `${name}{${label}}`)
    }
  }
})

const order = (a: string, b: string) => a.localeCompare(b)

test('an alert that nobody draws is timed from when it is first seen, and forgotten as soon as it moves', async () => {
  const clock = createManualClock()
  const metrics = createMetrics()
  let stuck = ['a']
  const count = createCountForMetrics({
    views: {
      waiting: async () => ({ queued: 0, inFlight: 0, parked: 3 }),
      unowned: async () => [{ kind: 'bot', count: 7 }],
      stuck: async (ids) => ids.filter((id) => stuck.includes(id)),
    },
    showing: () => ['a', 'b'],
    clock,
    metrics,
  })
  const told = async (name: string) => (await metrics.registry.getSingleMetricAsString(name)).split('\n').slice(2)
  await count()
  await clock.advance(40_000)
  stuck = ['a', 'b']
  await count()
  assert.deepEqual(await told('chatfolk_alerts_stuck_seconds'), ['chatfolk_alerts_stuck_seconds 40'])
  stuck = ['b']
  await clock.advance(5_000)
  await count()
  assert.deepEqual(await told('chatfolk_alerts_stuck_seconds'), ['chatfolk_alerts_stuck_seconds 5'])
  stuck = []
  await count()
  assert.deepEqual(await told('chatfolk_alerts_stuck_seconds'), ['chatfolk_alerts_stuck_seconds 0'])
  assert.deepEqual(await told('chatfolk_parked_payloads'), ['chatfolk_parked_payloads 3'])
  assert.deepEqual((await told('chatfolk_assignments_unowned')).sort(order), [
    'chatfolk_assignments_unowned{kind="bot"} 7',
    'chatfolk_assignments_unowned{kind="donations-standby"} 0',
    'chatfolk_assignments_unowned{kind="donations"} 0',
    'chatfolk_assignments_unowned{kind="shard"} 0',
  ])
})
