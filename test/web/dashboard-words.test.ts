import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_SETTINGS } from '../../src/domain/settings.ts'
import { botStatus } from '../../web/dashboard/bot-status.ts'
import { duration } from '../../web/dashboard/duration.ts'
import { setupSteps, stepsAhead } from '../../web/dashboard/setup-steps.ts'
import { overlayStatus, overlayTone, queueStatus, standingOf } from '../../web/dashboard/status.ts'
import type { BotView, ChannelView, OverlaySource } from '../../web/ui/channel-view.ts'
import { LOOK_PARTS } from '../../src/domain/avatar-look.ts'
import { createFormat } from '../../web/ui/format.ts'
import { en } from '../../web/ui/texts.en.ts'
import { ru } from '../../web/ui/texts.ru.ts'
import { newBot, sampleBot, troubledBot } from './dashboard-studio.ts'

const NOW = Date.parse('2026-11-23T12:00:00Z')

test('Russian counts one, few and many', () => {
  assert.deepEqual([1, 2, 5, 11, 21, 104].map(ru.donations.totalCount), [
    '1 донат',
    '2 доната',
    '5 донатов',
    '11 донатов',
    '21 донат',
    '104 доната',
  ])
  assert.equal(ru.live.setUp(3), 'Осталось 3 дела')
  assert.equal(en.live.setUp(1), '1 step to go')
})

test('both languages say everything: no text is empty and none is left untranslated by oversight', () => {
  const leaves = (words: object): unknown[] =>
    Object.values(words).flatMap((value: unknown) =>
      typeof value === 'object' && value !== null ? leaves(value) : [value],
    )
  const [english, russian] = [leaves(en), leaves(ru)]
  assert.equal(english.length, russian.length)
  assert.ok([...english, ...russian].every((text) => typeof text === 'function' || text !== undefined))
  const same = english.filter((text, index) => typeof text === 'string' && text === russian[index])
  const names = new Set([
    'Русский',
    'English',
    'DonationAlerts',
    'OBS',
    'Zalgo',
    '',
    'Nightfox',
    '5',
    'USD',
    'RUB',
    '500',
  ])
  assert.deepEqual(
    same.filter((text) => !names.has(String(text))),
    [],
  )
})

test('everything that a viewer may choose has a name in both languages', () => {
  for (const { viewer } of [en, ru]) {
    const lists: Partial<Record<string, Partial<Record<string, string>>>> = viewer.options
    for (const [part, options] of Object.entries(LOOK_PARTS)) {
      const named = lists[part] ?? viewer.colors
      assert.deepEqual(
        options.filter((option) => !(option in named)),
        [],
        part,
      )
    }
  }
})

test('times are told as people tell them', () => {
  const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString()
  const english = createFormat('en', en.common.justNow)
  const russian = createFormat('ru', ru.common.justNow)
  assert.equal(english.relative(ago(2), NOW), 'just now')
  assert.equal(english.relative(ago(190), NOW), '3 min. ago')
  assert.equal(english.relative(ago(-20), NOW), 'in 20 sec.')
  assert.equal(russian.relative(ago(7_300), NOW), '2 ч назад')
  // The page's clock ticks once a second: what happened since its last tick lies ahead of it.
  assert.equal(russian.relative(ago(-0.6), NOW), 'только что')
  assert.equal(russian.span(40).replaceAll(/\s/g, ' '), '40 мс')
  assert.equal(russian.span(2_140).replaceAll(/\s/g, ' '), '2,1 с')
})

test('money keeps the donor’s currency', () => {
  const russian = createFormat('ru', '')
  assert.equal(russian.money({ amount: '1234.50', currency: 'RUB' }).replaceAll(/\s/g, ' '), '1 234,50 ₽')
  assert.equal(createFormat('en', '').money({ amount: '5.00', currency: 'USD' }), '$5')
})

test('the headline tells the most urgent thing first', () => {
  const revoked = { donations: { ...channel().donations, state: 'needs_reauth' as const } }
  const paused = { alerts: { paused: true, queued: 3, current: null } }
  assert.equal(standingOf(channel({ ...revoked, ...paused }), 2), 'needsYou')
  assert.equal(standingOf(channel(paused), 1), 'setUp')
  assert.equal(standingOf(channel(paused), 0), 'paused')
  assert.equal(standingOf(channel(), 0), 'allGood')
  assert.equal(standingOf(channel({ overlays: [{ ...source(), visible: false }] }), 0), 'hidden')
  assert.equal(standingOf(channel({ overlays: [] }), 0), 'waiting')
})

test('a bot that needs its streamer comes before what is left to set up, one that is off is no fault', () => {
  const revoked = troubledBot('permission-revoked', { desired: false })
  assert.equal(standingOf(channel({ bot: revoked }), 1), 'chatNeedsYou')
  const lost = troubledBot('platform-server', { state: 'backoff', permission: 'granted' })
  assert.equal(standingOf(channel({ bot: lost }), 0), 'chatWorking')
  assert.equal(standingOf(channel({ bot: newBot() }), 0), 'allGood')
  assert.equal(standingOf(channel({ bot: newBot({ desired: true, state: 'starting' }) }), 0), 'allGood')
})

test('every way in which a bot cannot work is told apart', () => {
  const status = (bot: BotView) => botStatus({ bot })
  const granted = { permission: 'granted' as const }
  assert.equal(status(newBot()), 'off')
  assert.equal(status(sampleBot()), 'active')
  assert.equal(status(newBot({ desired: true, ...granted })), 'starting')
  assert.equal(status(newBot({ desired: true })), 'permission')
  assert.equal(status(troubledBot('missing-scope')), 'permission')
  assert.equal(status(troubledBot('permission-revoked', { desired: false })), 'revoked')
  assert.equal(status(troubledBot('banned', granted)), 'banned')
  assert.equal(status(troubledBot('account-gone', granted)), 'gone')
  assert.equal(status(troubledBot('bot-account-missing', granted)), 'operator')
  assert.equal(status(troubledBot('platform-invalid', granted)), 'stopped')
  assert.equal(status(troubledBot('platform-invalid', { state: 'backoff', ...granted })), 'backoff')
  // Given again, and turned off by its streamer: what was once revoked is over.
  assert.equal(status(troubledBot('permission-revoked', { desired: false, ...granted })), 'off')
})

test('the bot alone is an invitation and no step, where everything else is done', () => {
  const ahead = (changes: Partial<ChannelView>) => stepsAhead(setupSteps(channel({ bot: newBot(), ...changes }), null))
  assert.equal(ahead({}), 0)
  assert.equal(ahead({ overlays: [], overlayLastSeenAt: null }), 2)
})

test('a time is said as people say it', () => {
  const said = (seconds: number) => [en, ru].map(({ settings }) => duration(seconds, settings).replaceAll(/\s/g, ' '))
  assert.deepEqual(said(5), ['5 s', '5 с'])
  assert.deepEqual(said(150), ['2 min 30 s', '2 мин 30 с'])
  assert.deepEqual(said(3_600), ['1 h', '1 ч'])
  assert.deepEqual(said(0), ['0 s', '0 с'])
})

test('the dashboard’s own preview is no overlay of the streamer', () => {
  const onlyPreview = channel({ overlays: [{ ...source(), preview: true }], overlayLastSeenAt: null })
  assert.equal(standingOf(onlyPreview, 0), 'waiting')
  assert.deepEqual(
    setupSteps(onlyPreview, []).map(({ step, done }) => [step, done]),
    [
      ['donations', true],
      ['overlay', false],
      ['chat', true],
      ['test', false],
    ],
  )
})

test('a closed OBS is a fault only while somebody waits for it', () => {
  const gone = { overlays: [], overlayLastSeenAt: new Date(NOW).toISOString() }
  assert.equal(overlayTone(channel(gone)), 'idle')
  assert.equal(overlayTone(channel({ ...gone, alerts: { paused: false, queued: 1, current: null } })), 'bad')
})

test('the demo needs no OBS: its preview shows all there is', () => {
  const overlays = [{ ...source(), preview: true }]
  const alerts = { paused: false, queued: 2, current: null }
  const demo = channel({ overlays, alerts, demo: true })
  assert.equal(overlayStatus(demo), 'closed')
  assert.equal(overlayTone(demo), 'idle')
  assert.equal(queueStatus(demo), 'waiting')
  assert.equal(queueStatus({ ...demo, demo: false }), 'held')
})

test('where the operator connected no platform, the streamer is not asked to', () => {
  const donations = { ...channel().donations, configured: false, state: 'off' as const }
  assert.deepEqual(
    setupSteps(channel({ donations }), []).map(({ step }) => step),
    ['overlay', 'chat', 'test'],
  )
})

function source(): OverlaySource {
  const since = new Date(NOW).toISOString()
  return { instance: 'i', visible: true, fps: 60, tier: 'canvas2d', since, role: 'primary', obs: true, preview: false }
}

function channel(changes: Partial<ChannelView> = {}): ChannelView {
  return {
    id: 'c',
    login: 'mila',
    overlayUrl: 'https://chatfolk.example/o/#k=key',
    settings: DEFAULT_SETTINGS,
    settingsRev: 1,
    alerts: { paused: false, queued: 0, current: null },
    donations: {
      configured: true,
      state: 'live',
      account: 'mila',
      lastDonationAt: null,
      lastError: null,
      backoffUntil: null,
    },
    bot: sampleBot(),
    overlays: [source()],
    overlayLastSeenAt: new Date(NOW).toISOString(),
    demo: false,
    ...changes,
  }
}
