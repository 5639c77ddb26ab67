import type { Clock } from '../../base/clock.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { Bus } from '../../coordination/bus.ts'
import type { Grants } from '../../persistence/grants.ts'
import type { Bot, BotRegister } from './bot.ts'
import { allows, type ChatPermissions } from './chat-permissions.ts'
import type { Background } from '../in-background.ts'

export interface BotPermitsOptions {
  register: Pick<BotRegister, 'all' | 'byUser'>
  grants: Pick<Grants, 'of'>
  permissions: ChatPermissions
  bus: Pick<Bus, 'isUp' | 'onUp'>
  /** Nothing keeps it any more. */
  begin: (bot: Bot) => void
  /** Their rows may say more than we were told. */
  refresh: (channelIds: string[]) => void
  insist: Background['insist']
  clock: Clock
  metrics: Pick<Metrics, 'botRestarts'>
  signal: AbortSignal
}

/** What bots may do by the word of their people, and those that wait for one. */
export interface BotPermits {
  /** Before anything is asked of a row: the shared account's part is known. */
  ready(): Promise<void>
  /** Why it cannot even be tried. */
  lackOf(bot: Bot): ReturnType<ChatPermissions['lackOf']>
  /** Begins a bot that waited, where nothing is lacking any more. */
  revive(bot: Bot): void
  /** Somebody, by their id at the platform, allowed what they were asked for. */
  granted(userId: string): void
  /** The shared account allows nothing any more. */
  lostAccount(): void
  /** One more waits. Where the other nodes cannot be heard, its permission is looked for. */
  waits(): void
}

/** Where the other nodes cannot be heard, a permission that was given there is looked for. */
const LOOK_EVERY_MS = 30_000

export function createBotPermits(options: BotPermitsOptions): BotPermits {
  const { register, grants, permissions, bus, begin, refresh, insist, clock, metrics, signal } = options
  const { botUserId } = permissions
  /** `undefined`: not read yet. */
  let account: { scopes: string[] } | null | undefined
  let cancelLook: (() => void) | null = null
  const offUp = bus.onUp(look)
  signal.addEventListener(
    'abort',
    () => {
      offUp()
      cancelLook?.()
    },
    { once: true },
  )

  return {
    async ready() {
      if (botUserId !== null && account === undefined) account = (await grants.of(botUserId)) ?? null
    },
    lackOf,
    revive,
    granted,
    lostAccount: () => void (account = null),
    waits,
  }

  function lackOf(bot: Bot) {
    return permissions.lackOf(bot.permitted, account?.scopes ?? [])
  }

  function revive(bot: Bot): void {
    if (lackOf(bot) !== null) return
    metrics.botRestarts.inc({ reason: 'permission' })
    begin(bot)
  }

  function granted(userId: string): void {
    if (userId !== botUserId && !register.byUser(userId)) return
    insist('a granted permission waits', async () => {
      const grant = await grants.of(userId)
      if (grant) permitted(userId, grant)
    })
  }

  function permitted(userId: string, grant: { scopes: string[] }): void {
    if (userId === botUserId) {
      account = grant
      for (const bot of register.all()) if (bot.state === 'inactive') revive(bot)
    }
    const bot = register.byUser(userId)
    if (!bot || !allows(grant.scopes, permissions.ofChannel)) return
    bot.permitted = true
    if (bot.state === 'inactive') revive(bot)
  }

  function waits(): void {
    if (bus.isUp() || cancelLook || signal.aborted) return
    cancelLook = clock.after(LOOK_EVERY_MS, look)
  }

  /** What was said while other nodes could not be heard is lost; the rows know. */
  function look(): void {
    cancelLook?.()
    cancelLook = null
    const waiting = [...register.all()].filter((bot) => bot.state === 'inactive')
    if (waiting.length === 0) return
    if (botUserId !== null) granted(botUserId)
    refresh(waiting.map(({ channelId }) => channelId))
    waits()
  }
}
