import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileIgnored, isIgnored } from '../../src/domain/ignore-list.ts'
import { COMMON_BOTS } from '../../src/domain/settings.ts'

test('the bots that many channels have are ignored without setting up', () => {
  const ignored = compileIgnored(COMMON_BOTS)
  for (const bot of ['Nightbot', 'StreamElements', 'Moobot', 'Fossabot', 'Wizebot', 'SoundAlerts'])
    assert.ok(isIgnored(bot, ignored), bot)
  assert.ok(!isIgnored('nightbot2', ignored))
  assert.ok(!isIgnored('', ignored))
})

test('a list may be written as people write logins', () => {
  const ignored = compileIgnored(['@SomeBot', '  other_bot ', ' @ third'])
  for (const login of ['somebot', 'SOMEBOT', 'other_bot', 'third']) assert.ok(isIgnored(login, ignored), login)
  for (const login of ['some', 'bot', 'somebot1']) assert.ok(!isIgnored(login, ignored), login)
})
