import type { Socket } from 'node:net'
import { z } from 'zod'
import type { OverlayAudience } from '../app/overlays/overlay-audience.ts'
import type { OverlayConnection } from '../app/overlays/overlay-seat.ts'
import type { OverlaysElsewhere } from '../app/overlays/overlays-elsewhere.ts'
import type { ReadOverlaySnapshot } from '../app/overlays/overlay-snapshot.ts'
import type { ShowAlert } from '../app/overlays/show-alert.ts'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Metrics } from '../base/metrics.ts'
import { createSeldom } from '../base/seldom.ts'
import type { Channels } from '../persistence/channels.ts'
import { isThisMachine } from './access.ts'
import type { Routes } from './app.ts'
import type { OverlayTickets } from './overlay-ticket.ts'

export interface OverlayStreamOptions {
  channels: Pick<Channels, 'byId'>
  audience: OverlayAudience
  presence: Pick<OverlaysElsewhere, 'ready'>
  showAlert: Pick<ShowAlert, 'overlayCame' | 'overlayLeft'>
  readSnapshot: ReadOverlaySnapshot
  tickets: OverlayTickets
  /** The build of the overlay page that this node serves. */
  build: string
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Pick<Metrics, 'overlayDropped'>
}

/** A client that has this much unread is gone or too slow; it comes back to a snapshot. Node would buffer without end. */
const MAX_UNSENT_BYTES = 64 * 1024

/** OBS, a phone, the preview and a few forgotten tabs. The oldest mirror gives way to a newcomer. */
const MAX_STREAMS_OF_A_CHANNEL = 20

/** One household, or one company behind its router. A stream costs us a socket and its buffers, a stranger nothing. */
const MAX_STREAMS_OF_AN_ADDRESS = 200

/** Below the idle time-outs of proxies, and often enough that a page knows within a minute that it is alone. */
const PING_EVERY_MS = 15_000

/** A client that is told the end of its stream has this long to hang up by itself. */
const HANG_UP_WITHIN_MS = 1_000

const MOST_SNAPSHOTS = 4

const RETRY_MS = { min: 1_000, spread: 2_000 }

/** `GET /api/overlay/stream`: the server-sent events of one overlay, on the raw response. */
export function overlayStreamRoutes(options: OverlayStreamOptions): Routes {
  const { channels, audience, presence, showAlert, readSnapshot, tickets, build, clock, random, logger, metrics } =
    options
  const tick = createTick()
  const streamsOf = new Map<string, number>()
  const seldom = createSeldom(clock)

  return (app) => {
    let cancelPing = clock.after(PING_EVERY_MS, ping)
    app.addHook('onClose', async () => cancelPing())
    function ping() {
      cancelPing = clock.after(PING_EVERY_MS, ping)
      audience.pingAll()
    }

    app.get(
      '/api/overlay/stream',
      {
        config: { access: 'ticket' },
        // Asking for the head would open a stream, and take a seat.
        exposeHeadRoute: false,
        schema: {
          summary: 'The overlay’s event stream (text/event-stream)',
          querystring: z.object({ ticket: z.string().min(1).max(600) }),
        },
      },
      async (request, reply) => {
        const ticket = tickets.forStream(request.query.ticket)
        const channel = await channels.byId(ticket.channelId)
        if (!channel || channel.overlayKeyRev !== ticket.keyRev) throw new AppError('ticket-invalid')
        const room = audience.presence(ticket.channelId).length
        if (room >= MAX_STREAMS_OF_A_CHANNEL && !audience.makeRoom(ticket.channelId))
          throw new AppError('too-many-streams')

        const address = isThisMachine(request) ? null : request.ip
        const mine = address === null ? 0 : (streamsOf.get(address) ?? 0)
        if (mine >= MAX_STREAMS_OF_AN_ADDRESS) throw new AppError('too-many-streams')

        reply.hijack()
        const { raw } = reply
        const socket = raw.socket
        if (!socket || socket.destroyed) return
        if (address !== null) {
          streamsOf.set(address, mine + 1)
          socket.once('close', () => {
            const left = (streamsOf.get(address) ?? 1) - 1
            if (left > 0) streamsOf.set(address, left)
            else streamsOf.delete(address)
          })
        }
        // The stream has the connection for itself until it ends: no chunks around the frames, no idle time-out.
        raw.useChunkedEncodingByDefault = false
        raw.writeHead(200, {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store, no-transform',
          'x-accel-buffering': 'no',
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          connection: 'close',
        })
        raw.flushHeaders()
        socket.setTimeout(0)
        socket.setNoDelay(true)

        const writer = createWriter(socket, tick, () => cut('slow'))
        const cut = (reason: string) => {
          if (socket.destroyed) return
          metrics.overlayDropped.inc({ reason })
          leave()
          // A slow client must not keep what it never read; any other may hear the end, but not decide about it.
          if (reason === 'slow') return void socket.destroy()
          socket.end()
          const cancel = clock.after(HANG_UP_WITHIN_MS, () => socket.destroy())
          socket.once('close', cancel)
        }
        const connection: OverlayConnection = { ...ticket, write: writer.write, end: cut }
        const { channelId, instance, preview, visible } = ticket
        const seat = audience.join(channelId, connection, { visible, active: visible, fps: null, tier: null })
        let left = false
        const leave = () => {
          if (left) return
          left = true
          seat.leave()
          if (audience.isHere(channelId, instance)) return
          showAlert.overlayLeft(channelId, { instance, preview }).catch((error: unknown) => {
            seldom('left', (unlogged) =>
              logger.warn(
                { err: error, channelId, unlogged },
                'an overlay left while the database was away; its lease runs out by itself',
              ),
            )
          })
        }
        /** Where the stage changed hands meanwhile, what was read belongs to no frame that follows. */
        const show = async () => {
          for (let attempt = 0; attempt < MOST_SNAPSHOTS; attempt++) {
            const [snapshot] = await Promise.all([readSnapshot(channelId), presence.ready(channelId)])
            if (left) return true
            if (!snapshot) return false
            if (!seat.open(snapshot.d, snapshot)) continue
            showAlert.overlayCame(channelId, instance, snapshot.offered)
            return true
          }
          return false
        }
        socket.once('close', leave)
        socket.write(`retry: ${Math.round(RETRY_MS.min + RETRY_MS.spread * random())}\n\n`)
        try {
          if (!(await show())) return cut('no-snapshot')
          if (isOtherBuild(ticket.ver, build)) seat.tell('reload', { build })
        } catch (error) {
          logger.warn({ err: error, channelId }, 'no snapshot could be read for an overlay; it will come back')
          cut('no-snapshot')
        }
      },
    )
  }
}

/** The page came from another version of Chatfolk. Clients that are no page of ours say something else, and are let be. */
function isOtherBuild(ver: string, build: string): boolean {
  return /^overlay-[\w-]+\.js$/.test(ver) && ver !== build
}

/** Collects what is to be flushed at the end of this turn of the event loop: one write a stream, however many frames. */
function createTick() {
  const dirty = new Set<() => void>()
  return {
    add(flush: () => void) {
      if (dirty.size === 0) setImmediate(run)
      dirty.add(flush)
    },
  }
  function run() {
    const flushes = [...dirty]
    dirty.clear()
    for (const flush of flushes) flush()
  }
}

function createWriter(socket: Socket, tick: ReturnType<typeof createTick>, onSlow: () => void) {
  let pending: Buffer[] = []
  let pendingBytes = 0
  const flush = () => {
    if (pending.length === 0 || !socket.writable) return
    const [first] = pending
    socket.write(pending.length === 1 && first ? first : Buffer.concat(pending))
    pending = []
    pendingBytes = 0
    if (socket.writableLength > MAX_UNSENT_BYTES) onSlow()
  }
  return {
    write(frame: Buffer, { now }: { now: boolean }) {
      if (!socket.writable) return
      pending.push(frame)
      pendingBytes += frame.length
      if (now || pendingBytes > MAX_UNSENT_BYTES) flush()
      else if (pending.length === 1) tick.add(flush)
    },
  }
}
