import type { AlertOffer } from '../../src/domain/overlay-protocol.ts'
import { readKeptOffer } from './wire.ts'

/** Remembers over a reload which alert this page was showing, with the token that lets it finish it. */
export interface AlertMemory {
  keep(offer: AlertOffer): void
  recall(): AlertOffer | undefined
  forget(): void
}

const PLACE = 'chatfolk.alert'

/** @param storage the tab's own storage; a browser may forbid it, and then a reload simply ends the alert */
export function createAlertMemory(
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined,
): AlertMemory {
  return {
    keep: (offer) => storage?.setItem(PLACE, JSON.stringify(offer)),
    recall: () => readKeptOffer(storage?.getItem(PLACE) ?? ''),
    forget: () => storage?.removeItem(PLACE),
  }
}
