import type { Clock } from '../../base/clock.ts'
import type { Bus } from '../../coordination/bus.ts'
import type { Reach } from '../../persistence/nodes.ts'

/** A failover or a blip of the bus is over by then. */
const DOWN_AFTER_MS = 5_000
/** What comes back and goes again is not believed at once. */
const BACK_FOR_MS = 10_000

/** How well this node reaches the others over the bus, to be asked for with each renewal. */
export function createTellReach({
  bus,
  clock,
}: {
  bus: Pick<Bus, 'isUp'>
  clock: Pick<Clock, 'monotonic'>
}): () => Reach {
  let reach: Reach = 'up'
  let since = clock.monotonic()
  const become = (now: Reach) => {
    reach = now
    since = clock.monotonic()
  }

  return () => {
    const forMs = clock.monotonic() - since
    if (bus.isUp()) {
      if (reach === 'down') become('back')
      else if (reach === 'lost' || (reach === 'back' && forMs >= BACK_FOR_MS)) become('up')
    } else if (reach === 'up') become('lost')
    else if (reach === 'back' || (reach === 'lost' && forMs >= DOWN_AFTER_MS)) become('down')
    return reach
  }
}
