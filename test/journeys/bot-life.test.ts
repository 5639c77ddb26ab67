import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { startSimulator } from '../../simulator/simulator.ts'
import { compose } from '../../src/compose.ts'
import { readConfig } from '../../src/config.ts'
import { SUBSCRIPTION_TYPES } from '../../src/platforms/chat.ts'
import { openTestDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { recordingLogger } from '../support/logger.ts'
import { FAST, FAST_WINDOW_MS, freePort, nodeEnvironment } from '../support/node.ts'
import { createControl } from '../support/simulator-control.ts'
import { joinAsStreamer, type Streamer } from '../support/streamer.ts'

interface BotView {
  desired: boolean
  state: string
  permission: string
  speaker: { login: string; own: boolean } | null
  lastError: { code: string } | null
}

const botOf = async (streamer: Streamer) => (await streamer.get<{ bot: BotView }>('/api/channel')).bot

/** A node that can be started again on the same database, in front of the same Twitch. */
async function setUp(t: TestContext, environment: Record<string, string> = {}) {
  const { db, connectionString } = await openTestDatabase(t)
  const simulator = await startSimulator({ port: 0, rateWindowMs: FAST_WINDOW_MS })
  const port = await freePort()
  const secretKey = randomBytes(32).toString('base64')
  const given = nodeEnvironment({ port, simulatorUrl: simulator.url, connectionString, secretKey })
  const config = readConfig({ ...given, ...environment })
  const { logger } = recordingLogger()
  let stop = async () => {}
  t.after(async () => {
    await stop()
    await simulator.close()
  })
  const restart = async () => {
    await stop()
    const service = compose(config, logger, FAST)
    stop = () => service.stop()
    await service.start()
  }
  await restart()
  const join = (login: string) =>
    joinAsStreamer({ baseUrl: config.baseUrl, simulatorUrl: simulator.url, login, withoutDonations: true })
  const creations = () =>
    simulator.log
      .all()
      .filter(({ method, path }) => method === 'POST' && path.startsWith('/helix/eventsub/subscriptions')).length
  const twitchHealth = async () => {
    const ready = await fetch(`${config.baseUrl}/health/ready`)
    return ((await ready.json()) as { twitch: string }).twitch
  }
  const connections = async (state: string) => {
    const metrics = await (await fetch(`${config.baseUrl}/metrics`)).text()
    return Number(new RegExp(`^chatfolk_chat_connections\\{state="${state}"\\} (\\d+)`, 'm').exec(metrics)?.[1])
  }
  return { db, simulator, control: createControl(simulator.url), restart, join, creations, twitchHealth, connections }
}

const comes = (streamer: Streamer, state: string) =>
  eventually(`the bot of ${streamer.login} is ${state}`, async () => (await botOf(streamer)).state === state, 20_000)

test('a bot is turned on, waits for its permission, comes, survives a restart, and ends with the permission', async (t) => {
  const { control, restart, join, creations } = await setUp(t)
  const streamer = await join('anna')
  assert.deepEqual([(await botOf(streamer)).state, (await botOf(streamer)).permission], ['inactive', 'missing'])
  const switched = await streamer.send('POST', '/api/channel/bot', { enabled: true })
  const waiting = (await switched.json()) as BotView
  assert.deepEqual([waiting.desired, waiting.state, waiting.lastError?.code], [true, 'inactive', 'missing-scope'])
  assert.equal(creations(), 0, 'nothing was asked of Twitch')

  await streamer.allowChat()
  await comes(streamer, 'active')
  const bot = await botOf(streamer)
  assert.deepEqual([bot.permission, bot.speaker, bot.lastError], ['granted', { login: 'anna', own: true }, null])
  const enabled = async () =>
    (await control.subscriptions('anna')).subscriptions.filter(({ status }) => status === 'enabled').length
  await eventually('all subscriptions', async () => (await enabled()) === SUBSCRIPTION_TYPES.length)

  const before = creations()
  await restart()
  await comes(streamer, 'active')
  assert.equal(creations(), before, 'not one subscription was asked for')

  await control.endSubscriptions({ channel: 'anna', type: 'channel.chat.message', status: 'beta_maintenance' })
  await eventually(
    'it is subscribed again',
    async () => creations() === before + 1 && (await enabled()) === SUBSCRIPTION_TYPES.length,
  )
  await comes(streamer, 'active')

  await control.revoke({ user: 'anna' })
  await eventually('the streamer is told', async () => (await botOf(streamer)).lastError?.code === 'permission-revoked')
  const off = await botOf(streamer)
  assert.deepEqual([off.desired, off.state, off.permission], [false, 'inactive', 'missing'])
  await eventually('nothing is left at Twitch', async () => (await enabled()) === 0)

  await streamer.send('POST', '/api/channel/bot', { enabled: true })
  await streamer.allowChat()
  await comes(streamer, 'active')
  await streamer.send('POST', '/api/channel/bot', { enabled: false })
  await eventually('nothing is left again', async () => (await enabled()) === 0)
})

test('where Twitch lost the conduit, all bots are subscribed anew', async (t) => {
  const { control, join } = await setUp(t)
  const streamers = [await join('boris'), await join('vera')]
  for (const streamer of streamers) {
    await streamer.allowChat()
    await streamer.send('POST', '/api/channel/bot', { enabled: true })
    await comes(streamer, 'active')
  }
  const [conduit] = (await control.conduits()).conduits
  await control.deleteConduit(conduit?.id ?? '')
  // It would be noticed within a minute; whoever takes their place in it notices at once.
  await control.closeChatSockets({ all: true, code: 4000 })
  // The application itself has two more there.
  const wanted = streamers.length * SUBSCRIPTION_TYPES.length + 2
  await eventually(
    'all is there in a new conduit',
    async () => {
      const [present] = (await control.conduits()).conduits
      return present && present.id !== conduit?.id && present.subscriptions === wanted
    },
    30_000,
  )
  for (const streamer of streamers) await comes(streamer, 'active')
})

test('while no connection delivers chat, Twitch counts as down, though it answers every request', async (t) => {
  const { control, join, twitchHealth, connections } = await setUp(t)
  assert.equal(await twitchHealth(), 'ok', 'no bot is there to miss anything')
  const streamer = await join('galya')
  await streamer.turnBotOn()
  await comes(streamer, 'active')
  await eventually('both connections deliver', async () => (await twitchHealth()) === 'ok')
  await control.fault({ target: 'twitch.socket', kind: '502', durationMs: 60_000 })
  await control.closeChatSockets({ all: true, code: 4000 })
  await eventually('it is down', async () => (await twitchHealth()) === 'down')
  assert.equal(await connections('enabled'), 0)
  await control.clearFaults()
  await eventually('it is well again', async () => (await twitchHealth()) === 'ok', 30_000)
  assert.equal(await connections('enabled'), 2)
})
