import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { Bus } from '../../coordination/bus.ts'
import type { Donation, DonationArrival, DonationProvider, ParsedDonation } from '../../domain/donation.ts'
import { isRefusedData, type Donations, type StoredDonation, type StoreRequest } from '../../persistence/donations.ts'
import type { ParkedPayloads } from '../../persistence/parked-payloads.ts'

export interface ReceiveDonationOptions {
  donations: Pick<Donations, 'store'>
  parked: Pick<ParkedPayloads, 'park'>
  bus: Bus
  metrics: Pick<Metrics, 'donations'>
  clock: Clock
  logger: Logger
}

export interface ReceiveRequest {
  channelId: string
  provider: DonationProvider
  accountId: string
  arrival: DonationArrival
  /** In the order in which they are to be shown. */
  items: readonly ParsedDonation[]
  test?: boolean
  advance?: NonNullable<StoreRequest['advance']>
}

export type ReceiveDonation = (request: ReceiveRequest) => Promise<StoredDonation[]>

/**
 * The one door for donations, whatever way they come: push, recovery, sweep or the test button. Safe to call again
 * with the same donations, from any node. What cannot be read or stored is parked first, so that the position in the
 * stream never moves over something that is kept nowhere.
 * @throws AppError `unavailable` where the database does not answer; nothing of the request is lost by trying again.
 */
export function createReceiveDonation({
  donations,
  parked,
  bus,
  metrics,
  clock,
  logger,
}: ReceiveDonationOptions): ReceiveDonation {
  for (const source of ['push', 'recovery', 'sweep'] as const)
    for (const result of ['new', 'duplicate', 'parked'] as const) metrics.donations.inc({ source, result }, 0)

  return async function receiveDonation(request) {
    const { channelId, provider, accountId, arrival, items } = request
    const receivedAt = clock.now()
    const readable: Donation[] = []
    for (const item of items) {
      if (item.ok) readable.push(item.donation)
      else await park(request, item.raw, item.reason)
    }

    const stored = await store(request, readable)
    count(arrival, 'new', stored.length)
    count(arrival, 'duplicate', readable.length - stored.length)
    if (stored.some((donation) => donation.alertId !== null))
      bus.publish(`news:${channelId}`, { type: 'alert-queued', receivedAt })
    if (stored.length > 0) {
      logger.info(
        {
          channelId,
          provider,
          accountId,
          arrival,
          ids: stored.slice(0, 20).map((d) => d.externalId),
          count: stored.length,
        },
        'donations stored',
      )
    }
    return stored
  }

  async function store(request: ReceiveRequest, batch: readonly Donation[]): Promise<StoredDonation[]> {
    const { items: _, ...target } = request
    if (batch.length === 0 && !request.advance) return []
    try {
      return await donations.store({ ...target, donations: batch })
    } catch (error) {
      if (!isRefusedData(error)) throw error
      const only = batch[0]
      if (!only) throw error
      if (batch.length === 1) {
        // Something in this very donation does not fit the database. The others shall not wait for it.
        logger.error(
          { err: error, channelId: request.channelId, externalId: only.externalId },
          'a donation could not be stored and is parked',
        )
        await park(request, only.raw, 'the database refused it')
        return donations.store({ ...target, donations: [] })
      }
      const { advance, ...still } = request
      const stored: StoredDonation[] = []
      for (const donation of batch) stored.push(...(await store(still, [donation])))
      if (advance) await donations.store({ ...target, donations: [] })
      return stored
    }
  }

  async function park({ channelId, provider, accountId, arrival }: ReceiveRequest, payload: string, reason: string) {
    if (await parked.park({ channelId, provider, accountId, arrival, payload, reason })) {
      count(arrival, 'parked', 1)
      logger.warn(
        { channelId, provider, accountId, arrival, reason },
        'a payload could not be read and is parked: see /api/admin/parked',
      )
    }
  }

  function count(source: DonationArrival, result: 'new' | 'duplicate' | 'parked', amount: number) {
    if (amount > 0) metrics.donations.inc({ source, result }, amount)
  }
}
