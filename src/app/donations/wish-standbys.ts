import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { createSeldom } from '../../base/seldom.ts'
import type { Bus } from '../../coordination/bus.ts'
import type { DonationStreams } from '../../persistence/donation-streams.ts'
import type { NodeSession } from '../assignments/assignment-runner.ts'

export interface WishStandbys {
  /** Whether the stream's channel is to have a second socket. */
  wish(key: string, wanted: boolean): void
  forget(key: string): void
  /** Writes down what changed, in one statement. Never rejects. */
  write(): Promise<void>
  stop(): void
}

export interface WishStandbysOptions {
  rows: Pick<DonationStreams, 'wishStandbys'>
  session: NodeSession
  bus: Pick<Bus, 'publish' | 'subscribe'>
  clock: Pick<Clock, 'monotonic'>
  logger: Logger
}

/** Told again after so long, and with each change of nodes: another one to stand by may have come or gone. */
const TELL_AGAIN_MS = 30_000

/** Says for which of this node's streams another node is to hold a second socket. */
export function createWishStandbys({ rows, session, bus, clock, logger }: WishStandbysOptions): WishStandbys {
  const wishes = new Map<string, boolean>()
  let told = new Map<string, boolean>()
  let toldSince = clock.monotonic()
  let writing = false
  const seldom = createSeldom(clock)
  const unsubscribe = bus.subscribe('cluster', ({ type }) => {
    if (type === 'nodes-changed') tellAgain()
  })

  /** Only what is wanted depends on which nodes there are. */
  function tellAgain(): void {
    told = new Map([...told].filter(([, wanted]) => !wanted))
    toldSince = clock.monotonic()
  }

  return {
    stop: unsubscribe,
    wish: (key, wanted) => void wishes.set(key, wanted),
    forget(key) {
      wishes.delete(key)
      told.delete(key)
    },
    async write() {
      const mine = session.session()
      if (clock.monotonic() - toldSince >= TELL_AGAIN_MS) tellAgain()
      const changes = [...wishes].flatMap(([key, wanted]) => (told.get(key) === wanted ? [] : [{ key, wanted }]))
      if (writing || mine === null || changes.length === 0) return
      writing = true
      try {
        const changed = await rows.wishStandbys(mine, changes)
        for (const { key, wanted } of changes) if (wishes.has(key)) told.set(key, wanted)
        if (changed.length > 0)
          bus.publish('cluster', { type: 'assignments-changed', kind: 'donations-standby', keys: changed })
      } catch (error) {
        seldom('wishes', (unlogged) =>
          logger.warn({ err: error, unlogged }, 'wishes for second donation sockets wait for the database'),
        )
      } finally {
        writing = false
      }
    },
  }
}
