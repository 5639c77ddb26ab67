import type { Clock } from '../../base/clock.ts'
import type { Metrics } from '../../base/metrics.ts'
import { encodeFrame, type FrameId } from '../../domain/overlay-frame.ts'
import type { OverlayEvent, OverlayEvents, OverlayRole } from '../../domain/overlay-protocol.ts'
import type { StageEvent } from '../../domain/stage.ts'
import { rate, type Candidate } from './elect-primary.ts'
import { createSeat, type OverlayConnection, type OverlayReport, type Seat, type StageFrames } from './overlay-seat.ts'
import { createSeatRoles, presenceOf, type OverlayPresence } from './seat-roles.ts'

interface House {
  /** Never empty: a house whose last overlay left is forgotten. */
  seats: Set<Seat>
}

export interface OverlayAudienceOptions {
  clock: Clock
  metrics: Pick<Metrics, 'overlayConnections' | 'overlayFrames'>
  /** Under which a stage is numbered that nobody gave another one. */
  epoch(): number
  /** Overlays of the channel that are open on other nodes. */
  others?(channelId: string): readonly Candidate[]
  /** Somebody on another node watches a stage that is numbered here. */
  isWatchedElsewhere?(channelId: string): boolean
  /** For those: what their overlays are to be told, as the overlays here are. */
  onStageFrames?(channelId: string, frames: StageFrames): void
  /** A channel's overlays came, went or changed what they show. `came`: the one that came just now, if one did. */
  onChange(channelId: string, came: string | null): void
}

export type OverlayAudience = ReturnType<typeof createOverlayAudience>

/** Who watches which channel on this node: the open overlays, which of them is primary, and the frames to all of them. */
export function createOverlayAudience(options: OverlayAudienceOptions) {
  const { clock, metrics, onChange } = options
  const { others = () => [], isWatchedElsewhere = () => false, onStageFrames = () => {} } = options
  const houses = new Map<string, House>()
  /** Where stages stand that have moved; kept without overlays too, for numbers of an epoch never go back. */
  const positions = new Map<string, FrameId>()
  const roles = createSeatRoles({ clock, metrics })

  const positionOf = (channelId: string): FrameId => positions.get(channelId) ?? { epoch: options.epoch(), seq: 0 }
  const elect = (channelId: string, { seats }: House) => roles.elect(seats, others(channelId))
  const nobody: ReadonlySet<Seat> = new Set()
  const seatsOf = (channelId: string) => houses.get(channelId)?.seats ?? nobody
  const primaryOf = (channelId: string) => [...seatsOf(channelId)].find((seat) => seat.role === 'primary')

  return {
    /** Where the stage of a channel stands. */
    position: positionOf,
    seq: (channelId: string) => positionOf(channelId).seq,

    channels: () => [...houses.keys()],

    /** Open overlays of all channels. */
    count: roles.seats,

    /** What role this overlay would have if it came now. */
    roleOf(
      channelId: string,
      candidate: Pick<OverlayConnection, 'instance' | 'obs' | 'preview'>,
      visible: boolean,
    ): OverlayRole {
      const rivals = [...[...seatsOf(channelId)].map(presenceOf), ...others(channelId)]
      const score = rate({ ...candidate, visible })
      return rivals.some((rival) => rival.instance !== candidate.instance && rate(rival) >= score)
        ? 'mirror'
        : 'primary'
    },

    /**
     * Seats a connection. Its first frame is the snapshot that `open` writes; what happens meanwhile is held back and
     * follows. A page that comes back replaces its own earlier connection. `leave` may be called more than once.
     */
    join(channelId: string, connection: OverlayConnection, report: OverlayReport) {
      const house = houses.get(channelId) ?? { seats: new Set<Seat>() }
      houses.set(channelId, house)
      const former = [...house.seats].find((seat) => seat.connection.instance === connection.instance)
      const seat = createSeat({ connection, report, since: clock.now(), role: former?.role ?? 'mirror', metrics })
      // Seated before the former goes, so that the part stays with the page and the house is never empty.
      house.seats.add(seat)
      roles.came(seat)
      former?.connection.end('replaced')
      elect(channelId, house)
      onChange(channelId, connection.instance)
      return {
        /** @returns false where frames are missing between the snapshot and what was held: another is needed. */
        open(
          snapshot: OverlayEvents['snapshot'],
          { epoch = positionOf(channelId).epoch, stale = false } = {},
        ): boolean {
          const at = { epoch, seq: snapshot.seq }
          if (!seat.show(at, clock.now(), snapshot, stale ? at : positionOf(channelId))) return false
          seat.tell('role', clock.now(), { role: seat.role }, true)
          onChange(channelId, null)
          return true
        },
        /** A word to this one overlay. */
        tell<Type extends OverlayEvent>(type: Type, d: OverlayEvents[Type]) {
          seat.tell(type, clock.now(), d)
        },
        leave() {
          if (!house.seats.delete(seat)) return
          roles.left(seat)
          if (house.seats.size === 0) houses.delete(channelId)
          else elect(channelId, house)
          onChange(channelId, null)
        },
      }
    },

    report(channelId: string, instance: string, report: OverlayReport): boolean {
      const house = houses.get(channelId)
      const seat = [...(house?.seats ?? [])].find((candidate) => candidate.connection.instance === instance)
      if (!house || !seat) return false
      const turned = seat.report.visible !== report.visible
      seat.report = report
      // Most say only how many frames they draw.
      if (elect(channelId, house) || turned) onChange(channelId, null)
      return true
    },

    /** The overlays of other nodes changed. */
    reelect(channelId: string) {
      const house = houses.get(channelId)
      if (house && elect(channelId, house)) onChange(channelId, null)
    },

    broadcast,

    /** Somebody may see this channel's stage, on this node or another. */
    isWatched: (channelId: string) => houses.has(channelId) || isWatchedElsewhere(channelId),

    /** An overlay of it is open here. */
    isOpen: (channelId: string) => houses.has(channelId),

    broadcastStage,

    /** What another node numbered, written as it came. @returns whether every overlay here could follow. */
    passStage(channelId: string, frames: StageFrames): boolean {
      const at = positionOf(channelId)
      if (frames.epoch < at.epoch) return true
      if (frames.epoch > at.epoch || frames.last > at.seq) {
        positions.set(channelId, { epoch: frames.epoch, seq: frames.last })
      }
      const { size } = seatsOf(channelId)
      for (const [, type = ''] of frames.text.matchAll(/^event: (.*)$/gm)) metrics.overlayFrames.inc({ type }, size)
      return passToAll(channelId, frames)
    },

    skipNumber(channelId: string) {
      const { epoch, seq } = positionOf(channelId)
      positions.set(channelId, { epoch, seq: seq + 1 })
    },

    /** Numbers go on from here. Overlays that stand elsewhere need a snapshot. @returns whether there are such. */
    moveTo(channelId: string, to: FrameId): boolean {
      positions.set(channelId, to)
      return [...seatsOf(channelId)].some((seat) => !seat.follows(to))
    },

    /** A snapshot is about to be read: everything waits for it. */
    hold(channelId: string) {
      for (const seat of seatsOf(channelId)) seat.hold()
    },

    /** It did not come, and is tried again: only what changes the stage waits for it. */
    letWordsPass(channelId: string) {
      for (const seat of seatsOf(channelId)) seat.letWordsPass()
    },

    /** Some overlay here stands before this position, and nothing is under way to bring it there. */
    isBehind: (channelId: string, to: FrameId) => [...seatsOf(channelId)].some((seat) => !seat.follows(to)),

    /**
     * Brings every overlay that waits to this snapshot, and on to what it missed. A `stale` one is for those alone that
     * know less. @returns whether none waits any longer.
     */
    showAgain(channelId: string, snapshot: OverlayEvents['snapshot'], epoch: number, stale: boolean): boolean {
      const at = { epoch, seq: snapshot.seq }
      const reached = positionOf(channelId)
      let all = !stale
      for (const seat of seatsOf(channelId)) {
        if (!seat.isOpen() || (stale && !isAfter(at, seat.at))) continue
        if (!seat.show(at, clock.now(), snapshot, stale ? at : reached)) all = false
      }
      return all
    },

    /** No snapshot is to be had for now: they stay as they are, and are known to be behind. */
    stopWaiting(channelId: string) {
      for (const seat of seatsOf(channelId)) seat.stopWaiting()
    },

    /** The keep-alive of all streams of this node: one frame a channel, one timer for all. */
    pingAll() {
      for (const channelId of houses.keys()) broadcast(channelId, 'ping', { seq: positionOf(channelId).seq })
    },

    /** The overlay here that offers go to: the primary, where it is open and can be seen. */
    stageFor(channelId: string): { instance: string; preview: boolean } | undefined {
      const primary = primaryOf(channelId)
      if (!primary?.isOpen() || !primary.report.visible) return undefined
      return { instance: primary.connection.instance, preview: primary.connection.preview }
    },

    /** An overlay here could show something, though another one is primary. */
    isSeen: (channelId: string) => [...seatsOf(channelId)].some((seat) => seat.isOpen() && seat.report.visible),

    /** A streamer's own overlay, not the dashboard's preview, is connected here. */
    isLive: (channelId: string) => [...seatsOf(channelId)].some((seat) => !seat.connection.preview),

    isHere: (channelId: string, instance: string) =>
      [...seatsOf(channelId)].some((seat) => seat.connection.instance === instance),

    presence: (channelId: string): OverlayPresence[] => [...seatsOf(channelId)].map(presenceOf),

    /** Cuts the streams that were opened with an older overlay key. */
    cutOlderThan(channelId: string, keyRev: number) {
      for (const seat of seatsOf(channelId)) if (seat.connection.keyRev < keyRev) seat.connection.end('key-rotated')
    },

    /** The page came back on another node. */
    cutMoved(channelId: string, instance: string) {
      for (const seat of seatsOf(channelId)) if (seat.connection.instance === instance) seat.connection.end('replaced')
    },

    /** Ends the oldest mirror, so that a page that was opened just now is not refused. @returns false where there is none. */
    makeRoom(channelId: string): boolean {
      const oldest = [...seatsOf(channelId)].find((seat) => seat.role === 'mirror')
      oldest?.connection.end('crowded')
      return oldest !== undefined
    },

    endAll(reason: string) {
      for (const connection of connections()) connection.end(reason)
    },

    /** All open streams. */
    connections,
  }

  function connections(): OverlayConnection[] {
    return [...houses.values()].flatMap(({ seats }) => [...seats].map(({ connection }) => connection))
  }

  /** One frame for all overlays of a channel here. `stage`: it changes the stage and takes the next number. */
  function broadcast<Type extends OverlayEvent>(
    channelId: string,
    type: Type,
    d: OverlayEvents[Type],
    { stage = false, now = false } = {},
  ) {
    const at = clock.now()
    if (stage) return broadcastStage(channelId, [{ type, at, d } as never])
    let encoded: { at: FrameId; frame: Buffer } | undefined
    for (const seat of seatsOf(channelId)) {
      // Nearly always all stand at the same place: encoded once.
      if (encoded?.at.epoch !== seat.at.epoch || encoded.at.seq !== seat.at.seq)
        encoded = { at: seat.at, frame: Buffer.from(encodeFrame(seat.at, type, at, d)) }
      seat.tell(type, at, d, now, encoded.frame)
    }
  }

  /** What happened on a stage within one frame, in order: numbered one by one, encoded and written as one. */
  function broadcastStage(channelId: string, events: readonly (StageEvent | SettingsEvent)[]) {
    const house = houses.get(channelId)
    const watchedElsewhere = isWatchedElsewhere(channelId)
    if (!house && !watchedElsewhere) return
    const { epoch, seq } = positionOf(channelId)
    let last = seq
    let text = ''
    for (const { type, at, d } of events) {
      text += encodeFrame({ epoch, seq: ++last }, type, at, d)
      if (house) metrics.overlayFrames.inc({ type }, house.seats.size)
    }
    positions.set(channelId, { epoch, seq: last })
    const frames = { epoch, first: seq + 1, last, text }
    passToAll(channelId, frames)
    if (watchedElsewhere) onStageFrames(channelId, frames)
  }

  function passToAll(channelId: string, frames: StageFrames): boolean {
    const seats = seatsOf(channelId)
    if (seats.size === 0) return true
    const whole = Buffer.from(frames.text)
    const to = { epoch: frames.epoch, seq: frames.last }
    let all = true
    for (const seat of seats) if (!seat.pass(frames, whole, to)) all = false
    return all
  }
}

const isAfter = (one: FrameId, other: FrameId) =>
  one.epoch > other.epoch || (one.epoch === other.epoch && one.seq > other.seq)

type SettingsEvent = { type: 'settings'; at: number; d: OverlayEvents['settings'] }
