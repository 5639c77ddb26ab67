import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { startSimulator } from '../../simulator/simulator.ts'
import { compose } from '../../src/compose.ts'
import { readConfig } from '../../src/config.ts'
import { openTestDatabase } from '../support/database.ts'
import { recordingLogger } from '../support/logger.ts'
import { FAST, FAST_WINDOW_MS, freePort, nodeEnvironment } from '../support/node.ts'
import { joinAsStreamer } from '../support/streamer.ts'
import { eventually } from '../support/eventually.ts'

test('a new key in front of the old one changes nothing that anybody notices, and the old one can go in the end', async (t) => {
  const { connectionString } = await openTestDatabase(t)
  const simulator = await startSimulator({ port: 0, rateWindowMs: FAST_WINDOW_MS })
  const port = await freePort()
  const [first, second] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
  let stop = async () => {}
  t.after(async () => {
    await stop()
    await simulator.close()
  })
  let logs: ReturnType<typeof recordingLogger>['logs'] = []
  const restartWith = async (secretKey: string) => {
    await stop()
    const recording = recordingLogger()
    logs = recording.logs
    const config = readConfig(nodeEnvironment({ port, simulatorUrl: simulator.url, connectionString, secretKey }))
    const service = compose(config, recording.logger, FAST)
    stop = () => service.stop()
    await service.start()
    return config.baseUrl
  }

  const baseUrl = await restartWith(first)
  const streamer = await joinAsStreamer({ baseUrl, simulatorUrl: simulator.url, login: 'rotator' })
  const isLive = async () =>
    (await streamer.get<{ donations: { state: string } }>('/api/channel')).donations.state === 'live'
  await eventually('its donations come', isLive)
  const key = new URL(streamer.overlayUrl).hash.replace('#k=', '')
  const session = await fetch(`${baseUrl}/api/overlay/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key, instance: 'page', obs: true, w: 1, h: 1, ver: '1' }),
  })
  const { ticket } = (await session.json()) as { ticket: string }
  const isGood = async () => (await fetch(`${baseUrl}/api/overlay/snapshot?ticket=${ticket}`)).status

  await restartWith(`${second},${first}`)
  assert.equal((await streamer.get('/api/channel'))['overlayUrl'], streamer.overlayUrl)
  assert.equal(await isGood(), 200, 'an open overlay goes on with its ticket')
  await eventually('its donations come again', isLive)

  await eventually('the link was sealed anew', () => logs.some((line) => line['resealed'] === 1))

  await restartWith(second)
  await eventually('its tokens were sealed anew too', isLive)
  assert.equal(await isGood(), 401)
  assert.equal((await streamer.get('/api/channel'))['overlayUrl'], streamer.overlayUrl)

  await restartWith(first)
  await eventually('the operator is told', () => logs.some((line) => line['unreadable'] === 1))
  assert.equal((await streamer.send('POST', '/api/channel/overlay-key')).status, 200, 'a lost link can be replaced')
})
