import type { Metrics } from '../../base/metrics.ts'
import { encodeFrame, type FrameId } from '../../domain/overlay-frame.ts'
import type { OverlayEvent, OverlayEvents, OverlayRole } from '../../domain/overlay-protocol.ts'

/** One open stream to an overlay page, as the stream's transport offers it. */
export interface OverlayConnection {
  /** The page's own random id. */
  readonly instance: string
  readonly obs: boolean
  /** The dashboard's preview: shows tests, never takes a real donation from OBS. */
  readonly preview: boolean
  readonly keyRev: number
  /** Queues a frame for the end of this tick, or sends it at once. Never blocks; a client too slow is cut by the transport. */
  write(frame: Buffer, options: { now: boolean }): void
  end(reason: string): void
}

/** What an overlay last told of itself. */
export interface OverlayReport {
  visible: boolean
  active: boolean
  fps: number | null
  tier: string | null
}

/** Frames that change a stage, encoded, with the numbers they take: `first` to `last` of an epoch. */
export interface StageFrames {
  epoch: number
  first: number
  last: number
  text: string
}

/** What waits for a snapshot: frames of the stage, or a word that changes none. */
type Held = StageFrames | ((at: FrameId) => { frame: Buffer; now: boolean })

export type Seat = ReturnType<typeof createSeat>

/** With the end of this tick. */
const LATER = { now: false }

/** Frames of a lively minute. A snapshot takes milliseconds; one that does not come is no reason to keep them all. */
const MOST_HELD = 1_000

/** One overlay in its seat: it is shown a snapshot and every frame after it once and in order, whatever arrives here. */
export function createSeat({
  metrics,
  ...what
}: {
  connection: OverlayConnection
  report: OverlayReport
  since: number
  role: OverlayRole
  metrics: Pick<Metrics, 'overlayFrames'>
}) {
  const { connection } = what
  /** It has had its first snapshot. */
  let open = false
  /** What came while a snapshot was on its way; `null` while none is awaited. */
  let held: Held[] | null = []
  /** An alert must not overtake a snapshot that was read before it: the page would take it for over. */
  let holdsWords = true
  const nowhere: FrameId = { epoch: 0, seq: 0 }
  const seat = {
    ...what,
    /** The last number that it was told. */
    at: nowhere,
    isOpen: () => open,

    /** From here on everything waits for the snapshot that is about to be read. */
    hold() {
      held ??= []
      holdsWords = true
    },

    /** The snapshot did not come, and another is tried later: only what changes the stage waits for it. */
    letWordsPass() {
      if (!open || !held) return
      const words = held.filter((one) => typeof one === 'function')
      held = held.filter((one) => typeof one !== 'function')
      holdsWords = false
      for (const word of words) write(word)
    },

    /** The snapshot does not come. What was held is lost: the next frame finds a hole. */
    stopWaiting() {
      seat.letWordsPass()
      if (open) held = null
    },

    /** Nothing lies between what it was told and this position, or it waits for a snapshot anyhow. */
    follows: ({ epoch, seq }: FrameId) => held !== null || (seat.at.epoch === epoch && seat.at.seq >= seq),

    /**
     * `whole`: all of them, encoded; `to`: where they lead.
     * @returns false where it missed something before these: they wait for a snapshot.
     */
    pass(frames: StageFrames, whole: Buffer, to: FrameId): boolean {
      if (held) {
        keep(held, frames)
        return true
      }
      if (frames.epoch !== seat.at.epoch || frames.first > seat.at.seq + 1) {
        // An old owner's last words, after the new one's snapshot.
        if (frames.epoch < seat.at.epoch) return true
        held = [frames]
        holdsWords = false
        return false
      }
      writeRest(frames, whole, to)
      return true
    },

    /** A word that changes no stage: it repeats the last number. `encoded`: for this very position. */
    tell<Type extends OverlayEvent>(type: Type, at: number, d: OverlayEvents[Type], now = false, encoded?: Buffer) {
      metrics.overlayFrames.inc({ type })
      if (held && holdsWords) keep(held, (id) => ({ frame: Buffer.from(encodeFrame(id, type, at, d)), now }))
      else connection.write(encoded ?? Buffer.from(encodeFrame(seat.at, type, at, d)), { now })
    },

    /**
     * The snapshot, and what was held and follows it. @returns false where something is missing in between, up to the
     * position that the stage has reached: nothing was written then, and it waits for another.
     */
    show(at: FrameId, time: number, snapshot: OverlayEvents['snapshot'], reached: FrameId): boolean {
      if (!held) return true
      if (!leadsTo(at, held, reached)) {
        held = held.filter((one) => typeof one === 'function' || one.epoch >= at.epoch)
        return false
      }
      const waiting = held
      held = null
      open = true
      seat.at = at
      metrics.overlayFrames.inc({ type: 'snapshot' })
      connection.write(Buffer.from(encodeFrame(at, 'snapshot', time, snapshot)), { now: true })
      for (const one of waiting) {
        if (typeof one !== 'function') writeRest(one)
        else write(one)
      }
      return true
    },
  }
  return seat

  function keep(waiting: Held[], one: Held) {
    waiting.push(one)
    // The snapshot does not come: the page comes back to one, as any other that cannot follow.
    if (waiting.length > MOST_HELD) connection.end('no-snapshot')
  }

  function write(word: Exclude<Held, StageFrames>) {
    const { frame, now } = word(seat.at)
    connection.write(frame, { now })
  }

  /** What happened before the snapshot is in the picture already. */
  function writeRest(
    frames: StageFrames,
    whole: Buffer = Buffer.from(frames.text),
    to: FrameId = { epoch: frames.epoch, seq: frames.last },
  ) {
    const { epoch, seq } = seat.at
    if (frames.epoch !== epoch || frames.last <= seq || frames.first > seq + 1) return
    connection.write(frames.first === seq + 1 ? whole : Buffer.from(lastFrames(frames, frames.last - seq)), LATER)
    seat.at = to
  }
}

function leadsTo(at: FrameId, held: readonly Held[], reached: FrameId): boolean {
  let { seq } = at
  for (const one of held) {
    if (typeof one === 'function' || one.epoch < at.epoch) continue
    if (one.epoch > at.epoch || one.first > seq + 1) return false
    seq = Math.max(seq, one.last)
  }
  return at.epoch > reached.epoch || (at.epoch === reached.epoch && seq >= reached.seq)
}

/** Frames end with an empty line, and have none inside. */
function lastFrames({ text }: StageFrames, count: number): string {
  return text
    .split('\n\n')
    .slice(-1 - count)
    .join('\n\n')
}
