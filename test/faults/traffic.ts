import { setTimeout as pause } from 'node:timers/promises'
import type { createControl } from '../support/simulator-control.ts'
import type { CommandRecord } from './recording.ts'
import type { Tenant } from './streamers.ts'

/** All that people do while faults strike: they talk, ask the bot, and give money. */
export interface Traffic {
  commands: CommandRecord[]
  donated: Array<{ mark: string; number: number; id: string; at: number }>
  /** Each of these channels is asked so often, from now on until it is stopped: to see when its bot is back. */
  probe(marks: readonly string[], everyMs: number): () => void
  donate(mark: string, more?: Record<string, unknown>): Promise<void>
  stop(): Promise<void>
}

export interface TrafficOptions {
  tenants: readonly Tenant[]
  control: ReturnType<typeof createControl>
  say: (body: Record<string, unknown>) => Promise<{ ids: string[] }>
  random: () => number
  /** Over all channels. */
  commandsPerSecond: number
  donationsPerSecond: number
  /** How long the talking in each channel goes on. */
  forMs: number
}

/** Nobody asks so often that their own limit of answers is reached: each asks a channel once. */
const ASKERS = 40_000

export function startTraffic(options: TrafficOptions): Traffic {
  const { tenants, control, say, random, commandsPerSecond, donationsPerSecond, forMs } = options
  const commands: CommandRecord[] = []
  const donated: Traffic['donated'] = []
  const numbers = new Map<string, number>()
  const life = new AbortController()
  const probes = new Set<{ marks: readonly string[]; everyMs: number; nextAt: number }>()
  const underWay = new Set<Promise<unknown>>()
  let asked = 0

  const track = (work: Promise<unknown>) => {
    const settled = work.catch(() => undefined).finally(() => underWay.delete(settled))
    underWay.add(settled)
  }
  const ask = async (mark: string) => {
    const turn = asked++
    const at = Date.now()
    const { ids } = await say({
      channel: mark,
      as: `asker${turn % ASKERS}`,
      text: '!ping',
      ...(turn % 7 === 0 ? { repeat: turn % 2 === 0 ? 'same-id' : 'two-ids' } : {}),
    })
    for (const id of ids) commands.push({ id, mark, at })
  }
  const donate: Traffic['donate'] = async (mark, more = {}) => {
    const tenant = tenants.find((one) => one.mark === mark)
    const number = (numbers.get(mark) ?? 0) + 1
    numbers.set(mark, number)
    const at = Date.now()
    const { ids } = await control.donate({
      daId: tenant?.streamer.daId ?? '',
      username: `donor of ${mark}`,
      amount: number,
      currency: 'RUB',
      message: `[${mark}] words ${number}`,
      ...more,
    })
    for (const id of ids) donated.push({ mark, number, id: String(id), at })
  }

  const evenly = async (perSecond: number, run: (turn: number) => void) => {
    const began = performance.now()
    for (let turn = 0; !life.signal.aborted; turn++) {
      const due = began + (turn * 1_000) / perSecond
      await pause(Math.max(0, due - performance.now()), undefined, { signal: life.signal }).catch(() => undefined)
      if (!life.signal.aborted) run(turn)
    }
  }
  const markOf = (turn: number) => tenants[turn % tenants.length]?.mark ?? ''
  track(evenly(commandsPerSecond, (turn) => track(ask(markOf(turn)))))
  track(
    evenly(donationsPerSecond, (turn) => {
      // Some come twice, as at DonationAlerts they may.
      const luck = random()
      track(donate(markOf(turn), luck < 0.1 ? { push: 'duplicate' } : luck < 0.2 ? { push: 'redeliver' } : {}))
    }),
  )
  track(
    evenly(50, () => {
      const now = performance.now()
      for (const probe of probes) {
        if (probe.nextAt > now) continue
        probe.nextAt = now + probe.everyMs
        for (const mark of probe.marks) track(ask(mark))
      }
    }),
  )
  for (const { mark } of tenants) {
    track(
      say({
        channel: mark,
        viewers: Array.from({ length: 8 }, (_, n) => `talker${n}_${mark}`),
        text: `[${mark}] hello {n}`,
        count: Math.ceil(forMs / 1_000),
        perSecond: 1,
        duplicateEvery: 11,
      }),
    )
  }

  return {
    commands,
    donated,
    donate,
    probe(marks, everyMs) {
      const probe = { marks, everyMs, nextAt: 0 }
      probes.add(probe)
      return () => void probes.delete(probe)
    },
    async stop() {
      life.abort()
      probes.clear()
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}
