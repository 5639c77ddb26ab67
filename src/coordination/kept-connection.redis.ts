import type { Cluster, Redis } from 'ioredis'
import type { Clock } from '../base/clock.ts'
import { reasonOf, retryMs } from './redis-client.redis.ts'

/** Counted by ticks, not by the clock: a process that slept for a while has heard nothing, and that proves nothing. */
const TICK_MS = 1_000
/** An answer on its way for so many ticks will not come: a server that hangs, or a connection open on our side alone. */
const SILENT_TICKS = 2
/** Longer than the time-outs of connecting: a server that takes the connection and says nothing more. */
const CONNECTING_TICKS = 5

export interface KeptConnection<Client> {
  client(): Client
  isReady(): boolean
  /** Lets go of the connection at hand for another. */
  renew(): void
  close(): void
}

export interface KeepConnectionOptions<Client extends Redis | Cluster> {
  /** A new client, not connected. */
  open(): Client
  /** The connections behind it: itself, or those to the nodes of a cluster. */
  connectionsOf(client: Client): Redis[]
  onReady(client: Client): void
  /** It was ready and is no more. */
  onLost(): void
  /** Something does not work; may come often while it does not. */
  onTrouble(reason: string): void
  clock: Clock
  random: () => number
}

/** Keeps one client connected for ever: notices a server that hangs, and makes another client where one came to its end. */
export function keepConnection<Client extends Redis | Cluster>(
  options: KeepConnectionOptions<Client>,
): KeptConnection<Client> {
  const { clock, random } = options
  let closed = false
  let ready = false
  let ends = 0
  let client = begin()
  const unanswered = new WeakMap<Redis, number>()
  let cancelTick = clock.after(TICK_MS, tick)
  let cancelBegin = () => {}

  function begin(): Client {
    const begun = options.open()
    const emitter: Redis | Cluster = begun
    emitter.on('error', (error) => options.onTrouble(reasonOf(error)))
    emitter.on('node error', (error) => options.onTrouble(reasonOf(error)))
    emitter.on('ready', () => {
      if (closed || client !== begun) return
      ready = true
      ends = 0
      options.onReady(begun)
    })
    emitter.on('close', () => lose(begun))
    emitter.on('end', () => {
      lose(begun)
      if (closed || client !== begun) return
      cancelBegin = clock.after(retryMs(++ends, random), () => (client = begin()))
    })
    emitter.connect().catch(() => undefined)
    return begun
  }

  function lose(lost: Client) {
    if (client !== lost || !ready) return
    ready = false
    if (!closed) options.onLost()
  }

  function tick() {
    cancelTick = clock.after(TICK_MS, tick)
    for (const connection of options.connectionsOf(client)) listen(connection)
  }

  function listen(connection: Redis) {
    const { status } = connection
    if (status !== 'ready' && status !== 'connecting' && status !== 'connect') {
      unanswered.delete(connection)
      return
    }
    const ticks = (unanswered.get(connection) ?? 0) + 1
    if (ticks > (status === 'ready' ? SILENT_TICKS : CONNECTING_TICKS)) {
      unanswered.delete(connection)
      options.onTrouble('it does not answer')
      connection.disconnect(true)
      return
    }
    unanswered.set(connection, ticks)
    if (status === 'ready' && ticks === 1) {
      connection.ping().then(
        () => unanswered.delete(connection),
        () => undefined,
      )
    }
  }

  return {
    client: () => client,
    isReady: () => ready && client.status === 'ready',
    renew: () => client.disconnect(true),
    close() {
      closed = true
      cancelTick()
      cancelBegin()
      client.disconnect()
    },
  }
}
