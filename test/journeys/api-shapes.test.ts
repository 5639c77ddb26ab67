import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_SETTINGS, type ChannelSettings } from '../../src/domain/settings.ts'
import { startNode } from '../support/node.ts'
import { openOverlay } from '../support/overlay-client.ts'
import { createControl } from '../support/simulator-control.ts'
import { joinAsStreamer } from '../support/streamer.ts'
import { eventually } from '../support/eventually.ts'

type Answer = Record<string, unknown>

/** The names of what an answer holds, in the order of the alphabet. */
const names = (answer: unknown) => Object.keys(answer as Answer).sort()

test('what the service tells of itself has the fields it promises, before and after a donation', async (t) => {
  const node = await startNode(t)
  const { baseUrl, simulator } = node
  const get = async <Body>(path: string) => (await (await fetch(`${baseUrl}${path}`)).json()) as Body
  const streamer = await joinAsStreamer({ baseUrl, simulatorUrl: simulator.url, login: 'shapes' })
  const overlay = openOverlay({ overlayUrl: streamer.overlayUrl })
  t.after(() => overlay.close())
  const channel = () =>
    streamer.get<{ donations: Answer; overlays: Answer[]; alerts: Answer; settings: ChannelSettings }>('/api/channel')
  await eventually('the stream is live', async () => (await channel()).donations['state'] === 'live')
  await eventually('the overlay is here', () => overlay.role() === 'primary')
  assert.equal((await channel()).donations['lastDonationAt'], null)

  await createControl(simulator.url).donate({ daId: streamer.daId, amount: 5, currency: 'RUB', message: 'x' })
  await eventually('it was shown', () => overlay.log.some((entry) => entry.event === 'done'))
  const mine = await channel()
  assert.equal(
    names(mine).join(),
    'alerts,bot,demo,donations,id,login,overlayLastSeenAt,overlayUrl,overlays,settings,settingsRev',
  )
  assert.deepEqual(mine.settings, { ...DEFAULT_SETTINGS, locale: mine.settings.locale })
  assert.ok(Date.parse(String(mine.donations['lastDonationAt'])) > 0)
  for (const field of ['visible', 'fps', 'tier', 'since']) assert.ok(field in (mine.overlays[0] ?? {}), field)

  assert.equal(
    names((mine as unknown as { bot: Answer }).bot).join(),
    'desired,lastError,owner,permission,replies,retryAt,since,speaker,state,streamLive,viewers',
  )

  const ledger = await streamer.get<{ items: Answer[]; next: null; totals: Answer[] }>('/api/channel/donations')
  const [entry] = ledger.items
  assert.deepEqual(
    [entry?.['state'], typeof entry?.['shown'], typeof entry?.['seed'], entry?.['amount']],
    ['shown', 'string', 'number', '5.00'],
  )
  assert.deepEqual(ledger.totals, [{ currency: 'RUB', amount: '5.00', count: 1 }])

  const [stream] = await get<Answer[]>('/api/admin/donations')
  const { channelId, source, state, owner, errors } = stream ?? {}
  assert.deepEqual(
    { channelId, source, state, owner, errors },
    {
      channelId: streamer.channelId,
      source: 'donationalerts',
      state: 'live',
      owner: 'test-node',
      errors: { rate_limit: 0, server: 0, network: 0, auth: 0, invalid: 0 },
    },
  )
  for (const field of ['failures', 'backoffUntil', 'lastResponseMs', 'lastPushAt', 'lastSweepAt'])
    assert.ok(field in (stream ?? {}), field)

  // A node tells of itself every three seconds.
  const nodes = () => get<Answer[]>('/api/admin/nodes')
  await eventually('the overlay is counted', async () => (await nodes())[0]?.['overlays'] === 1)
  const [here] = await nodes()
  for (const field of ['bots', 'fenced', 'id', 'lastSeenAt', 'overlays', 'roles', 'startedAt'])
    assert.ok(field in (here ?? {}), field)
  assert.deepEqual([here?.['id'], here?.['overlays'], here?.['fenced']], ['test-node', 1, false])

  const metrics = await (await fetch(`${baseUrl}/metrics`)).text()
  for (const line of [
    'chatfolk_database_up 1',
    'chatfolk_bots{state="active"} 0',
    'chatfolk_bot_restarts_total{reason="home-lost"} 0',
    'chatfolk_overlay_connections{role="primary"} 1',
    'chatfolk_overlay_connections{role="mirror"} 0',
    'chatfolk_alerts{state="queued"} 0',
    'chatfolk_donation_streams{state="live"} 1',
    'chatfolk_donation_streams{state="backoff"} 0',
    'chatfolk_donation_backoff_streamers 0',
    'chatfolk_donations_total{source="push",result="new"} 1',
    'chatfolk_donations_total{source="recovery",result="parked"} 0',
  ])
    assert.ok(metrics.includes(`${line}\n`), line)

  const described = await get<{ openapi: string; paths: Record<string, Record<string, { responses?: Answer }>> }>(
    '/api/openapi.json',
  )
  assert.match(described.openapi, /^3\.1/)
  for (const path of [
    '/api/me',
    '/api/me/look',
    '/api/admin/bots',
    '/api/channel',
    '/api/channel/donations',
    '/api/admin/donations',
    '/api/admin/nodes',
  ])
    assert.ok(JSON.stringify(described.paths[path]?.['get']?.responses).includes('"properties"'), path)
})
