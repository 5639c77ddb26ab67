import type { SecretBox } from '../base/secret-box.ts'
import { createAccounts, type Connection } from './accounts.ts'
import type { Database } from './database.ts'
import { createDonationPositions } from './donation-positions.ts'
import { createDonationStreams } from './donation-streams.ts'

export type DonationConnections = ReturnType<typeof createDonationConnections>

/**
 * An account, how far its stream was read, and that the stream is wanted: written together, so that a node may die at
 * any moment, and whichever node is to run the stream finds all of it.
 */
export function createDonationConnections(db: Database, box: SecretBox) {
  return {
    /** @param socketToken Saves the stream its first request. */
    connect: (
      connection: Connection & { provider: 'donationalerts' },
      { channelId, socketToken }: { channelId: string; socketToken: string },
    ): ReturnType<ReturnType<typeof createAccounts>['connect']> =>
      db.transaction(async (tx) => {
        const connected = await createAccounts(tx, box).connect(connection)
        if (!connected.ok) return connected
        const { provider, externalId } = connection
        const positions = createDonationPositions(tx, box)
        await positions.begin(provider, externalId, channelId)
        await positions.rememberSocketToken(provider, externalId, socketToken)
        await createDonationStreams(tx).setDesired(channelId, true)
        return connected
      }),

    /** Nothing of the account is left. False where there was none. */
    disconnect: ({ userId, channelId }: { userId: string; channelId: string }): Promise<boolean> =>
      db.transaction(async (tx) => {
        if (!(await createAccounts(tx, box).disconnect(userId, 'donationalerts'))) return false
        await createDonationPositions(tx, box).forget(channelId)
        await createDonationStreams(tx).setDesired(channelId, false)
        return true
      }),
  }
}
