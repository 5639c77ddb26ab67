import type { Clock } from '../../base/clock.ts'

/** What comes back within a moment of a hand-over. */
export interface OwnLegacy {
  ids: string[]
  /** Of messages whose ids nobody knows yet. */
  words: string[]
}

/** Newest first. A channel's bot says no more within the seconds in which its words come back. */
const MOST_PASSED_ON = 20

/**
 * What the bot itself said. Where a streamer's own account speaks, this alone tells the bot's words from the streamer's:
 * both come back as events of the same person, the bot's maybe before its sending was answered.
 */
export interface OwnMessages {
  /** Remembers a message on its way; the result of its sending decides what is known of it. */
  sending(channelId: string, text: string, sent: Promise<string | null>): void
  /** Whether the bot said this. A promise, while a message is on its way whose id nobody knows yet. */
  isOurs(channelId: string, message: { id: string; text: string }): boolean | Promise<boolean>
  /** What the next owner of the channel's bot is to know; `null` where nothing was said. */
  legacy(channelId: string): OwnLegacy | null
  /** What the owner before passed on; whatever is none is left alone. */
  inherit(channelId: string, legacy: unknown): void
  /** Forgets what can come back no more. */
  sweep(): void
}

/** Events come within seconds; Twitch may deliver one again some minutes later. */
const REMEMBER_MS = 10 * 60 * 1_000
/** Nobody knows the id of a message whose answer got lost. Its words alone are known, and soon not specific any more. */
const REMEMBER_WORDS_MS = 60 * 1_000

interface Known {
  /** Message id → until when it is remembered. */
  ids: Map<string, number>
  /** With its words. */
  pending: Map<Promise<unknown>, string>
  /** Words of messages that may have been said. */
  lost: Array<{ text: string; until: number }>
}

export function createOwnMessages(clock: Pick<Clock, 'monotonic'>): OwnMessages {
  const channels = new Map<string, Known>()

  return {
    sending(channelId, text, sent) {
      const known = knownOf(channelId)
      const settled = sent.then(
        (id) => void (id !== null && known.ids.set(id, clock.monotonic() + REMEMBER_MS)),
        () => void known.lost.push({ text, until: clock.monotonic() + REMEMBER_WORDS_MS }),
      )
      known.pending.set(settled, text)
      void settled.then(() => known.pending.delete(settled))
    },
    isOurs(channelId, message) {
      const known = channels.get(channelId)
      if (!known) return false
      if (recognise(known, message)) return true
      if (known.pending.size === 0) return false
      return Promise.all(known.pending.keys()).then(() => recognise(known, message))
    },
    legacy(channelId) {
      const known = channels.get(channelId)
      if (!known) return null
      const words = [...known.lost.map(({ text }) => text), ...known.pending.values()]
      return {
        ids: [...known.ids.keys()].toReversed().slice(0, MOST_PASSED_ON),
        words: words.toReversed().slice(0, MOST_PASSED_ON),
      }
    },
    inherit(channelId, legacy) {
      const { ids, words } = (legacy ?? {}) as Partial<Record<keyof OwnLegacy, unknown>>
      const now = clock.monotonic()
      for (const id of textsIn(ids)) knownOf(channelId).ids.set(id, now + REMEMBER_MS)
      for (const text of textsIn(words)) knownOf(channelId).lost.push({ text, until: now + REMEMBER_WORDS_MS })
    },
    sweep() {
      const now = clock.monotonic()
      for (const [channelId, known] of channels) {
        for (const [id, until] of known.ids) if (until <= now) known.ids.delete(id)
        known.lost = known.lost.filter(({ until }) => until > now)
        if (known.ids.size + known.pending.size + known.lost.length === 0) channels.delete(channelId)
      }
    },
  }

  function knownOf(channelId: string): Known {
    const known: Known = channels.get(channelId) ?? { ids: new Map(), pending: new Map(), lost: [] }
    channels.set(channelId, known)
    return known
  }

  function recognise(known: Known, { id, text }: { id: string; text: string }): boolean {
    if (known.ids.has(id)) return true
    const now = clock.monotonic()
    // Twitch puts the name of who is answered before the words.
    const match = known.lost.find((lost) => lost.until > now && text.endsWith(lost.text))
    if (!match) return false
    known.lost = known.lost.filter((lost) => lost !== match)
    known.ids.set(id, now + REMEMBER_MS)
    return true
  }
}

/** In the order in which they were said. */
function textsIn(legacy: unknown): string[] {
  if (!Array.isArray(legacy)) return []
  return legacy
    .slice(0, MOST_PASSED_ON)
    .filter((each: unknown): each is string => typeof each === 'string' && each !== '')
    .toReversed()
}
