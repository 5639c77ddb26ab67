import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { openOverlay } from '../support/overlay-client.ts'
import { createControl } from '../support/simulator-control.ts'
import type { Streamer } from '../support/streamer.ts'
import { shareNode } from '../support/shared-node.ts'
import { eventually } from '../support/eventually.ts'

interface Stream {
  channelId: string
  state: string
  failures: number
  errors: Record<string, number>
  backoffUntil: string | null
  lastResponseMs: number | null
}

const NOT_YET: Stream = {
  channelId: '',
  state: 'off',
  failures: 0,
  errors: {},
  backoffUntil: null,
  lastResponseMs: null,
}

/** One node for all; each test has a streamer of its own and clears its faults. */
describe('when a platform misbehaves', () => {
  const shared = shareNode()
  let control: ReturnType<typeof createControl>

  before(() => {
    control = createControl(shared.node.simulator.url)
  })

  const newStreamer = async () => {
    const streamer = await shared.newStreamer({ withDonations: true })
    await eventually('the stream is live', async () => (await stream(streamer)).state === 'live')
    return streamer
  }
  const stream = async ({ channelId }: Streamer): Promise<Stream> => {
    const all = (await (await fetch(`${shared.node.baseUrl}/api/admin/donations`)).json()) as Stream[]
    // A connection that was just made is listed a moment after its person is back.
    return all.find((entry) => entry.channelId === channelId) ?? NOT_YET
  }
  const stored = async (streamer: Streamer) =>
    (
      await streamer.get<{ items: Array<{ amount: string; donor: string | null; message: string }> }>(
        '/api/channel/donations',
      )
    ).items

  test('a payload that does not fit is parked for the operator, and what follows it is shown', async (t) => {
    const streamer = await newStreamer()
    const overlay = openOverlay({ overlayUrl: streamer.overlayUrl })
    t.after(() => overlay.close())
    await control.donate({ daId: streamer.daId, amount: 1, currency: 'RUB', raw: { amount: { rubles: 5 } } })
    await control.donate({ daId: streamer.daId, amount: 2, currency: 'RUB', raw: { id: null } })
    await control.donate({
      daId: streamer.daId,
      amount: 3,
      currency: 'RUB',
      username: null,
      message: 'after the broken ones\r\n',
    })
    await eventually('the good one was shown', () => overlay.drawn().some((entry) => entry.amount === '3.00'))
    const parked = (await (await fetch(`${shared.node.baseUrl}/api/admin/parked`)).json()) as Array<{
      id: string
      channelId: string
      payload: string
      reason: string
    }>
    const mine = parked.filter((entry) => entry.channelId === streamer.channelId)
    assert.equal(mine.length, 2)
    assert.ok(
      mine.some((entry) => entry.payload.includes('rubles') && /amount/.test(entry.reason)),
      JSON.stringify(mine),
    )
    const resolve = await fetch(`${shared.node.baseUrl}/api/admin/parked/${mine[0]?.id}`, { method: 'DELETE' })
    assert.equal(resolve.status, 204)
    assert.deepEqual(
      (await stored(streamer)).map(({ donor, message }) => ({ donor, message })),
      [{ donor: null, message: 'after the broken ones' }],
    )
    const metrics = await (await fetch(`${shared.node.baseUrl}/metrics`)).text()
    assert.match(metrics, /chatfolk_donations_total\{source="push",result="parked"\} 2/)
  })

  for (const [kind, type] of [
    ['500', 'server'],
    ['html', 'invalid'],
    ['reset', 'network'],
    ['empty', 'invalid'],
  ] as const) {
    test(`answers of the kind «${kind}» are counted as ${type}, backed off from, and over when they are over`, async () => {
      const streamer = await newStreamer()
      await control.fault({ target: 'da.subscribe', kind, times: 2 })
      await control.closeSockets({ daId: streamer.daId, code: 3001 })
      await eventually('the failure was counted', async () => ((await stream(streamer)).errors[type] ?? 0) >= 1, 20_000)
      await eventually('the streamer is in backoff', async () => {
        const { state, backoffUntil } = await stream(streamer)
        return (state === 'backoff' && backoffUntil !== null) || state === 'live'
      })
      await control.donate({ daId: streamer.daId, amount: 7, currency: 'USD' })
      await eventually('the stream is live again', async () => (await stream(streamer)).state === 'live', 20_000)
      await eventually('nothing was lost', async () => (await stored(streamer)).length === 1)
      assert.equal((await stream(streamer)).failures, 0)
      await control.clearFaults()
    })
  }

  test('a donation on a half-open socket is found by the auditor long before the silence is', async (t) => {
    const streamer = await newStreamer()
    const overlay = openOverlay({ overlayUrl: streamer.overlayUrl })
    t.after(() => overlay.close())
    await eventually('the streamer is live', () => overlay.role() === 'primary')
    await control.halfOpen({ daId: streamer.daId })
    await control.donate({ daId: streamer.daId, amount: 5, currency: 'RUB' })
    // Silence makes a dead socket after 35 s.
    await eventually('it was shown', () => overlay.drawn().length === 1, 15_000)
  })

  test('a refused refresh means «connect again»; connecting again brings what was missed; a time-out never does', async () => {
    const streamer = await newStreamer()
    await control.kill({ platform: 'da', userId: streamer.daId, kill: 'access' })
    // The first lost answer is asked for once more at once; the second is a failure.
    await control.fault({ target: 'da.token', kind: 'reset', times: 3 })
    await control.closeSockets({ daId: streamer.daId, code: 3001 })
    await eventually(
      'the network error was counted',
      async () => ((await stream(streamer)).errors['network'] ?? 0) >= 1,
      20_000,
    )
    await eventually('it came back by itself', async () => (await stream(streamer)).state === 'live', 20_000)
    await control.clearFaults()

    await control.kill({ platform: 'da', userId: streamer.daId, kill: 'both' })
    await control.closeSockets({ daId: streamer.daId, code: 3001 })
    await eventually(
      'the streamer is told',
      async () => {
        const { donations } = await streamer.get<{ donations: { state: string } }>('/api/channel')
        return donations.state === 'needs_reauth'
      },
      20_000,
    )
    await control.donate({ daId: streamer.daId, amount: 11, currency: 'RUB' })
    await streamer.connectDonations()
    await eventually(
      'what was missed is there',
      async () => (await stored(streamer)).some((item) => item.amount === '11.00'),
      20_000,
    )
    await eventually('it is told that it works again', async () => (await stream(streamer)).state === 'live')
  })

  test('disconnecting ends the stream; donations made meanwhile are history when one connects again', async (t) => {
    const streamer = await newStreamer()
    assert.equal((await streamer.send('DELETE', '/api/channel/donationalerts')).status, 204)
    await eventually('nobody listens any more', async () => {
      const all = (await (await fetch(`${shared.node.baseUrl}/api/admin/donations`)).json()) as Stream[]
      return !all.some((entry) => entry.channelId === streamer.channelId)
    })
    await control.donate({
      daId: streamer.daId,
      amount: 21,
      currency: 'RUB',
      createdAt: new Date(Date.now() - 60_000).toISOString().replace('T', ' ').slice(0, 19),
    })
    const overlay = openOverlay({ overlayUrl: streamer.overlayUrl })
    t.after(() => overlay.close())
    await streamer.connectDonations()
    await eventually('the history is there', async () => (await stored(streamer)).length === 1, 20_000)
    await control.donate({ daId: streamer.daId, amount: 22, currency: 'RUB' })
    await eventually('the new one is shown', () => overlay.drawn().some((entry) => entry.amount === '22.00'))
    assert.deepEqual(
      overlay.drawn().map((entry) => entry.amount),
      ['22.00'],
    )
  })

  test('one streamer’s trouble is nobody else’s', async () => {
    const [broken, healthy] = [await newStreamer(), await newStreamer()]
    await control.kill({ platform: 'da', userId: broken.daId, kill: 'both' })
    await control.closeSockets({ daId: broken.daId, code: 3001 })
    await eventually('the one is in trouble', async () => (await stream(broken)).state === 'needs_reauth', 20_000)
    await control.donate({ daId: healthy.daId, amount: 9, currency: 'RUB' })
    await eventually('the other gets his donation', async () => (await stored(healthy)).length === 1)
    assert.deepEqual(await stored(broken), [])
    assert.equal((await stream(healthy)).failures, 0)
  })

  test('no word of a donation reaches the logs', async () => {
    const streamer = await newStreamer()
    const canary = `canary-${crypto.randomUUID()}`
    await control.donate({ daId: streamer.daId, amount: 1, currency: 'RUB', username: canary, message: canary })
    await control.donate({
      daId: streamer.daId,
      amount: 1,
      currency: 'RUB',
      username: canary,
      message: canary,
      raw: { amount: 'broken' },
    })
    await eventually('both arrived', async () => (await stored(streamer)).length === 1)
    assert.ok(!JSON.stringify(shared.node.logs).includes(canary))
    assert.ok(shared.node.logs.length > 10)
  })
})
