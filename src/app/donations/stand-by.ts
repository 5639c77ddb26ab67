import { AppError } from '../../base/errors.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { DonationAccounts, StreamAccount } from '../../persistence/donation-accounts.ts'
import type { AssignmentRunner } from '../assignments/assignment-runner.ts'
import { createBackground } from '../in-background.ts'
import { isSameAccount } from './same-account.ts'
import { createStandbySocket, type StandbySocket, type StandbySocketOptions } from './standby-socket.ts'

export interface StandByOptions extends Omit<StandbySocketOptions, 'account' | 'onConnected'> {
  accounts: Pick<DonationAccounts, 'toStream'>
  metrics: Pick<Metrics, 'donationStandbySockets'>
}

export interface StandBy extends AssignmentRunner {
  stop(): Promise<void>
}

interface Hold {
  key: string
  epoch: number
  /** Grows with each look at its account: what an older one found is of no interest. */
  turn: number
  socket: StandbySocket | null
}

/** Keeps the second sockets that are this node's: those of live channels whose stream another node runs. */
export function createStandBy(options: StandByOptions): StandBy {
  const { clock, random, logger, metrics } = options
  const holds = new Map<string, Hold>()
  const life = new AbortController()
  const background = createBackground({ clock, random, logger, signal: life.signal })
  const ending = new Set<Promise<void>>()
  let connected = 0
  metrics.donationStandbySockets.set(0)

  return {
    kind: 'donations-standby',
    begin(owned) {
      if (life.signal.aborted) return
      for (const { key, epoch } of owned) {
        const hold = holds.get(key)
        // Ours again under a new epoch, before we heard that it was not: what runs, runs on.
        if (hold) hold.epoch = epoch
        else holds.set(key, { key, epoch, turn: 0, socket: null })
      }
      bring(owned.map(({ key }) => key))
    },
    async end(keys) {
      await Promise.all(
        keys.map((key) => {
          const hold = holds.get(key)
          holds.delete(key)
          return hold ? close(hold) : Promise.resolve()
        }),
      )
    },
    refresh: bring,
    running: () => new Map([...holds.values()].map(({ key, epoch }) => [key, epoch])),
    // Its place is in the row of the stream's position.
    legacy: () => null,
    async stop() {
      life.abort(new AppError('shutting-down'))
      const held = [...holds.values()]
      holds.clear()
      await Promise.all([...held.map(close), ...ending, background.settled()])
    },
  }

  /** Opens what is not open for the account that its channel has now; the others stay: each costs a place in the budget. */
  function bring(keys: readonly string[]): void {
    const asked = keys.flatMap((key) => {
      const hold = holds.get(key)
      return hold ? [{ hold, turn: ++hold.turn }] : []
    })
    if (asked.length === 0) return
    background.insist('second donation sockets wait for the database', async () => {
      const accounts = await options.accounts.toStream(asked.map(({ hold }) => hold.key))
      const byChannel = new Map(accounts.map((account) => [account.channelId, account]))
      await Promise.all(
        asked.map(async ({ hold, turn }) => {
          const account = byChannel.get(hold.key)
          const { socket } = hold
          if (hold.turn !== turn || (socket && account && !socket.hasEnded() && isSameAccount(socket.account, account)))
            return
          await close(hold)
          if (account && holds.get(hold.key) === hold && hold.turn === turn) open(hold, account)
        }),
      )
    })
  }

  function open(hold: Hold, account: StreamAccount): void {
    let isConnected = false
    hold.socket = createStandbySocket({
      ...options,
      account,
      onConnected(now) {
        if (now === isConnected) return
        isConnected = now
        connected += now ? 1 : -1
        metrics.donationStandbySockets.set(connected)
      },
    })
  }

  function close(hold: Hold): Promise<void> {
    const { socket } = hold
    if (!socket) return Promise.resolve()
    hold.socket = null
    const closed = socket.stop().finally(() => ending.delete(closed))
    ending.add(closed)
    return closed
  }
}
