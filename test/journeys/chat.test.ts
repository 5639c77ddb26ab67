import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import type { OverlayClient } from '../support/overlay-client.ts'
import { shareNode } from '../support/shared-node.ts'
import type { Streamer } from '../support/streamer.ts'

interface BotView {
  bot: {
    desired: boolean
    state: string
    lastError: { code: string } | null
    permission: string
    viewers: number
    replies: { sent: number; dropped: number }
  }
}

describe('a chat and its stage', () => {
  const shared = shareNode()

  const twitch = () => shared.node.simulator.twitch
  const say = (streamer: Streamer, who: string, text: string) => {
    const { chat, chatters } = twitch()
    const channel = chatters.find(streamer.login)
    assert.ok(channel)
    const said = chat.say(channel, chatters.find(who) ?? added(who), { text })
    return 'id' in said ? said.id : assert.fail(`${who} may not talk: ${said.excluded}`)
  }
  const added = (login: string) => {
    const made = twitch().chatters.add({ login, name: login })
    return 'taken' in made ? assert.fail(`there is a ${login}`) : made
  }
  const botOf = async (streamer: Streamer) => (await streamer.get<BotView>('/api/channel')).bot
  const isActive = (streamer: Streamer) =>
    eventually('the bot is active', async () => (await botOf(streamer)).state === 'active', 20_000)
  const stageEvents = (overlay: OverlayClient) =>
    overlay
      .frames()
      .filter(({ event }) => event.startsWith('avatar.'))
      .map(({ event, data }) => [event, data.d] as const)
  const saw = (overlay: OverlayClient, event: string, test: (d: Record<string, unknown>) => boolean = () => true) =>
    eventually(`the overlay saw ${event}`, () => stageEvents(overlay).some(([type, d]) => type === event && test(d)))
  const sentTo = (streamer: Streamer) => {
    const id = twitch().chatters.find(streamer.login)?.id
    return twitch()
      .outbox.all()
      .filter((message) => message.channel === id)
  }

  test('viewers who talk come on stage and are answered, in the streamer’s own name, once', async (t) => {
    const streamer = await shared.newStreamer()
    await streamer.turnBotOn()
    await isActive(streamer)
    const overlay = shared.open(streamer, t)
    await eventually('the overlay is there', () => overlay.frames().length > 0)
    say(streamer, 'anna', 'привет, чат!')
    await saw(overlay, 'avatar.join', (d) => d['name'] === 'anna')
    await saw(overlay, 'avatar.say', (d) => JSON.stringify(d['parts']).includes('привет'))
    await saw(overlay, 'avatar.act', (d) => d['act'] === 'wave')
    const asked = say(streamer, 'anna', '!ping')
    await eventually('the bot answered', () => sentTo(streamer).length > 0)
    const [answer] = sentTo(streamer)
    assert.deepEqual([answer?.text, answer?.replyTo], ['pong', asked])
    await eventually('it is counted', async () => (await botOf(streamer)).replies.sent === 1)
    assert.equal(sentTo(streamer).length, 1)
    const late = shared.open(streamer, t)
    await eventually('a second overlay has its snapshot', () => late.frames().length > 0)
    const avatars = late.frames()[0]?.data.d['avatars'] as Array<{ name: string }>
    // The streamer's account is no viewer for what the bot said.
    assert.deepEqual(
      avatars.map(({ name }) => name),
      ['anna'],
    )
  })

  test('what moderators take away is gone from the stage at once', async (t) => {
    const streamer = await shared.newStreamer()
    await streamer.turnBotOn()
    await isActive(streamer)
    const overlay = shared.open(streamer, t)
    await eventually('the overlay is there', () => overlay.frames().length > 0)
    const rude = say(streamer, 'rude1', 'something rude')
    await saw(overlay, 'avatar.say')
    twitch().chat.deleteMessage(rude)
    await saw(overlay, 'avatar.say', (d) => d['dur'] === 0)
    const { chatters, chat } = twitch()
    const [channel, user] = [chatters.find(streamer.login), chatters.find('rude1')]
    assert.ok(channel && user)
    chat.exclude(channel, user, 600)
    await saw(overlay, 'avatar.leave', (d) => d['why'] === 'banned' && d['dur'] === 0)
  })

  test('a switched-off bot hears nothing and leaves an empty stage', async (t) => {
    const streamer = await shared.newStreamer()
    await streamer.turnBotOn()
    await isActive(streamer)
    const overlay = shared.open(streamer, t)
    await eventually('the overlay is there', () => overlay.frames().length > 0)
    say(streamer, 'boris', 'hello')
    await saw(overlay, 'avatar.join')
    assert.equal((await streamer.send('POST', '/api/channel/bot', { enabled: false })).status, 200)
    await saw(overlay, 'avatar.leave', (d) => d['why'] === 'bot-off')
    say(streamer, 'boris', '!ping')
    await eventually('its subscriptions are ended', () => {
      const id = twitch().chatters.find(streamer.login)?.id
      return !twitch()
        .subscriptions.all()
        .some(({ subject, status }) => subject === id && status === 'enabled')
    })
    assert.equal(sentTo(streamer).length, 0)
    const { state, desired } = await botOf(streamer)
    assert.deepEqual([state, desired], ['inactive', false])
  })

  test('without its permission a bot says what is missing, and starts by itself when it is given', async () => {
    const streamer = await shared.newStreamer()
    assert.equal((await streamer.send('POST', '/api/channel/bot', { enabled: true })).status, 200)
    const before = await botOf(streamer)
    assert.deepEqual(
      [before.state, before.lastError?.code, before.permission],
      ['inactive', 'missing-scope', 'missing'],
    )
    await streamer.turnBotOn()
    await isActive(streamer)
  })

  test('who takes the permission back at Twitch turns the bot off, and is told', async () => {
    const streamer = await shared.newStreamer()
    await streamer.turnBotOn()
    await isActive(streamer)
    const { chatters, revocations } = twitch()
    const user = chatters.find(streamer.login)
    assert.ok(user)
    revocations.revoke(user, 'chatfolk-twitch', 'authorization_revoked')
    // Their session ends with it: they come back as anybody does.
    await eventually('the bot is off', async () => {
      const { desired, lastError } = await botAfterSigningIn(streamer)
      return !desired && lastError?.code === 'permission-revoked'
    })
  })

  test('settings change what the bot does from the next message on', async (t) => {
    const streamer = await shared.newStreamer()
    await streamer.turnBotOn()
    await isActive(streamer)
    const overlay = shared.open(streamer, t)
    await eventually('the overlay is there', () => overlay.frames().length > 0)
    say(streamer, 'vera', 'hello')
    await saw(overlay, 'avatar.say')
    const changed = await streamer.send('PATCH', '/api/channel', {
      chat: { bubbles: false, commands: { ping: { words: ['!эхо'] } } },
    })
    assert.equal(changed.status, 200)
    const said = stageEvents(overlay).filter(([type]) => type === 'avatar.say').length
    say(streamer, 'vera', 'hello again')
    say(streamer, 'vera', '!ping')
    say(streamer, 'vera', '!Эхо')
    await eventually('the new word is answered', () => sentTo(streamer).length === 1)
    assert.equal(stageEvents(overlay).filter(([type]) => type === 'avatar.say').length, said)
  })

  test('the dashboard’s tester takes the whole way and says nothing in the real chat', async (t) => {
    const streamer = await shared.newStreamer()
    const off = await streamer.send('POST', '/api/channel/test', { kind: 'chat', name: 'Tester', message: '!ping' })
    assert.equal(off.status, 409)
    await streamer.turnBotOn()
    await isActive(streamer)
    const overlay = shared.open(streamer, t)
    await eventually('the overlay is there', () => overlay.frames().length > 0)
    const answer = await streamer.send('POST', '/api/channel/test', { kind: 'chat', name: 'Tester', message: '!ping' })
    assert.equal(answer.status, 202)
    const told = (await answer.json()) as { reply: string; understood: { command: string }; joined: boolean }
    assert.deepEqual([told.reply, told.understood.command, told.joined], ['pong', 'ping', true])
    await saw(overlay, 'avatar.join', (d) => d['by'] === 'test' && d['name'] === 'Tester')
    assert.equal(sentTo(streamer).length, 0)
  })

  async function botAfterSigningIn(streamer: Streamer) {
    await streamer.signIn()
    return botOf(streamer)
  }
})
