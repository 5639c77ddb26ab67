import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { CHAT_COMMANDS } from '../../src/domain/chat-command.ts'
import { applySettings, DEFAULT_SETTINGS, type SettingsPatch } from '../../src/domain/settings.ts'
import { createChannels } from '../../src/persistence/channels.ts'
import { openTestDatabase } from '../support/database.ts'
import { addChannel, addUser, newTestBox } from '../support/people.ts'

async function setUp(t: TestContext) {
  const { db } = await openTestDatabase(t)
  const channels = createChannels(db, newTestBox())
  const channelId = await addChannel(db, (await addUser(db)).id)
  const stored = async () =>
    (await db.query<{ settings: unknown }>('select settings from channels where id = $1', [channelId]))[0]?.settings
  return { channels, channelId, stored, change: (patch: SettingsPatch) => channels.changeSettings(channelId, patch) }
}

test('a change leaves everything else as it was, at every depth', async (t) => {
  const { change } = await setUp(t)
  const patches: SettingsPatch[] = [
    { locale: 'en' },
    { alerts: { volume: 10 } },
    { chat: { crowdLimit: 7, commands: { join: { words: ['!go'], cooldownS: 9 } } } },
    { chat: { bubbles: false } },
    { chat: { commands: { join: { permission: 'vip' }, ping: { enabled: false } } } },
    { chat: { commands: { join: { words: ['!a', '!b'] } } } },
    { chat: { commands: { help: {} } } },
    { chat: { commands: {} } },
    { chat: {} },
    {},
    { alerts: { blockedWords: ['x'] }, chat: { ignored: ['bot'], commands: { ping: { cooldownS: 0 } } } },
  ]
  let expected = DEFAULT_SETTINGS
  for (const [index, patch] of patches.entries()) {
    expected = applySettings(expected, patch)
    assert.deepEqual(await change(patch), { settings: expected, rev: index + 2 })
  }
})

test('changes at the same time do not undo each other, be they of one command', async (t) => {
  const { change } = await setUp(t)
  const patches: SettingsPatch[] = [
    ...CHAT_COMMANDS.flatMap((name): SettingsPatch[] => [
      { chat: { commands: { [name]: { enabled: false } } } },
      { chat: { commands: { [name]: { cooldownS: 77 } } } },
      { chat: { commands: { [name]: { permission: 'moderator' } } } },
      { chat: { commands: { [name]: { words: [`!${name}2`] } } } },
    ]),
    { chat: { bubbles: false } },
    { chat: { crowdLimit: 3 } },
    { alerts: { volume: 1 } },
    { alerts: { sound: false } },
    { locale: 'en' },
  ]
  await Promise.all(patches.map(change))
  const { settings, rev } = (await change({})) ?? {}
  assert.deepEqual(settings, patches.reduce(applySettings, DEFAULT_SETTINGS))
  assert.equal(rev, 1 + patches.length + 1)
})

test('only what was changed is stored: the rest follows the defaults of later versions', async (t) => {
  const { change, stored } = await setUp(t)
  await change({ chat: { commands: { ping: { enabled: false } } } })
  assert.deepEqual(await stored(), { alerts: {}, chat: { commands: { ping: { enabled: false } } } })
})

test('settings of a channel that does not exist are not changed', async (t) => {
  const { channels } = await setUp(t)
  assert.equal(await channels.changeSettings(crypto.randomUUID(), { locale: 'en' }), undefined)
})
