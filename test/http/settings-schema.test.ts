import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsPatchSchema } from '../../src/http/settings-schema.ts'
import { DEFAULT_SETTINGS, SETTING_LIMITS } from '../../src/domain/settings.ts'

/** Where a patch is refused; empty where it is taken. */
const faults = (patch: unknown) =>
  settingsPatchSchema.safeParse(patch).error?.issues.map((issue) => issue.path.join('.')) ?? []

test('the default settings are a patch that is taken as it is', () => {
  assert.deepEqual(settingsPatchSchema.parse(DEFAULT_SETTINGS), DEFAULT_SETTINGS)
})

test('any part of the chat’s settings may change alone', () => {
  for (const chat of [
    {},
    { joinByTalking: false },
    { inactivityS: 5 },
    { crowdLimit: 200 },
    { bubbles: false },
    { ignored: [] },
    { commands: {} },
    { commands: { ping: {} } },
    { commands: { ping: { enabled: false } } },
    { commands: { ping: { cooldownS: 0 }, join: { permission: 'vip', words: ['!go', 'привет', '+'] } } },
  ])
    assert.deepEqual(settingsPatchSchema.parse({ chat }), { chat })
})

test('unknown names are refused at every depth', () => {
  for (const [patch, place] of [
    [{ chat: { bubble: true } }, 'chat'],
    [{ chat: { commands: { race: {} } } }, 'chat.commands'],
    [{ chat: { commands: { ping: { word: ['!ping'] } } } }, 'chat.commands.ping'],
    [{ chat: { commands: { constructor: {} } } }, 'chat.commands'],
  ] as const)
    assert.deepEqual(faults(patch), [place])
})

test('values outside their limits are refused with the place', () => {
  const { inactivityS, crowdLimit, cooldownS, commandWords, ignored } = SETTING_LIMITS
  const ping = (settings: unknown) => ({ commands: { ping: settings } })
  for (const [chat, place] of [
    [{ joinByTalking: 1 }, 'joinByTalking'],
    [{ inactivityS: inactivityS.min - 1 }, 'inactivityS'],
    [{ inactivityS: inactivityS.max + 1 }, 'inactivityS'],
    [{ inactivityS: 7.5 }, 'inactivityS'],
    [{ crowdLimit: crowdLimit.min - 1 }, 'crowdLimit'],
    [{ crowdLimit: crowdLimit.max + 1 }, 'crowdLimit'],
    [{ bubbles: null }, 'bubbles'],
    [{ ignored: Array(ignored.count + 1).fill('bot') }, 'ignored'],
    [ping({ cooldownS: cooldownS.max + 1 }), 'commands.ping.cooldownS'],
    [ping({ cooldownS: -1 }), 'commands.ping.cooldownS'],
    [ping({ permission: 'admin' }), 'commands.ping.permission'],
    [ping({ words: [] }), 'commands.ping.words'],
    [ping({ words: Array(commandWords.count + 1).fill('!a') }), 'commands.ping.words'],
  ] as const)
    assert.deepEqual(faults({ chat }), [`chat.${place}`], JSON.stringify(chat))
})

test('a command’s word is one readable word that Twitch lets through', () => {
  const long = `!${'a'.repeat(SETTING_LIMITS.commandWords.length)}`
  for (const word of ['', ' ', '!a b', '/me', '.me', '@bob', '\u200b', '!\u0000', '!\ud800', long, 5])
    assert.deepEqual(faults({ chat: { commands: { join: { words: ['!ok', word] } } } }), ['chat.commands.join.words.1'])
  const { chat } = settingsPatchSchema.parse({ chat: { commands: { join: { words: [' !Привет '] } } } })
  assert.deepEqual(chat?.commands?.join?.words, ['!Привет'])
})

test('ignored logins are kept as Twitch writes them', () => {
  const { chat } = settingsPatchSchema.parse({ chat: { ignored: ['@NightBot', ' some_bot ', 'X'] } })
  assert.deepEqual(chat?.ignored, ['nightbot', 'some_bot', 'x'])
  for (const login of ['', '@', 'два слова', 'бот', 'a-b', 'x'.repeat(26), null])
    assert.ok(faults({ chat: { ignored: [login] } }).includes('chat.ignored.0'), String(login))
})
