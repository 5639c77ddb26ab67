import type { Clock } from '../clock.ts'
import { pace } from '../pace.ts'
import type { Chat, Say } from './chat.ts'
import type { Chatter } from './chatters.ts'
import { createPreciseNow } from './stamps.ts'

/** Much chat for a while, evenly over channels and viewers. */
export interface LoadFields {
  channels: Chatter[]
  /** The same in number in each channel. */
  viewers: Chatter[][]
  perSecond: number
  durationMs: number
  /** How many of the messages are commands, 0 to 1. */
  commandShare: number
  commands: string[]
  /** Each message ends with ` t=<milliseconds since 1970>`, with three digits behind the point. */
  stamp: boolean
  /** Each so-many-th is told twice: in turn under one id and under two. */
  duplicateEvery: number | null
}

export interface LoadState {
  running: boolean
  planned: number
  sent: number
  commands: number
  /** How far it has fallen behind its plan at most, in messages. */
  behindMax: number
  /** Milliseconds on the simulator's monotonic clock. */
  startedAt: number
  endedAt: number | null
}

export interface Load {
  /** Ends the one before it. */
  start(fields: LoadFields): LoadState
  stop(): void
  state(): LoadState | null
}

const LINES = [
  'привет всем',
  'hello there',
  'как настроение?',
  'nice one',
  'это было близко',
  'what game is this',
  'ахахаха',
  'lol',
  'давай ещё раз',
  'gg',
]

export function createLoad(clock: Clock, chat: Chat): Load {
  const now = createPreciseNow(clock)
  let state: LoadState | null = null
  let cancel = () => {}

  const stop = () => {
    cancel()
    cancel = () => {}
    if (state?.running) Object.assign(state, { running: false, endedAt: clock.monotonic() })
  }
  return {
    start({ channels, viewers, perSecond, durationMs, commandShare, commands, stamp, duplicateEvery }) {
      stop()
      const planned = Math.round((perSecond * durationMs) / 1_000)
      const own: LoadState = {
        running: true,
        planned,
        sent: 0,
        commands: 0,
        behindMax: 0,
        startedAt: clock.monotonic(),
        endedAt: null,
      }
      state = own
      const run = (index: number) => {
        const place = index % channels.length
        const talkers = viewers[place] as Chatter[]
        const round = Math.floor(index / channels.length)
        const isCommand = Math.floor((index + 1) * commandShare) > Math.floor(index * commandShare)
        const words = isCommand ? commands[own.commands % commands.length] : LINES[(index + round) % LINES.length]
        const say: Say = { text: stamp ? `${words} t=${now().toFixed(3)}` : (words ?? '') }
        if (duplicateEvery !== null && (index + 1) % duplicateEvery === 0)
          say.repeat = ((index + 1) / duplicateEvery) % 2 === 1 ? 'same-id' : 'two-ids'
        chat.say(channels[place] as Chatter, talkers[round % talkers.length] as Chatter, say)
        own.sent++
        if (isCommand) own.commands++
        const due = ((clock.monotonic() - own.startedAt) * perSecond) / 1_000
        own.behindMax = Math.max(own.behindMax, Math.floor(due - index))
      }
      cancel = pace(clock, { count: planned, perSecond, run, done: stop })
      return own
    },
    stop,
    state: () => state,
  }
}
