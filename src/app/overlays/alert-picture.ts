import { alertWords, donorName } from '../../domain/alert-words.ts'
import { lookFromSeed, seedFromText } from '../../domain/avatar-look.ts'
import type { AlertOffer, CurrentAlert } from '../../domain/overlay-protocol.ts'
import type { AlertToShow } from '../../persistence/alerts.ts'

/** What an overlay needs to draw an alert. A donor's words are made fit for a stream here, on their way out. */
export function alertPicture(alert: AlertToShow): Omit<AlertOffer, 'token'> {
  const seed = seedFromText(alert.externalId)
  const rules = alert.settings.alerts
  const { durationS, sound, volume } = rules
  return {
    id: alert.id,
    kind: 'donation',
    donor: donorName(alert.donor, rules),
    amount: alert.amount,
    currency: alert.currency,
    parts: alert.messageKind === 'audio' ? [] : alertWords(alert.message, rules),
    avatar: { seed, look: lookFromSeed(seed) },
    sound: sound && volume > 0 ? { name: 'chime', volume: volume / 100 } : null,
    tts: null,
    dur: durationS * 1_000,
    attempt: alert.attempt,
    test: alert.test,
  }
}

export function currentAlert(alert: AlertToShow): CurrentAlert {
  return {
    ...alertPicture(alert),
    state: alert.state === 'started' ? 'started' : 'offered',
    startedAt: alert.startedAt?.getTime() ?? null,
  }
}
