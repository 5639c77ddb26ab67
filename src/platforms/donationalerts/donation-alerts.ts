import type { DonationSource } from '../donation-source.ts'
import { createDonationAlertsRest, type DonationAlertsRestOptions } from './rest.ts'
import { openDonationSocket, type DonationSocketSurroundings } from './socket.ts'

/** DonationAlerts as a source of donations: three requests and a socket. */
export function createDonationAlerts(options: DonationAlertsRestOptions & DonationSocketSurroundings): DonationSource {
  return {
    ...createDonationAlertsRest(options),
    openSocket: (socketOptions) => openDonationSocket(options, socketOptions),
  }
}
