import type { Clock } from '../base/clock.ts'
import type { Metrics } from '../base/metrics.ts'
import { encodeFrame } from '../domain/overlay-frame.ts'
import type { OverlayEvent, OverlayEvents, OverlayRole } from '../domain/overlay-protocol.ts'
import type { StageEvent } from '../domain/stage.ts'

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

export interface OverlayPresence extends OverlayReport {
  instance: string
  obs: boolean
  preview: boolean
  role: OverlayRole
  since: number
}

interface Seat {
  connection: OverlayConnection
  report: OverlayReport
  since: number
  role: OverlayRole
  /** Frames that came while the snapshot was being read; `null` once it was written. */
  held: HeldFrame[] | null
}

interface HeldFrame {
  frame: Buffer
  now: boolean
  /** The last number that it takes of the stage's; `null` where it changes no stage. */
  seq: number | null
}

interface House {
  /** Never empty: a house whose last overlay left is forgotten. One of the seats is the primary's. */
  seats: Set<Seat>
}

export interface OverlayAudienceOptions {
  clock: Clock
  metrics: Pick<Metrics, 'overlayConnections' | 'overlayFrames'>
  /** Grows with each start of the node: frames of an earlier life are never taken for this one's. */
  epoch: number
  /** A channel's overlays came, went or changed what they show. */
  onChange(channelId: string): void
}

/** Frames of a lively minute. A snapshot takes milliseconds; one that does not come is no reason to keep them all. */
const MOST_HELD = 1_000

export type OverlayAudience = ReturnType<typeof createOverlayAudience>

/** Who watches which channel on this node: the open overlays, which of them is primary, and the frames to all of them. */
export function createOverlayAudience({ clock, metrics, epoch, onChange }: OverlayAudienceOptions) {
  const houses = new Map<string, House>()
  /** Where stages stand that have moved; kept without overlays too, for numbers of an epoch never go back. */
  const seqs = new Map<string, number>()
  let seatCount = 0

  countSeats()

  const seqOf = (channelId: string) => seqs.get(channelId) ?? 0
  const seatsOf = (channelId: string) => houses.get(channelId)?.seats ?? new Set<Seat>()

  return {
    epoch,

    /** Where the stage of a channel stands. */
    seq: seqOf,

    channels: () => [...houses.keys()],

    /** Open overlays of all channels. */
    count: () => seatCount,

    /** What role this overlay would have if it came now. */
    roleOf(
      channelId: string,
      candidate: Pick<OverlayConnection, 'instance' | 'obs' | 'preview'>,
      visible: boolean,
    ): OverlayRole {
      const rivals = [...seatsOf(channelId)].filter((seat) => seat.connection.instance !== candidate.instance)
      const score = rate(candidate, visible)
      return rivals.some((seat) => rate(seat.connection, seat.report.visible) >= score) ? 'mirror' : 'primary'
    },

    /**
     * Seats a connection. Its first frame is the snapshot that `open` writes; what happens meanwhile is held back and
     * follows. A page that comes back replaces its own earlier connection. `leave` may be called more than once.
     */
    join(channelId: string, connection: OverlayConnection, report: OverlayReport) {
      const house = houses.get(channelId) ?? { seats: new Set<Seat>() }
      houses.set(channelId, house)
      const former = [...house.seats].find((seat) => seat.connection.instance === connection.instance)
      const seat: Seat = { connection, report, since: clock.now(), role: former?.role ?? 'mirror', held: [] }
      // Seated before the former goes, so that the part stays with the page and the house is never empty.
      house.seats.add(seat)
      seatCount++
      former?.connection.end('replaced')
      elect(channelId, house)
      countSeats()
      onChange(channelId)
      return {
        open(snapshot: OverlayEvents['snapshot']) {
          const held = seat.held ?? []
          seat.held = null
          put(seat, encode('snapshot', snapshot.seq, snapshot), 'snapshot', true)
          // What happened between the seat and the snapshot is in the picture already.
          for (const { frame, now, seq } of held)
            if (seq === null || seq > snapshot.seq) connection.write(frame, { now })
          put(seat, encode('role', seqOf(channelId), { role: seat.role }), 'role', true)
          onChange(channelId)
        },
        /** A word to this one overlay. */
        tell<Type extends OverlayEvent>(type: Type, d: OverlayEvents[Type]) {
          put(seat, encode(type, seqOf(channelId), d), type, false)
        },
        leave() {
          if (!house.seats.delete(seat)) return
          seatCount--
          if (house.seats.size === 0) houses.delete(channelId)
          else elect(channelId, house)
          countSeats()
          onChange(channelId)
        },
      }
    },

    report(channelId: string, instance: string, report: OverlayReport): boolean {
      const house = houses.get(channelId)
      const seat = [...(house?.seats ?? [])].find((candidate) => candidate.connection.instance === instance)
      if (!house || !seat) return false
      seat.report = report
      elect(channelId, house)
      onChange(channelId)
      return true
    },

    broadcast,

    /** Somebody may see this channel's stage here. */
    isWatched: (channelId: string) => houses.has(channelId),

    /** What happened on a stage within one frame, in order: numbered one by one, encoded and written as one. */
    broadcastStage(channelId: string, events: readonly StageEvent[]) {
      const house = houses.get(channelId)
      if (!house) return
      let seq = seqOf(channelId)
      let text = ''
      for (const { type, at, d } of events) {
        text += encodeFrame({ epoch, seq: ++seq }, type, at, d)
        metrics.overlayFrames.inc({ type }, house.seats.size)
      }
      seqs.set(channelId, seq)
      const frame = Buffer.from(text)
      for (const seat of house.seats) {
        pass(seat, { frame, now: false, seq })
      }
    },

    /** The keep-alive of all streams of this node: one frame a channel, one timer for all. */
    pingAll() {
      for (const channelId of houses.keys()) broadcast(channelId, 'ping', { seq: seqOf(channelId) })
    },

    /** The overlay that offers go to: the primary, where it is open and can be seen. */
    stageFor(channelId: string): { instance: string; preview: boolean } | undefined {
      const primary = [...seatsOf(channelId)].find((seat) => seat.role === 'primary')
      if (!primary || primary.held || !primary.report.visible) return undefined
      return { instance: primary.connection.instance, preview: primary.connection.preview }
    },

    /** A streamer's own overlay, not the dashboard's preview, is connected. */
    isLive: (channelId: string) => [...seatsOf(channelId)].some((seat) => !seat.connection.preview),

    isHere: (channelId: string, instance: string) =>
      [...seatsOf(channelId)].some((seat) => seat.connection.instance === instance),

    presence: (channelId: string): OverlayPresence[] =>
      [...seatsOf(channelId)].map((seat) => ({
        ...seat.report,
        instance: seat.connection.instance,
        obs: seat.connection.obs,
        preview: seat.connection.preview,
        role: seat.role,
        since: seat.since,
      })),

    /** Cuts the streams that were opened with an older overlay key. */
    cutOlderThan(channelId: string, keyRev: number) {
      for (const seat of seatsOf(channelId)) if (seat.connection.keyRev < keyRev) seat.connection.end('key-rotated')
    },

    /** Ends the oldest mirror, so that a page that was opened just now is not refused. @returns false where there is none. */
    makeRoom(channelId: string): boolean {
      const oldest = [...seatsOf(channelId)].find((seat) => seat.role === 'mirror')
      oldest?.connection.end('crowded')
      return oldest !== undefined
    },

    endAll(reason: string) {
      for (const house of houses.values()) for (const seat of house.seats) seat.connection.end(reason)
    },
  }

  /** One frame for all overlays of a channel, encoded once. `stage`: it changes the stage and takes the next number. */
  function broadcast<Type extends OverlayEvent>(
    channelId: string,
    type: Type,
    d: OverlayEvents[Type],
    { stage = false, now = false } = {},
  ) {
    const house = houses.get(channelId)
    if (!house) return
    if (stage) seqs.set(channelId, seqOf(channelId) + 1)
    const frame = encode(type, seqOf(channelId), d)
    for (const seat of house.seats) put(seat, frame, type, now, stage ? seqOf(channelId) : null)
  }

  function encode<Type extends OverlayEvent>(type: Type, seq: number, d: OverlayEvents[Type]): Buffer {
    return Buffer.from(encodeFrame({ epoch, seq }, type, clock.now(), d))
  }

  function put(seat: Seat, frame: Buffer, type: OverlayEvent, now: boolean, seq: number | null = null) {
    metrics.overlayFrames.inc({ type })
    pass(seat, { frame, now, seq })
  }

  function pass(seat: Seat, held: HeldFrame) {
    if (!seat.held) return seat.connection.write(held.frame, { now: held.now })
    seat.held.push(held)
    // The database hangs: the page comes back to a snapshot, as any other that cannot follow.
    if (seat.held.length > MOST_HELD) seat.connection.end('no-snapshot')
  }

  function elect(channelId: string, house: House) {
    let best: Seat | undefined
    for (const seat of house.seats) {
      const score = rate(seat.connection, seat.report.visible)
      const bestScore = best ? rate(best.connection, best.report.visible) : -1
      // Whoever has the part keeps it against an equal; otherwise who came first.
      if (score > bestScore || (score === bestScore && seat.role === 'primary')) best = seat
    }
    for (const seat of house.seats) {
      const role: OverlayRole = seat === best ? 'primary' : 'mirror'
      if (role === seat.role) continue
      seat.role = role
      if (!seat.held) put(seat, encode('role', seqOf(channelId), { role }), 'role', true)
    }
  }

  function countSeats() {
    metrics.overlayConnections.set({ role: 'primary' }, houses.size)
    metrics.overlayConnections.set({ role: 'mirror' }, seatCount - houses.size)
  }
}

/** OBS before a browser tab before the dashboard's preview; whatever can be seen before whatever cannot. */
function rate({ obs, preview }: Pick<OverlayConnection, 'obs' | 'preview'>, visible: boolean): number {
  return (visible ? 4 : 0) + (preview ? 0 : obs ? 2 : 1)
}
