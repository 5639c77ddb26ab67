import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestChat } from '../../../src/app/chat/test-chat.ts'
import type { SettingsPatch } from '../../../src/domain/settings.ts'
import { CHANNEL_ID, openChatRoom, STREAMER_ID } from '../../support/chat-room.ts'

function openTester(settings: SettingsPatch = {}) {
  const { bot, rules, handle, clock, answers } = openChatRoom({ settings })
  const testChat = createTestChat({ bots: { byChannelUserId: () => bot }, rules, handle, clock })
  const tryOut = (text: string, name = 'Nightfox') =>
    testChat({ channelId: CHANNEL_ID, channelUserId: STREAMER_ID, name, text })
  return { tryOut, answers }
}

test('a test comes on stage and tells what the bot would say, which nobody is told', async () => {
  const { tryOut, answers } = openTester()
  const told = await tryOut('!ping')
  assert.deepEqual(
    [told.command, told.reply, told.joined, told.onStage, told.ignored],
    ['ping', 'pong', true, true, false],
  )
  assert.deepEqual(answers, [])
})

test('a test in the name of an ignored account is ignored, and told so', async () => {
  const { tryOut } = openTester()
  for (const name of ['nightbot', ' NightBot ', '@nightbot']) {
    const told = await tryOut('!ping', name)
    assert.deepEqual(
      [told.ignored, told.command, told.reply, told.joined, told.onStage],
      [true, null, null, false, false],
    )
  }
})

test('a test tells that nobody is on stage where words alone bring nobody there', async () => {
  const { tryOut } = openTester({ chat: { joinByTalking: false } })
  assert.equal((await tryOut('hello everyone')).onStage, false)
  assert.equal((await tryOut('!join')).onStage, true)
  assert.equal((await tryOut('hello everyone')).onStage, true)
})
