import type { Clock } from '../clock.ts'
import { pick, type Random } from '../random.ts'
import type { Chatter } from '../twitch/chatters.ts'
import type { Twitch } from '../twitch/twitch.ts'
import { DEMO_VIEWERS, type DemoViewer } from './demo-viewers.ts'
import { greet, laugh, makeUpLine, type ChatLine } from './made-up-chat.ts'

export interface DemoChatOptions {
  clock: Clock
  random: Random
  twitch: Twitch
  /** At Twitch. */
  channelId: string
}

const LOOK_EVERY_MS = 1_000
/** One message every 1.5 to 3 s on the whole: the pause between two is stretched and shortened by waves. */
const PAUSE_MIN_MS = 1_100
const PAUSE_MAX_MS = 3_000
const WAVE_MS = 80_000
const WAVE_SWING = 0.45
/** Something funny happened: so many laugh, one right after the other. */
const LAUGHTER_CHANCE = 0.025
const LAUGHING_MAX = 6
const LAUGHTER_PAUSE_MS = 350
/** After a message some fall silent for minutes: long enough to be seen dozing off. */
const SILENCE_CHANCE = 0.18
const SILENCE_MIN_MS = 2 * 60_000
const SILENCE_MAX_MS = 9 * 60_000
const AWAKE_MIN = 8
/** Now and then a moderator takes a message away, a few seconds later. */
const DELETED_CHANCE = 0.012
const DELETED_AFTER_MS = 4_000
/** Two messages of the same person are no sooner after each other. */
const BREATH_MS = 6_000

/**
 * A lively chat in the demo streamer's channel, for as long as somebody listens to it: a subscription is there and a
 * shard delivers. To nobody nobody talks, so nothing piles up.
 */
export function startDemoChat({ clock, random, twitch, channelId }: DemoChatOptions): () => void {
  const { chat, chatters, conduits, streams, subscriptions } = twitch
  /** On the monotonic clock: when each may talk again. */
  const quietUntil = new Map<string, number>()
  const greeted = new Set<string>()
  let laughing = 0
  /** The evening begins by itself once; whoever ends it by hand finds it ended. */
  let isBegun = false
  let last: { id: string; by: string } | null = null
  let cancel = () => {}
  const reminders = new Set<() => void>()

  const isHeard = () =>
    subscriptions.about('channel.chat.message', channelId).some(({ conduitId }) => {
      const shards = conduits.get(conduitId)?.shards.values() ?? []
      return [...shards].some(({ status }) => status === 'enabled')
    })
  const later = (ms: number, run: () => void) => {
    const forget = clock.after(ms, () => {
      reminders.delete(forget)
      run()
    })
    reminders.add(forget)
  }

  const nextTalker = (): DemoViewer => {
    const now = clock.monotonic()
    const awake = DEMO_VIEWERS.filter(({ login }) => (quietUntil.get(login) ?? 0) <= now)
    const viewer = pick(random, awake.length > 0 ? awake : DEMO_VIEWERS)
    const fallsSilent = awake.length > AWAKE_MIN && random() < SILENCE_CHANCE
    const silenceMs = fallsSilent ? SILENCE_MIN_MS + random() * (SILENCE_MAX_MS - SILENCE_MIN_MS) : BREATH_MS
    quietUntil.set(viewer.login, now + silenceMs)
    return viewer
  }
  const lineOf = ({ login, language }: DemoViewer): ChatLine => {
    if (laughing > 0) return laugh(random, language)
    if (greeted.has(login) || random() < 0.35) return makeUpLine(random, language)
    greeted.add(login)
    return greet(random, language)
  }
  const talk = (channel: Chatter) => {
    const viewer = nextTalker()
    const from = chatters.find(viewer.login)
    if (!from) return
    const { text, bits = 0, isAnswer = false } = lineOf(viewer)
    const replyTo = isAnswer && last && last.by !== from.id ? last.id : undefined
    const said = chat.say(channel, from, { text, bits, replyTo })
    if (laughing > 0) laughing--
    else if (random() < LAUGHTER_CHANCE) laughing = 3 + Math.floor(random() * (LAUGHING_MAX - 2))
    if ('excluded' in said) return
    last = { id: said.id, by: from.id }
    if (random() < DELETED_CHANCE) later(DELETED_AFTER_MS, () => void chat.deleteMessage(said.id))
  }
  const pauseMs = () => {
    if (laughing > 0) return LAUGHTER_PAUSE_MS * (0.5 + random())
    const wave = 1 + WAVE_SWING * Math.sin((clock.monotonic() / WAVE_MS) * 2 * Math.PI)
    return (PAUSE_MIN_MS + random() * (PAUSE_MAX_MS - PAUSE_MIN_MS)) * wave
  }

  const look = () => {
    const channel = chatters.byId(channelId)
    if (!channel || !isHeard()) {
      isBegun = false
      cancel = clock.after(LOOK_EVERY_MS, look)
      return
    }
    // The evening is on air as soon as anybody could be told so.
    if (!isBegun && subscriptions.about('stream.online', channelId).length > 0) {
      isBegun = true
      streams.set(channel, true)
    }
    talk(channel)
    cancel = clock.after(pauseMs(), look)
  }
  cancel = clock.after(LOOK_EVERY_MS, look)
  return () => {
    cancel()
    for (const forget of reminders) forget()
  }
}
