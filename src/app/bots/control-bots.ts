import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Bus } from '../../coordination/bus.ts'
import type { Assignments, BotAssignment } from '../../persistence/assignments.ts'
import type { Grants } from '../../persistence/grants.ts'
import { statusOfRow, type BotStatus, type OwnedBotStatus } from './bot-status.ts'
import type { ChatPermissions } from './chat-permissions.ts'
import { createTurns } from '../in-background.ts'

export interface ControlBotsOptions {
  assignments: Pick<Assignments, 'bot' | 'setDesired'>
  grants: Pick<Grants, 'of'>
  permissions: ChatPermissions
  bus: Pick<Bus, 'publish'>
  /** Where the bot runs on this very node, what is known of it here; else `undefined`. */
  here: (channelId: string) => OwnedBotStatus | undefined
  nodeId: string
  clock: Pick<Clock, 'now'>
}

/** What any node can do about bots and say of them, wherever they run: the rows are the truth, and the bus rings. */
export interface ControlBots {
  /**
   * Turns a channel's bot on or off. On again while it waits or is refused: it tries at once.
   * @throws AppError `no-channel`
   */
  setDesired(channelId: string, desired: boolean): Promise<void>
  /** @throws AppError `no-channel` */
  status(channelId: string): Promise<BotStatus>
  /** A person allowed what they were asked for: whatever waited for it begins. By their id at the platform. */
  permissionGranted(userId: string): void
}

export function createControlBots(options: ControlBotsOptions): ControlBots {
  const { assignments, grants, permissions, bus, here, nodeId, clock } = options
  const { botUserId, ofChannel } = permissions
  const { inTurn } = createTurns()

  return {
    // A switch that is flicked ends where it was left.
    setDesired: (channelId, desired) =>
      inTurn(channelId, async () => {
        const row = await assignments.bot(channelId, ofChannel)
        if (!row) throw new AppError('no-channel')
        if (!desired && !row.desired) return
        await assignments.setDesired(channelId, desired)
        bus.publish('cluster', { type: 'assignments-changed', kind: 'bot', keys: [channelId] })
      }),
    async status(channelId) {
      const [row, shared] = await Promise.all([assignments.bot(channelId, ofChannel), sharedAccount()])
      if (!row) throw new AppError('no-channel')
      return describe(row, shared)
    },
    permissionGranted: (userId) => bus.publish('cluster', { type: 'permission-granted', userId }),
  }

  async function sharedAccount(): Promise<{ login: string; scopes: string[] } | undefined> {
    return botUserId === null ? undefined : grants.of(botUserId)
  }

  function describe(row: BotAssignment, shared: { login: string; scopes: string[] } | undefined): BotStatus {
    const { channelId, channelUserId, login } = row
    const own = permissions.speakerOf(channelUserId) === channelUserId
    const speaker = own ? { login, own } : shared ? { login: shared.login, own } : null
    const owned = here(channelId)
    return owned
      ? { ...owned, owner: nodeId, speaker, figures: null }
      : statusOfRow(row, {
          speaker,
          lacking: permissions.lackOf(row.permitted, shared?.scopes ?? []),
          now: clock.now(),
        })
  }
}
