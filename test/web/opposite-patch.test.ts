import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applySettings, DEFAULT_SETTINGS, type SettingsPatch } from '../../src/domain/settings.ts'
import { oppositePatch } from '../../web/dashboard/opposite-patch.ts'

const patch: SettingsPatch = {
  locale: 'en',
  alerts: { volume: 5, blockedWords: ['x'] },
  chat: { bubbles: false, ignored: ['bot'], commands: { join: { words: ['!go'] }, ping: { enabled: false } } },
}

test('taking a change back gives the values that it replaced, as deep as it went', () => {
  const { locale, alerts, chat } = DEFAULT_SETTINGS
  assert.deepEqual(oppositePatch(DEFAULT_SETTINGS, patch), {
    locale,
    alerts: { volume: alerts.volume, blockedWords: [] },
    chat: {
      bubbles: true,
      ignored: chat.ignored,
      commands: { join: { words: chat.commands.join.words }, ping: { enabled: true } },
    },
  })
})

test('what changed meanwhile in the same groups stays', () => {
  const meanwhile: SettingsPatch = {
    alerts: { sound: false },
    chat: {
      crowdLimit: 3,
      commands: { join: { cooldownS: 60 }, ping: { permission: 'vip' }, help: { enabled: false } },
    },
  }
  const undo = oppositePatch(DEFAULT_SETTINGS, patch)
  const undone = [patch, meanwhile, undo].reduce(applySettings, DEFAULT_SETTINGS)
  assert.deepEqual(undone, applySettings(DEFAULT_SETTINGS, meanwhile))
})

test('a value that was nothing comes back as nothing', () => {
  assert.deepEqual(oppositePatch(DEFAULT_SETTINGS, { alerts: { maxAgeMinutes: 5 } }), {
    alerts: { maxAgeMinutes: null },
  })
  assert.deepEqual(oppositePatch(DEFAULT_SETTINGS, {}), {})
})
