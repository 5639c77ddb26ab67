import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { Assignments, BotAssignment } from '../../persistence/assignments.ts'
import type { Owned } from '../assignments/assignment-runner.ts'
import { botOf, type Bot, type BotRegister } from './bot.ts'
import type { BotAttempts } from './bot-attempts.ts'
import { readLegacy, type BotLegacy } from './bot-legacy.ts'
import type { BotPermits } from './bot-permits.ts'
import type { ChatPermissions } from './chat-permissions.ts'
import type { DueQueue } from '../due-queue.ts'
import type { Background } from '../in-background.ts'
import type { KeepChatStream } from './keep-chat-stream.ts'
import type { MakeSubscriptions } from './make-subscriptions.ts'

export interface BeginBotsOptions {
  register: BotRegister
  /** All that are this node's, by channel, with their epochs. */
  ours: Map<string, number>
  due: DueQueue<Bot>
  attempts: BotAttempts
  permits: BotPermits
  permissions: ChatPermissions
  assignments: Pick<Assignments, 'bots'>
  streams: () => Pick<KeepChatStream, 'open' | 'look' | 'learn'>
  make: () => Pick<MakeSubscriptions, 'tidy'>
  /** To be written down. */
  changed: (bot: Bot) => void
  /** In memory from now on. */
  listen: (bot: Bot) => void
  /** No more in memory. */
  leave: (bot: Bot) => void
  insist: Background['insist']
  clock: Clock
  logger: Logger
  metrics: Pick<Metrics, 'botRestarts'>
}

/** One statement with more channels holds its answer in memory for long. */
const BATCH = 5_000

/** Streamers who have just turned theirs on, and not all of a service that begins. */
const FEW = 20

/** How bots come to this node: from another's hands, or by their rows. */
export function createBeginBots(options: BeginBotsOptions) {
  const { register, ours, due, attempts, permits, permissions, assignments, streams, make, changed, insist } = options
  const { clock, logger, metrics } = options
  return { begin, refresh }

  function begin(owned: readonly Owned[]): void {
    const unknown: Owned[] = []
    const handedOver: string[] = []
    for (const one of owned) {
      const former = register.byChannel(one.key)
      if (former) options.leave(former)
      ours.set(one.key, one.epoch)
      const legacy = readLegacy((one.legacy as { bot?: unknown } | null)?.bot)
      if (legacy) {
        inherit(one, legacy)
        handedOver.push(one.key)
      } else unknown.push(one)
    }
    if (owned.length > 0) logger.info({ bots: owned.length, handedOver: handedOver.length }, 'chat bots begin')
    for (let from = 0; from < unknown.length; from += BATCH) {
      const batch = unknown.slice(from, from + BATCH)
      insist('bots wait for their rows', () => readRows(batch))
    }
    // Who was renamed, or has taken something back meanwhile.
    if (handedOver.length > 0) refresh(handedOver)
  }

  /** At once, as its former owner left it: it hears and answers from here on. */
  function inherit(
    { key: channelId, epoch }: Owned,
    { login, channelUserId, known, home, streamLive }: BotLegacy,
  ): void {
    const good = { failures: 0, retryInMs: null, lastError: null, lastErrorAt: null, permitted: true }
    const speakerUserId = permissions.speakerOf(channelUserId)
    const bot = botOf({ channelId, login, channelUserId, ...good }, { speakerUserId, epoch, now: clock.now() })
    bot.state = 'active'
    bot.known = known
    bot.knownAt = home
    bot.streamLive = streamLive
    add(bot)
    // Its former owner may not have come to write it down.
    changed(bot)
    metrics.botRestarts.inc({ reason: 'hand-over' })
    streams().open()
  }

  async function readRows(batch: readonly Owned[]): Promise<void> {
    await permits.ready()
    const rows = await assignments.bots(
      batch.map(({ key }) => key),
      permissions.ofChannel,
    )
    const found = new Map(rows.map((row) => [row.channelId, row]))
    const bots: Bot[] = []
    for (const one of batch) {
      // Gone meanwhile, or begun under another epoch.
      if (ours.get(one.key) !== one.epoch || register.byChannel(one.key)) continue
      const row = found.get(one.key)
      if (!row) ours.delete(one.key)
      // Turned off meanwhile: that it is to end is on its way.
      else if (row.desired) bots.push(enter(row, one, one.orphanedForMs === null && batch.length <= FEW))
    }
    const starting = bots.filter((bot) => bot.state !== 'inactive')
    if (starting.length > 0) insist('known chat subscriptions could not be read', () => streams().learn(starting))
  }

  function enter(row: BotAssignment, { epoch, orphanedForMs }: Owned, awaited: boolean): Bot {
    const speakerUserId = permissions.speakerOf(row.channelUserId)
    const bot = botOf(row, { speakerUserId, epoch, now: clock.now() })
    bot.awaited = awaited
    if (orphanedForMs !== null) {
      bot.takenOver = { orphanedForMs, at: clock.monotonic() }
      metrics.botRestarts.inc({ reason: 'takeover' })
    }
    add(bot)
    const lacking = permits.lackOf(bot)
    if (lacking !== null) {
      bot.lastError = { code: lacking, at: clock.now() }
      register.change(bot, 'inactive')
      permits.waits()
    } else {
      if (row.retryInMs !== null) due.put(bot, row.retryInMs)
      streams().open()
    }
    changed(bot)
    return bot
  }

  function add(bot: Bot): void {
    bot.changedInLook = streams().look()
    register.add(bot)
    options.listen(bot)
  }

  function refresh(channelIds: readonly string[]): void {
    const asked = channelIds.filter((channelId) => ours.has(channelId))
    if (asked.length === 0) return
    insist('bots wait for their rows', async () => {
      await permits.ready()
      const rows = await assignments.bots(asked, permissions.ofChannel)
      const absent: Owned[] = []
      for (const row of rows) {
        const epoch = ours.get(row.channelId)
        const bot = register.byChannel(row.channelId)
        if (epoch === undefined || !row.desired) continue
        if (bot) renew(bot, row)
        else absent.push({ key: row.channelId, epoch, live: false, orphanedForMs: null, legacy: null })
      }
      if (absent.length > 0) await readRows(absent)
    })
  }

  /** Its row was changed by somebody: one that waits tries at once. */
  function renew(bot: Bot, row: BotAssignment): void {
    bot.login = row.login
    bot.permitted = row.permitted
    if (bot.state === 'inactive') return permits.revive(bot)
    const lacking = permits.lackOf(bot)
    if (lacking !== null && bot.state !== 'active') return attempts.halt(bot, lacking)
    if (bot.state !== 'backoff') return
    bot.awaited = true
    due.drop(bot)
    attempts.succeeded(bot)
    register.change(bot, 'starting')
    changed(bot)
    void make().tidy(bot.channelId)
  }
}
