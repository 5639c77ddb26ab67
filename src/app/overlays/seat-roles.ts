import type { Clock } from '../../base/clock.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { OverlayReport, Seat } from './overlay-seat.ts'
import { electPrimary, type Candidate } from './elect-primary.ts'

/** An open overlay as people and other nodes see it. */
export interface OverlayPresence extends OverlayReport, Candidate {}

export interface SeatRolesOptions {
  clock: Pick<Clock, 'now'>
  metrics: Pick<Metrics, 'overlayConnections'>
}

/** Which seats of this node are primary, told to their pages and counted. */
export function createSeatRoles({ clock, metrics }: SeatRolesOptions) {
  let seats = 0
  let primaries = 0
  count()

  return {
    /** Of all channels. */
    seats: () => seats,
    came(seat: Seat): void {
      seats++
      if (seat.role === 'primary') primaries++
      count()
    },
    left(seat: Seat): void {
      seats--
      if (seat.role === 'primary') primaries--
      count()
    },
    /** Among the overlays of one channel, here and elsewhere. @returns whether a part changed hands here. */
    elect(here: ReadonlySet<Seat>, others: readonly Candidate[]): boolean {
      const standing = [...here].map((seat) => ({ seat, presence: presenceOf(seat) }))
      const primary = electPrimary<Candidate>([...standing.map(({ presence }) => presence), ...others])
      let changed = false
      for (const { seat, presence } of standing) {
        const role = presence === primary ? 'primary' : 'mirror'
        if (role === seat.role) continue
        primaries += role === 'primary' ? 1 : -1
        seat.role = role
        changed = true
        if (seat.isOpen()) seat.tell('role', clock.now(), { role }, true)
      }
      if (changed) count()
      return changed
    },
  }

  function count(): void {
    metrics.overlayConnections.set({ role: 'primary' }, primaries)
    metrics.overlayConnections.set({ role: 'mirror' }, seats - primaries)
  }
}

export function presenceOf({ connection: { instance, obs, preview }, report, role, since }: Seat): OverlayPresence {
  return { ...report, instance, obs, preview, role, since }
}
