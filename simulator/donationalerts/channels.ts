import type { Clock } from '../clock.ts'
import { pick, type Random } from '../random.ts'
import type { Switches } from '../switches.ts'
import { joinPush, leavePush, publicationPush, type Member, type Publication } from './frames.ts'
import { channelSettings, type ChannelSettings } from './namespaces.ts'

/** A connection that listens to a channel. */
export interface Listener extends Member {
  push(line: string): void
  /** The channel moved on without this listener having been told: a real server closes with 3010. */
  lostTrack(): void
}

/** How a publication goes out to those who listen now. History has it in any case. */
export type Delivery = 'once' | 'twice' | 'never'

/** Where a client says it stopped. */
export interface Since {
  seq: number
  epoch: string
}

export interface Standing {
  position: { seq: number; epoch: string } | null
  /** Newest first. */
  publications: Publication[]
  recovered: boolean
}

export interface Channels {
  /** `null`: no such namespace. */
  settings(channel: string): ChannelSettings | null
  listen(channel: string, listener: Listener): void
  join(channel: string, listener: Listener): void
  leave(channel: string, listener: Listener): void
  isListening(channel: string, listener: Listener): boolean
  listeners(channel: string): number
  listening(channel: string): Listener[]
  /** Where the channel stands, and what came after `since`. */
  standing(channel: string, since: Since | null): Standing
  /** Newest first. */
  history(channel: string): Publication[]
  /** The publication's number; `null` in a channel without history. `data` is JSON text. */
  publish(channel: string, data: string, delivery?: Delivery): number | null
  /** The next `count` publications are held, then sent in reverse order. 0 sends what is held. */
  hold(channel: string, count: number): void
  /** As after a crash of the server's memory: history gone, numbers from 1, another epoch. Listeners stay. */
  resetEpoch(channel: string): void
  clear(): void
}

interface Channel {
  settings: ChannelSettings
  epoch: string
  seq: number
  /** Oldest first. */
  history: Publication[]
  historyEndsAt: number
  /** By client, with the number that each was last told. */
  listeners: Map<string, { listener: Listener; seq: number }>
  held: Array<() => void>
  holdCount: number
}

const EPOCH_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.split('')

export function createChannels(clock: Clock, random: Random, switches: Switches): Channels {
  const channels = new Map<string, Channel>()
  const makeEpoch = () => Array.from({ length: 4 }, () => pick(random, EPOCH_LETTERS)).join('')

  const open = (name: string): Channel => {
    const settings = channelSettings(name, switches)
    if (!settings) throw new Error(`there is no namespace for ${name}`)
    const known = channels.get(name)
    // Switches may have been turned since.
    if (known) return Object.assign(known, { settings })
    const channel: Channel = {
      settings,
      epoch: makeEpoch(),
      seq: 0,
      history: [],
      historyEndsAt: 0,
      listeners: new Map(),
      held: [],
      holdCount: 0,
    }
    channels.set(name, channel)
    return channel
  }
  /** The whole history ends at once, some time after the last publication. The numbers go on. */
  const historyOf = (channel: Channel): Publication[] => {
    if (channel.historyEndsAt <= clock.monotonic()) channel.history = []
    const { historySize } = channel.settings
    if (channel.history.length > historySize) channel.history.splice(0, channel.history.length - historySize)
    return channel.history
  }
  const tell = (channel: Channel, line: string) => {
    for (const { listener } of channel.listeners.values()) listener.push(line)
  }
  const release = (channel: Channel) => {
    const { held } = channel
    channel.held = []
    channel.holdCount = 0
    for (const send of held.toReversed()) send()
  }
  const deliver = (channel: Channel, name: string, seq: number | null, data: string, delivery: Delivery) => {
    if (delivery === 'never') return
    const line = publicationPush(name, seq, data)
    const watchesGaps = switches.closeOnGap && channel.settings.recovery
    // A listener that has lost track leaves while we walk: a Map allows that.
    for (const told of channel.listeners.values()) {
      const { listener } = told
      if (watchesGaps && seq !== told.seq + 1) {
        listener.lostTrack()
        continue
      }
      told.seq = seq ?? 0
      listener.push(line)
      if (delivery === 'twice') listener.push(line)
    }
  }

  return {
    settings: (name) => channelSettings(name, switches),
    listen(name, listener) {
      const { listeners, seq } = open(name)
      listeners.set(listener.client, { listener, seq })
    },
    join(name, listener) {
      const channel = open(name)
      if (channel.settings.joinLeave && channel.listeners.has(listener.client)) tell(channel, joinPush(name, listener))
    },
    leave(name, listener) {
      const channel = channels.get(name)
      if (!channel?.listeners.has(listener.client)) return
      // One hears oneself leave.
      if (channel.settings.joinLeave) tell(channel, leavePush(name, listener))
      channel.listeners.delete(listener.client)
    },
    isListening: (name, { client }) => channels.get(name)?.listeners.has(client) ?? false,
    listeners: (name) => channels.get(name)?.listeners.size ?? 0,
    listening: (name) => [...(channels.get(name)?.listeners.values() ?? [])].map(({ listener }) => listener),
    standing(name, since) {
      const channel = open(name)
      const { seq, epoch, settings } = channel
      if (!settings.recovery) return { position: null, publications: [], recovered: false }
      const missed = since ? historyOf(channel).filter((publication) => publication.seq > since.seq) : []
      const isComplete = since !== null && (since.seq === seq || missed[0]?.seq === since.seq + 1)
      return {
        position: { seq, epoch },
        publications: missed.toReversed(),
        recovered: isComplete && since.epoch === epoch,
      }
    },
    history: (name) => historyOf(open(name)).toReversed(),
    publish(name, data, delivery = 'once') {
      const channel = open(name)
      const { historySize, historyTtlMs } = channel.settings
      const seq = historySize > 0 ? ++channel.seq : null
      if (seq !== null) {
        historyOf(channel).push({ seq, data })
        channel.historyEndsAt = clock.monotonic() + historyTtlMs
      }
      const send = () => deliver(channel, name, seq, data, delivery)
      if (channel.holdCount === 0) send()
      else if (channel.held.push(send) >= channel.holdCount) release(channel)
      return seq
    },
    hold(name, count) {
      const channel = open(name)
      if (count === 0 || channel.held.length >= count) release(channel)
      channel.holdCount = count
    },
    resetEpoch(name) {
      const channel = open(name)
      Object.assign(channel, { epoch: makeEpoch(), seq: 0, history: [], held: [], holdCount: 0 })
    },
    clear: () => channels.clear(),
  }
}
