import { Gauge } from 'prom-client'
import { createAssignments } from '../../src/persistence/assignments.ts'
import { createDatabase } from '../../src/persistence/database.ts'
import { createReplyClaims } from '../../src/persistence/reply-claims.ts'
import { silentLogger } from '../support/logger.ts'
import type { OwnershipChange, Recording } from './recording.ts'
import { groupBy } from './verdict.ts'

/** Enough of them for every owner that ever was. */
const MOST_TRIED = 200

/** Writes once more, in the name of each former owner of a bot, as one would that does not know yet. */
export async function tryStaleWrites(
  url: string,
  ownership: readonly OwnershipChange[],
): Promise<Recording['staleWrites']> {
  const db = createDatabase({
    connectionString: url,
    logger: silentLogger,
    metrics: { databaseUp: new Gauge({ name: 'database_up', help: 'of a test', registers: [] }) },
  })
  try {
    const assignments = createAssignments(db)
    const claims = createReplyClaims(db)
    let tried = 0
    let accepted = 0
    for (const { key, owner, epoch } of formerOwners(ownership).slice(0, MOST_TRIED)) {
      const session = Number(owner)
      const [claimed] = await claims.claim(session, [
        { channelId: key, messageId: `stale-${tried}`, command: 'ping', epoch },
      ])
      const noted = await assignments.note('bot', session, [
        {
          key,
          epoch,
          state: 'stale',
          sinceAgoMs: 0,
          failures: 0,
          retryInMs: null,
          error: null,
          live: null,
          detail: {},
        },
      ])
      tried += 2
      accepted += (claimed === 'won' ? 1 : 0) + noted.size
    }
    return { tried, accepted }
  } finally {
    await db.close()
  }
}

/** Each owner under each epoch of a bot, but the last. */
function formerOwners(ownership: readonly OwnershipChange[]): OwnershipChange[] {
  const bots = ownership.filter(({ kind, owner }) => kind === 'bot' && owner !== null)
  return [...groupBy(bots, ({ key }) => key).values()].flatMap((mine) => {
    const last = mine.at(-1)
    const each = groupBy(mine, ({ owner, epoch }) => `${owner} ${epoch}`)
    return [...each.values()].flatMap(([one]) =>
      one && (one.owner !== last?.owner || one.epoch !== last.epoch) ? [one] : [],
    )
  })
}
