import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { createChatPermissions } from '../../src/app/bots/chat-permissions.ts'
import { createControlBots } from '../../src/app/bots/control-bots.ts'
import { createRunBots, type RunBotsOptions } from '../../src/app/bots/run-bots.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { createMemoryBus } from '../../src/coordination/bus.memory.ts'
import type { ChatEvent } from '../../src/domain/chat-message.ts'
import { createAssignments } from '../../src/persistence/assignments.ts'
import { createChatSubscriptions } from '../../src/persistence/chat-subscriptions.ts'
import type { Database, Sql } from '../../src/persistence/database.ts'
import { createGrants } from '../../src/persistence/grants.ts'
import { createFakeChatPlatform, type FakeChatPlatform } from './fake-chat-platform.ts'
import { eventually } from './eventually.ts'
import { createLittleSession, createLittleSupervisor } from './little-supervisor.ts'
import { silentLogger } from './logger.ts'
import { createManualClock } from './manual-clock.ts'

export const ALL_SCOPES = createChatPermissions(null).ofChannel

/** Streamers with a channel each, made in one statement. Their ids at the platform are `prefix-1` and so on. */
export async function addStreamers(
  sql: Sql,
  count: number,
  {
    scopes = ALL_SCOPES,
    prefix = randomBytes(3).toString('hex'),
  }: { scopes?: readonly string[]; prefix?: string } = {},
): Promise<Array<{ channelId: string; userId: string }>> {
  const rows = await sql.query<{ channelId: string; userId: string }>(
    `with people as (
       insert into users (twitch_user_id, login, display_name)
       select $1 || '-' || n, $1 || 'login' || n, 'N' || n from generate_series(1, $2::integer) n returning id, twitch_user_id
     ), tokens as (
       insert into accounts (user_id, provider, external_id, external_name, application, access_token, granted_scopes)
       select id, 'twitch', twitch_user_id, 'N', 'app', 'sealed', $3 from people
     ), made as (
       insert into channels (user_id, overlay_key_hash, overlay_key)
       select id, decode(md5(twitch_user_id), 'hex'), 'sealed' from people returning id, user_id
     )
     select made.id as "channelId", twitch_user_id as "userId" from made join people on people.id = made.user_id
     order by length(twitch_user_id), twitch_user_id`,
    [prefix, count, scopes],
  )
  return rows
}

/** The bots of one node, with everything they need. The clock stands until it is moved. */
export function createBots(
  t: Pick<TestContext, 'after'>,
  db: Database,
  {
    fake = createFakeChatPlatform(),
    botUserId = null,
    nodeId = 'test-node',
    ...changes
  }: Partial<RunBotsOptions> & { fake?: FakeChatPlatform; botUserId?: string | null; nodeId?: string } = {},
) {
  const clock = createManualClock()
  const metrics = createMetrics()
  const events: Array<{ channelId: string; event: ChatEvent }> = []
  const off: string[] = []
  const session = createLittleSession(db, nodeId)
  const bus =
    changes.bus ??
    createMemoryBus({
      onError: (error) => {
        throw error
      },
    })
  const permissions = createChatPermissions(botUserId)
  const assignments = changes.assignments ?? createAssignments(db)
  const grants = changes.grants ?? createGrants(db)
  const runner = createRunBots({
    chat: fake.platform,
    subscriptions: createChatSubscriptions(db),
    permissions,
    session,
    onEvent: ({ channelId }, event) => void events.push({ channelId, event }),
    onOff: (channelId) => void off.push(channelId),
    clock,
    random: () => 0.5,
    logger: silentLogger,
    metrics,
    ...changes,
    assignments,
    grants,
    bus,
  })
  const control = createControlBots({ assignments, grants, permissions, bus, here: runner.describe, nodeId, clock })
  const supervisor = createLittleSupervisor(db, { session, bus, runners: [runner] })
  const bots = {
    ...runner,
    ...control,
    start: supervisor.start,
    isActive: (channelId: string) => runner.describe(channelId)?.state === 'active',
    /** Until what runs is what was wished. */
    async setDesired(channelId: string, desired: boolean) {
      await control.setDesired(channelId, desired)
      await eventually('the bot runs as wished', async () => {
        await clock.advance(0)
        const row = await assignments.bot(channelId, [])
        return row?.desired !== desired || (runner.describe(channelId) !== undefined) === desired
      })
    },
  }
  t.after(() => bots.stop())

  const state = async (channelId: string) => (await bots.status(channelId)).state
  return {
    bots,
    bus,
    session,
    supervisor,
    fake,
    clock,
    metrics,
    events,
    off,
    state,
    status: bots.status,
    /** Waits for real statements, with the clock standing still. */
    until: (what: string, holds: () => unknown) =>
      eventually(what, async () => {
        await clock.advance(0)
        return holds()
      }),
    untilState: (channelId: string, wanted: string) =>
      eventually(`the bot is ${wanted}`, async () => {
        await clock.advance(0)
        return (await state(channelId)) === wanted
      }),
    gauge: async () =>
      Object.fromEntries((await metrics.bots.get()).values.map(({ labels, value }) => [labels['state'], value])),
    restarts: async (reason: string) =>
      (await metrics.botRestarts.get()).values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0,
  }
}
