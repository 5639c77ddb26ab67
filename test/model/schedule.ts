import type { Logger } from '../../src/base/logger.ts'
import { createChecker } from './checker.ts'
import { createTables, type AssignmentRow, type Without } from './model-database.ts'
import { createNetwork } from './model-network.ts'
import { createModelProcess, type ModelProcess } from './model-process.ts'
import { createChance, createVirtualTime } from './virtual-time.ts'

export interface ScheduleOptions {
  seed: number
  /** What is taken out, to see that its loss is noticed. */
  without?: Without
  /** Only these happen, and more of them. */
  only?: readonly string[]
  /** The one who watches. */
  logger?: Logger
  trace?: (line: string) => void
}

export interface Outcome {
  seed: number
  violations: string[]
  faults: Record<string, number>
  events: number
  replies: number
  /** How long after the last fault everything was as it should be. */
  settledInMs: number
}

/** A schedule under way: a step is one event, and what follows from it within the turn follows before the next. */
export interface Schedule {
  /** @returns null once it is over. */
  step(): boolean
  outcome(): Outcome
}

const FAULTS_FOR_MS = 40_000
/**
 * Silent for 12 s, and as long until one that was away itself may fence; twice two renewals until anyone takes what the
 * plan gave to one that does not; two rounds of the watchdog of this model.
 */
const SETTLED_WITHIN_MS = 35_000
const WELL_FOR_MS = 11_000
const LOOK_EVERY_MS = 1_000

const SILENT = { info() {}, warn() {}, error() {}, debug() {}, fatal() {}, trace() {} } as unknown as Logger

export function beginSchedule({ seed, without = {}, only, logger = SILENT, trace }: ScheduleOptions): Schedule {
  const chance = createChance(seed)
  const time = createVirtualTime()
  const checker = createChecker(time.now)
  const tables = createTables({ now: time.now, checker, without })
  const network = createNetwork({ time, chance, checker })
  /** What can happen. `false`: there was nobody for it to happen to. */
  const FAULTS = {
    pause() {
      const process = someone()
      if (!process || process.circumstances.paused) return false
      process.circumstances.paused = true
      time.in(chance.one([1_500, 5_000, 9_000, 13_000, 20_000, 40_000]) * chance.between(0.8, 1.2), () => {
        if (!process.circumstances.paused) return
        recover(process)
        process.wake()
      })
      return true
    },
    cutOff() {
      const process = someone()
      if (!process || process.circumstances.cutOff) return false
      process.circumstances.cutOff = true
      time.in(chance.between(500, 30_000), () => {
        process.circumstances.cutOff = false
        recover(process)
      })
      return true
    },
    lossy() {
      const process = someone()
      if (!process || process.circumstances.loss > 0) return false
      process.circumstances.loss = chance.between(0.05, 0.6)
      time.in(chance.between(3_000, 15_000), () => {
        process.circumstances.loss = 0
        recover(process)
      })
      return true
    },
    kill() {
      const process = someone()
      if (!process) return false
      kill(process)
      comeBack(process.nodeId)
      return true
    },
    /** A supervisor that believed a process dead put another in its place. */
    secondProcess() {
      const process = someone()
      if (!process) return false
      startProcess(process.nodeId)
      return true
    },
    stop() {
      const process = someone()
      if (!process || process.circumstances.paused || leaving.has(process)) return false
      leaving.add(process)
      void process.stop().then(() => {
        kill(process)
        comeBack(process.nodeId)
      })
      // What takes longer is cut off.
      time.in(25_000, () => kill(process))
      return true
    },
    databaseRestart() {
      if (!server.up) return false
      server.up = false
      time.in(chance.one([300, 2_000, 10_000, 14_000, 25_000]) * chance.between(0.8, 1.2), () => {
        server.up = true
      })
      return true
    },
    databaseClock() {
      tables.setClock(chance.one([-4_000, 5_000, 20_000, 60_000]))
      return true
    },
    redisOutage() {
      if (!network.up) return false
      network.up = false
      time.in(chance.between(300, 20_000), () => {
        if (network.up) return
        network.up = true
        network.tellUp()
      })
      return true
    },
    /** Others have it. */
    redisAway() {
      const process = someone()
      if (!process || process.circumstances.offBus) return false
      process.circumstances.offBus = true
      time.in(chance.between(1_000, 25_000), () => {
        process.circumstances.offBus = false
      })
      return true
    },
    redisFlush() {
      network.flush()
      return true
    },
    badBus() {
      network.loss = chance.between(0, 0.7)
      network.duplicates = chance.between(0, 0.5)
      network.late = chance.between(0, 0.5)
      time.in(chance.between(3_000, 15_000), () => {
        network.loss = network.duplicates = network.late = 0
      })
      return true
    },
    toggle() {
      const key = chance.one(bots)
      someone()?.setDesired('bot', key, chance.is(0.5))
      return true
    },
    fall() {
      someone()?.fall(chance.one(bots))
      return true
    },
  }
  const server = { up: true, isUp: () => server.up, statements: tables.statements }
  const processes = new Map<string, ModelProcess>()
  const leaving = new Set<ModelProcess>()
  const faults: Record<string, number> = {}
  const bots = Array.from({ length: chance.whole(2, 6) }, (_, at) => `c${at}`)
  const nodeIds = ['a', 'b', 'c', 'd'].slice(0, chance.whole(2, 4))
  let started = 0
  let events = 0
  let messages = 0
  let settledAt: number | null = null
  let over = false

  for (const key of bots) tables.statements.setDesired('bot', key, chance.is(0.9))
  for (const nodeId of nodeIds) time.in(chance.between(0, 3_000), () => startProcess(nodeId))
  talk()
  plan()
  time.at(FAULTS_FOR_MS, heal)

  return {
    step() {
      if (over) return false
      events++
      if (!time.step(FAULTS_FOR_MS + SETTLED_WITHIN_MS)) {
        finish()
        over = true
      }
      return !over
    },
    outcome: () => ({
      seed,
      violations: checker.violations,
      faults,
      events,
      replies: checker.replies(),
      settledInMs: (settledAt ?? Infinity) - FAULTS_FOR_MS,
    }),
  }

  function startProcess(nodeId: string): ModelProcess {
    const process = createModelProcess({
      process: `${nodeId}${++started}`,
      nodeId,
      time,
      chance,
      checker,
      server,
      bus: network.busOf,
      keys: network.keysOf,
      logger,
    })
    processes.set(process.process, process)
    process.start()
    return process
  }

  /** Viewers ask; their questions reach whoever believes to be asked, more than once, and late. */
  function talk(): void {
    if (time.now() > FAULTS_FOR_MS + SETTLED_WITHIN_MS - 5_000) return
    const key = chance.one(bots)
    const messageId = `m${++messages}`
    for (const process of processes.values()) {
      const deliveries = chance.is(0.2) ? 2 : 1
      for (let delivery = 0; delivery < deliveries; delivery++) {
        time.in(chance.is(0.1) ? chance.between(50, 9_000) : chance.between(1, 40), () => process.hear(key, messageId))
      }
    }
    time.in(chance.between(600, 3_000), talk)
  }

  /** Some faults, of some kinds: where all came always, none would come alone. */
  function plan(): void {
    const kinds = Object.keys(FAULTS) as Array<keyof typeof FAULTS>
    const chosen = kinds.filter((kind) => (only ? only.includes(kind) : chance.is(0.35)))
    if (chosen.length === 0) return
    for (let at = chance.between(2_000, 8_000); at < FAULTS_FOR_MS - 1_000; at += chance.between(500, 9_000)) {
      time.at(at, () => {
        const kind = chance.one(chosen)
        if (!FAULTS[kind]()) return
        faults[kind] = (faults[kind] ?? 0) + 1
        trace?.(`${(time.now() / 1_000).toFixed(3)} ${kind}`)
      })
    }
  }

  function alive(): ModelProcess[] {
    return [...processes.values()].filter(({ circumstances }) => !circumstances.dead)
  }
  function someone(): ModelProcess | undefined {
    const some = alive()
    return some.length === 0 ? undefined : chance.one(some)
  }

  function kill(process: ModelProcess): void {
    process.circumstances.dead = true
    processes.delete(process.process)
  }

  function comeBack(nodeId: string): void {
    if (chance.is(0.25)) return
    time.in(chance.one([300, 2_000, 8_000, 16_000]) * chance.between(0.8, 1.2), () => {
      if (time.now() < FAULTS_FOR_MS) startProcess(nodeId)
    })
  }

  function recover(process: ModelProcess): void {
    process.circumstances.healthySince = time.now()
  }

  function heal(): void {
    server.up = true
    network.loss = network.duplicates = network.late = 0
    if (!network.up) {
      network.up = true
      network.tellUp()
    }
    for (const process of alive()) {
      process.circumstances.cutOff = process.circumstances.offBus = false
      process.circumstances.loss = 0
      recover(process)
      if (process.circumstances.paused) process.wake()
    }
    if (alive().every((process) => leaving.has(process))) startProcess(chance.one(nodeIds))
    look()
  }

  function look(): void {
    settledAt = wrong().length > 0 ? null : (settledAt ?? time.now())
    // It was well for some renewals and a round of the watchdog: it will be.
    if (settledAt !== null && time.now() - settledAt >= WELL_FOR_MS) {
      over = true
      return
    }
    if (time.now() < FAULTS_FOR_MS + SETTLED_WITHIN_MS - LOOK_EVERY_MS) time.in(LOOK_EVERY_MS, look)
  }

  function finish(): void {
    for (const fault of wrong()) checker.say(`I6: ${fault}`)
  }

  /** What is not as it should be once nothing is broken. */
  function wrong(): string[] {
    return tables.assignments().flatMap(({ kind, key, desired, owner, epoch }: AssignmentRow) => {
      const runs = alive().filter((process) => process.running(kind).has(key))
      const who = runs.map((process) => `${process.process}/${process.running(kind).get(key)}`).join()
      const place = `${kind} ${key} (owner ${owner}, epoch ${epoch}, run by ${who || 'nobody'})`
      if (!desired) return owner === null && runs.length === 0 ? [] : [`${place} is not wanted and not let go`]
      const [one] = runs
      if (runs.length !== 1 || !one) return [`${place} is not run by one`]
      if (one.node.session() !== owner || one.running(kind).get(key) !== epoch) return [`${place} is run by another`]
      return one.node.mayAct() ? [] : [`${place} is run by one that may not act`]
    })
  }
}
