import { lookFromSeed } from '../../src/domain/avatar-look.ts'
import type { AlertOffer } from '../../src/domain/overlay-protocol.ts'

/** An offer that a test changes where it matters. */
export function offerOf(id: string, changes: Partial<AlertOffer> = {}): AlertOffer {
  return {
    id,
    kind: 'donation',
    donor: 'Alex_77',
    amount: '500.00',
    currency: 'RUB',
    parts: [{ text: 'Спасибо за стрим!' }],
    avatar: { seed: 7, look: lookFromSeed(7) },
    sound: null,
    tts: null,
    dur: 1_500,
    attempt: 1,
    token: `token-of-${id}`,
    test: false,
    ...changes,
  }
}
