import { randomUUID } from 'node:crypto'
import { seedFromText, type AvatarLook } from '../../src/domain/avatar-look.ts'
import { DEFAULT_SETTINGS, type ChannelSettings } from '../../src/domain/settings.ts'
import type { BotView, ChatTestAnswer } from '../../web/ui/channel-view.ts'

/** A streamer's world as the stub server tells it. Tests change what they need. */
export interface Studio {
  signedIn: boolean
  demo: boolean
  /** The API drops every connection. */
  down: boolean
  /** The API answers, but its database is gone. */
  broken: boolean
  refuseSettings: boolean
  user: { id: string; login: string; name: string }
  channel: { id: string; key: string } | null
  settings: ChannelSettings
  settingsRev: number
  alerts: { paused: boolean; queued: number; current: Record<string, unknown> | null }
  donations: Record<'configured' | 'state' | 'account' | 'lastDonationAt' | 'lastError' | 'backoffUntil', unknown>
  bot: BotView
  /** What `POST /api/channel/test` of a chat message answers; `null`: the bot is off. */
  chatTest: ChatTestAnswer | null
  refuseBot: boolean
  /** What the person chose to look like. */
  look: AvatarLook | null
  overlays: Record<string, unknown>[]
  overlayLastSeenAt: string | null
  ledger: LedgerEntry[]
  totals: { currency: string; amount: string; count: number }[]
  /** Shown in the preview's frame. */
  onScreen: { donor: string | null; amount: string; currency: string; words: string } | null
}

export interface LedgerEntry extends Record<string, unknown> {
  id: string
  alertId: string | null
}

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString()

/** A channel in the middle of a stream. */
export function sampleStudio(): Studio {
  return {
    signedIn: true,
    demo: false,
    down: false,
    broken: false,
    refuseSettings: false,
    user: { id: '1001', login: 'mila_live', name: 'mila_live' },
    channel: { id: randomUUID(), key: 'v7Qd0kExampleExampleExample' },
    settings: { ...DEFAULT_SETTINGS, alerts: { ...DEFAULT_SETTINGS.alerts, blockedWords: ['спойлер', 'казино'] } },
    settingsRev: 3,
    alerts: {
      paused: false,
      queued: 2,
      current: {
        id: 'a-now',
        donor: 'Кот Учёный',
        amount: '500.00',
        currency: 'RUB',
        test: false,
        state: 'started',
        startedAt: ago(2),
      },
    },
    donations: {
      configured: true,
      state: 'live',
      account: 'mila_live',
      lastDonationAt: ago(40),
      lastError: null,
      backoffUntil: null,
    },
    bot: sampleBot(),
    chatTest: chatTest({ reaction: 'wave' }),
    refuseBot: false,
    look: null,
    overlays: [
      overlay({ obs: true, visible: true, role: 'primary', fps: 60, since: ago(5_400) }),
      overlay({ obs: true, visible: false, role: 'mirror', fps: 0, since: ago(900) }),
      overlay({ obs: false, visible: true, role: 'mirror', fps: 30, since: ago(60), preview: true }),
    ],
    overlayLastSeenAt: ago(1),
    ledger: sampleLedger(),
    totals: [
      { currency: 'RUB', amount: '12450.50', count: 31 },
      { currency: 'USD', amount: '25.00', count: 2 },
      { currency: 'KZT', amount: '5000.00', count: 1 },
    ],
    onScreen: {
      donor: 'Кот Учёный',
      amount: '500.00',
      currency: 'RUB',
      words: 'Спасибо за стрим! Удачи в финале, болеем всей семьёй 💜',
    },
  }
}

/** A bot that is in the chat and was on stage all evening. */
export function sampleBot(changes: Partial<BotView> = {}): BotView {
  return {
    desired: true,
    state: 'active',
    owner: 'node-1',
    since: ago(5_400),
    lastError: null,
    speaker: { login: 'mila_live', own: true },
    permission: 'granted',
    streamLive: true,
    viewers: 23,
    replies: { sent: 148, dropped: 3, lastDropped: { why: 'viewer-limit', at: ago(190) } },
    retryAt: null,
    ...changes,
  }
}

/** A bot that nobody ever turned on. */
export function newBot(changes: Partial<BotView> = {}): BotView {
  return sampleBot({
    desired: false,
    state: 'inactive',
    owner: null,
    since: null,
    speaker: null,
    permission: 'missing',
    streamLive: null,
    viewers: 0,
    replies: { sent: 0, dropped: 0, lastDropped: null },
    ...changes,
  })
}

/** A bot that cannot work, for a reason that is half a minute old. */
export function troubledBot(code: string, changes: Partial<BotView> = {}): BotView {
  return newBot({ desired: true, lastError: { code, at: ago(30) }, ...changes })
}

export function chatTest(
  understood: Partial<ChatTestAnswer['understood']>,
  facts: Partial<Omit<ChatTestAnswer, 'understood'>> = {},
): ChatTestAnswer {
  return {
    messageId: randomUUID(),
    reply: null,
    joined: false,
    onStage: true,
    understood: { command: null, reaction: null, permitted: true, ignored: false, ...understood },
    ...facts,
  }
}

function overlay(facts: Record<string, unknown>): Record<string, unknown> {
  return { instance: randomUUID(), tier: 'canvas2d', active: true, preview: false, ...facts }
}

/** What a test button made: received just now, on its way. */
export function newTestDonation(body: unknown): LedgerEntry {
  const { name, amount, currency, message } = body as Record<string, string | null>
  return entry({ donor: name, amount, currency, message, test: true, provider: 'test' }, 0, 'queued')
}

/** A donation that was made some seconds ago and came as far as its state. */
export function entry(facts: Record<string, unknown>, secondsAgo: number, state = 'shown'): LedgerEntry {
  const at = (later: number, reached: boolean) => (reached ? ago(secondsAgo - later) : null)
  const alert = state !== 'history'
  const started = ['started', 'shown', 'interrupted'].includes(state)
  return {
    id: randomUUID(),
    alertId: alert ? randomUUID() : null,
    seed: seedFromText(String(facts.donor)),
    provider: 'donationalerts',
    source: 'push',
    donor: 'Nightfox',
    amount: '100.00',
    currency: 'RUB',
    message: '',
    messageKind: 'text',
    test: false,
    history: !alert,
    replay: false,
    state,
    made: ago(secondsAgo),
    received: at(0.4, true),
    queued: at(0.5, alert),
    offered: at(1.1, started || state === 'offered'),
    started: at(1.3, started),
    shown: at(9.3, state === 'shown'),
    skipped: at(4, state === 'skipped'),
    missed: at(600, state === 'missed'),
    interrupted: at(5, state === 'interrupted'),
    overlay: started ? 'c0ffee00-1111' : null,
    ...facts,
  }
}

function sampleLedger(): LedgerEntry[] {
  const words = 'Смотрю вас с самого первого стрима, когда в чате нас было пятеро, а камера всё время падала. Спасибо!'
  const recent = [
    entry({ donor: 'Ночной Лис', amount: '150.00', message: 'Привет из Омска!' }, 12, 'queued'),
    entry({ donor: 'captain_coffee', amount: '20.00', currency: 'USD', message: 'GG, what a run 🎉🔥' }, 25, 'queued'),
    entry({ donor: 'Кот Учёный', amount: '500.00', message: 'Спасибо за стрим! Удачи в финале 💜' }, 40, 'started'),
    entry({ donor: null, amount: '77.70', message: '' }, 190),
    entry({ donor: 'Тётя Валя', amount: '1000.00', message: words, source: 'recovery' }, 420),
    entry({ donor: 'Chatfolk', test: true, provider: 'test', message: 'Проверка связи' }, 610),
    entry({ donor: 'speedrun_dad', amount: '5.00', currency: 'USD', message: 'Skip the cutscene!' }, 1_300, 'skipped'),
    entry({ donor: 'ДлинныйНикБезПробеловКоторыйНичемНеПереносится', amount: '50.00', message: 'ы'.repeat(90) }, 2_100),
    entry({ donor: 'Мурат', amount: '5000.00', currency: 'KZT', message: 'Алматы с вами!', source: 'sweep' }, 5_000),
    entry(
      { donor: 'voice_of_spring', amount: '300.00', messageKind: 'audio', message: 'https://a.example/1.mp3' },
      7_000,
    ),
    entry({ donor: 'Позавчерашний', amount: '200.00', message: 'Когда стрим?' }, 90_000, 'missed'),
    entry({ donor: 'Лена', amount: '250.00', message: 'Ой, мигнуло', replay: true }, 93_000, 'interrupted'),
  ]
  const older = Array.from({ length: 18 }, (_, n) =>
    entry(
      { donor: `Зритель ${n + 1}`, amount: `${(n + 1) * 50}.00`, message: 'До подключения' },
      200_000 + n * 4_000,
      'history',
    ),
  )
  return [...recent, ...older]
}
