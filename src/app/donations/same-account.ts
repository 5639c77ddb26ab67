import type { DonationAccount } from '../../persistence/donation-accounts.ts'

/** What a stream was opened for is still what its channel has connected. */
export function isSameAccount(one: DonationAccount, other: DonationAccount): boolean {
  return (['id', 'accountId', 'application'] as const).every((part) => one[part] === other[part])
}
