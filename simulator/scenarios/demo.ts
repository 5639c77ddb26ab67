import type { Clock } from '../clock.ts'
import type { Donations } from '../donationalerts/donations.ts'
import type { SocketServer } from '../donationalerts/socket.ts'
import type { People, PersonFields } from '../people.ts'
import type { Random } from '../random.ts'
import { makeUpDonation } from './made-up-donation.ts'

export const DEMO_STREAMER = {
  twitchId: '1001',
  login: 'demo',
  name: 'DemoStreamer',
  daId: '7001',
} as const satisfies PersonFields

export interface DemoOptions {
  clock: Clock
  random: Random
  sockets: SocketServer
  donations: Donations
  people: People
}

const FIRST_AFTER_MS = 2_000
/** Longer than the demo's alerts last, so that they do not pile up before somebody's eyes. */
const PAUSE_MIN_MS = 8_000
const PAUSE_MAX_MS = 12_000

const LOOK_AGAIN_MS = 1_000

/**
 * An evening with the demo streamer. It begins when somebody listens and goes on over short drops of the socket; a
 * listener who has been away for long does not come back to thousands of donations. Whoever started this process may
 * hold the evening: as long as nobody watches, nobody donates.
 */
const PATIENCE_MS = 60_000

export function startDemo({ clock, random, sockets, donations, people }: DemoOptions): () => void {
  let cancel: (() => void) | null = null
  let lastHeardAt = 0
  let held = false
  const onMessage = (message: unknown) => {
    held = (message as { hold?: unknown } | null)?.hold === true
  }
  process.on('message', onMessage)

  const isHeard = () => sockets.sessions().some(({ user }) => user === DEMO_STREAMER.daId)
  const next = (delayMs: number) => {
    cancel = clock.after(delayMs, () => {
      cancel = null
      if (isHeard()) lastHeardAt = clock.monotonic()
      const streamer = people.byDaId(DEMO_STREAMER.daId)
      if (!streamer || clock.monotonic() - lastHeardAt > PATIENCE_MS) return
      if (held) return next(LOOK_AGAIN_MS)
      donations.donate(streamer, makeUpDonation(random))
      next(PAUSE_MIN_MS + random() * (PAUSE_MAX_MS - PAUSE_MIN_MS))
    })
  }
  const stopListening = sockets.onSubscribed((user) => {
    if (user !== DEMO_STREAMER.daId) return
    lastHeardAt = clock.monotonic()
    if (!cancel) next(FIRST_AFTER_MS)
  })
  return () => {
    stopListening()
    process.off('message', onMessage)
    cancel?.()
  }
}
