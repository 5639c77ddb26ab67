import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { createSecretBox } from '../../src/base/secret-box.ts'
import { createAccounts } from '../../src/persistence/accounts.ts'
import { createDonationPositions } from '../../src/persistence/donation-positions.ts'
import { eventually } from '../support/eventually.ts'
import { startNode } from '../support/node.ts'
import { openOverlay } from '../support/overlay-client.ts'
import { startRedis } from '../support/redis-server.ts'
import { createControl } from '../support/simulator-control.ts'
import { createBrowser, joinAsStreamer } from '../support/streamer.ts'

/** Commands that the server ran, with all that stood in them. */
async function listenIn(url: string, t: { after(end: () => void): void }): Promise<string[][]> {
  const commands: string[][] = []
  const client = new Redis(url)
  const monitor = await client.monitor()
  t.after(() => {
    monitor.disconnect()
    client.disconnect()
  })
  monitor.on('monitor', (_time: string, args: string[]) => void commands.push(args))
  return commands
}

test('nothing secret goes through Redis or stays there, and a donor only to those who draw the alert', async (t) => {
  const redis = await startRedis(t)
  const commands = await listenIn(redis.url, t)
  const one = await startNode(t, { environment: redis.environment })
  const two = await startNode(t, { beside: one })
  const { baseUrl, simulator, db, environment } = one
  const streamer = await joinAsStreamer({ baseUrl, simulatorUrl: simulator.url, login: 'canary' })
  await streamer.turnBotOn()
  const browser = createBrowser(two.baseUrl)
  await browser.signIn('/auth/twitch/login?return=/dashboard', streamer.login)
  const key = new URL(streamer.overlayUrl).hash
  const overlays = [one, two].map((node) => openOverlay({ overlayUrl: `${node.baseUrl}/o/${key}` }))
  t.after(() => overlays.forEach((overlay) => overlay.close()))
  await eventually('both are there', () => overlays.every((overlay) => overlay.role()))
  const donor = `donor-${crypto.randomUUID()}`
  await createControl(simulator.url).donate({ daId: streamer.daId, amount: 7, currency: 'RUB', username: donor })
  await eventually('it was drawn', () => overlays.some((overlay) => overlay.drawn().length === 1))
  const { chat, chatters } = simulator.twitch
  const channel = chatters.find(streamer.login) ?? assert.fail()
  const viewer = chatters.add({ login: 'viewer', name: 'viewer' })
  assert.ok(!('taken' in viewer))
  await eventually('the bot hears', () => {
    chat.say(channel, viewer, { text: '!ping' })
    return simulator.twitch.outbox.all().length > 0
  })
  await two.stop()
  const kept = async () => (await redis.ask('keys', 'chatfolk:stage:*')) as string[]
  await eventually('a stage was kept', async () => (await kept()).length > 0)

  const box = createSecretBox((environment['SECRET_KEYS'] ?? '').split(',').map((text) => Buffer.from(text, 'base64')))
  const accounts = createAccounts(db, box)
  const [user] = await db.query<{ id: string }>('select id from users where login = $1', [streamer.login])
  const twitch = await accounts.ofUser(user?.id ?? '', 'twitch')
  const donations = await accounts.ofUser(user?.id ?? '', 'donationalerts')
  const { socketToken } = await createDonationPositions(db, box).read('donationalerts', streamer.daId)
  const secrets = {
    twitchAccess: twitch?.accessToken,
    twitchRefresh: twitch?.refreshToken,
    donationsAccess: donations?.accessToken,
    donationsRefresh: donations?.refreshToken,
    socketToken,
    overlayKey: new URLSearchParams(key.slice(1)).get('k'),
    session: [...browser.cookies().values()][0],
    key: environment['SECRET_KEYS'],
    twitchSecret: environment['TWITCH_CLIENT_SECRET'],
    donationsSecret: environment['DONATIONALERTS_CLIENT_SECRET'],
  }
  const said = commands.map((args) => args.join(' '))
  assert.ok(said.some((text) => text.includes('alert.offer')) && said.some((text) => text.includes('handed-over')))
  const left = await dump(redis.ask)
  assert.ok(left.length > 3)
  const logs = JSON.stringify([one.logs, two.logs])
  for (const [name, secret] of Object.entries(secrets)) {
    assert.ok(secret && secret.length > 5, `there is no ${name}`)
    assert.ok(![...said, ...left].some((text) => text.includes(secret)), `${name} went through Redis`)
    assert.ok(!logs.includes(secret), `${name} was logged`)
  }
  assert.ok(!left.some((text) => text.includes(donor)), 'the donor stays in Redis')
  for (const args of commands.filter((one) => one.join(' ').includes(donor)))
    assert.match(args.slice(0, 2).join(' '), /^s?publish chatfolk:\{\d+\}:stage:/i)
  for (const key of (await redis.ask('keys', '*')) as string[])
    assert.ok(Number(await redis.ask('pttl', key)) > 0, `${key} has no end`)
})

async function dump(ask: (...command: Array<string | number>) => Promise<unknown>): Promise<string[]> {
  const keys = (await ask('keys', '*')) as string[]
  return Promise.all(
    keys.map(async (key) => {
      const how = (await ask('type', key)) === 'hash' ? 'hgetall' : 'get'
      return `${key} ${JSON.stringify(await ask(how, key))}`
    }),
  )
}
