import type { Clock } from '../clock.ts'
import type { Gateway } from '../gateway.ts'
import type { Grants } from '../grants.ts'
import type { People } from '../people.ts'
import type { Switches } from '../switches.ts'
import type { RateWindow } from './rate-window.ts'

/** What DonationAlerts' HTTP side is made of. */
export interface DonationAlertsOptions {
  clock: Clock
  people: People
  grants: Grants
  switches: Switches
  gateway: Gateway
  rateWindow: RateWindow
}
