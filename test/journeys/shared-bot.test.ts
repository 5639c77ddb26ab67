import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { startNode } from '../support/node.ts'
import { openOverlay } from '../support/overlay-client.ts'
import { createBrowser, joinAsStreamer } from '../support/streamer.ts'

interface BotView {
  bot: {
    state: string
    lastError: { code: string } | null
    speaker: { login: string; own: boolean } | null
    permission: string
  }
}

const HELPER = { twitchId: '777001', login: 'helperbot', name: 'HelperBot' }

test('one account speaks in all channels as soon as it was allowed to, and never answers itself', async (t) => {
  const { baseUrl, simulator } = await startNode(t, { environment: { TWITCH_BOT_USER_ID: HELPER.twitchId } })
  const { chat, chatters, outbox } = simulator.twitch
  assert.ok('login' in simulator.people.add(HELPER))
  const streamer = await joinAsStreamer({
    baseUrl,
    simulatorUrl: simulator.url,
    login: 'hostess',
    withoutDonations: true,
  })
  await streamer.turnBotOn()
  const bot = async () => (await streamer.get<BotView>('/api/channel')).bot
  const before = await bot()
  assert.deepEqual([before.state, before.lastError?.code], ['inactive', 'bot-account-missing'])

  // As docs/operations/chat.md has it: signed in as the account, then asked for what a bot needs.
  const operator = createBrowser(baseUrl)
  await operator.signIn('/auth/twitch/login?return=/', HELPER.login)
  await operator.signIn('/auth/twitch/login?permissions=chat&return=/', HELPER.login)
  await eventually('the bot is active', async () => (await bot()).state === 'active', 20_000)
  assert.deepEqual((await bot()).speaker, { login: HELPER.login, own: false })

  const overlay = openOverlay({ overlayUrl: streamer.overlayUrl })
  t.after(() => overlay.close())
  await eventually('the overlay is there', () => overlay.frames().length > 0)
  const channel = chatters.find(streamer.login)
  const viewer = chatters.add({ login: 'anna', name: 'Anna' })
  assert.ok(channel && !('taken' in viewer))
  const asked = chat.say(channel, viewer, { text: '!ping' })
  await eventually('the bot answered', () => outbox.all().length > 0)
  // The streamer's own words are a viewer's here: it is another account that speaks.
  const also = chat.say(channel, channel, { text: '!ping' })
  await eventually('the streamer too', () => outbox.all().length > 1)
  assert.ok('id' in asked && 'id' in also)
  assert.deepEqual(
    outbox.all().map(({ sender, text, replyTo }) => [sender, text, replyTo]),
    [
      [HELPER.twitchId, 'pong', asked.id],
      [HELPER.twitchId, 'pong', also.id],
    ],
  )
  await eventually('both are on stage', () => joined().length === 2)
  assert.deepEqual(joined(), ['Anna', streamer.login.toUpperCase()], 'and the bot, whose words came back, is not')

  function joined() {
    return overlay
      .frames()
      .filter(({ event }) => event === 'avatar.join')
      .map(({ data }) => data.d['name'])
  }
})
