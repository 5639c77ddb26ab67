import { sleepOn, type Clock } from '../../src/base/clock.ts'
import { AppError } from '../../src/base/errors.ts'
import type { AssignmentRunner, Owned } from '../../src/app/assignments/assignment-runner.ts'
import { createNodeLife, type NodeLife } from '../../src/app/assignments/keep-node-session.ts'
import { createTellReach } from '../../src/app/assignments/tell-reach.ts'
import { createSuperviseAssignments } from '../../src/app/assignments/supervise-assignments.ts'
import type { Logger } from '../../src/base/logger.ts'
import type { Bus } from '../../src/coordination/bus.ts'
import type { SharedKeys } from '../../src/coordination/shared-keys.ts'
import type { AssignmentKind } from '../../src/domain/assignment-kind.ts'
import type { StatementOptions } from '../../src/persistence/database.ts'
import type { Nodes } from '../../src/persistence/nodes.ts'
import type { Ownership } from '../../src/persistence/ownership.ts'
import type { Checker } from './checker.ts'
import type { Statements } from './model-database.ts'
import type { Chance, VirtualTime } from './virtual-time.ts'

/** What the world does to a process; the process knows nothing of it. */
export interface Circumstances {
  /** Its event loop stands still; what is due meanwhile happens when it goes on. */
  paused: boolean
  /** The process is no more. */
  dead: boolean
  /** It does not reach the store between nodes. */
  offBus: boolean
  /** It does not reach the database: nothing is refused, nothing is answered. */
  cutOff: boolean
  /** Of what it sends to the database and is answered, so much gets lost. */
  loss: number
  /** Since when none of this is so, by true time. */
  healthySince: number
}

/** The database, as far as it can be reached. */
export interface Server {
  isUp(): boolean
  statements: Statements
}

export interface ModelProcess {
  process: string
  nodeId: string
  circumstances: Circumstances
  node: NodeLife
  supervisor: ReturnType<typeof createSuperviseAssignments>
  /** What its runners run. */
  running(kind: AssignmentKind): ReadonlyMap<string, number>
  /** A chat message reaches this process. */
  hear(key: string, messageId: string): boolean
  /** A bot falls, and nobody is told. */
  fall(key: string): void
  /** Runs `run` as soon as the process can; never where it is dead. */
  whenAwake(run: () => void): boolean
  wake(): void
  setDesired(kind: AssignmentKind, key: string, desired: boolean): void
  start(): void
  /** SIGTERM. */
  stop(): Promise<void>
}

export interface ModelProcessOptions {
  process: string
  nodeId: string
  time: VirtualTime
  chance: Chance
  checker: Checker
  server: Server
  bus: (process: { whenAwake(run: () => void): void; circumstances: Circumstances }) => Bus
  keys: (process: string) => SharedKeys
  logger: Logger
}

/** As in `nodes.ts` and `ownership.ts`: an answer is not waited for longer. */
const ANSWER_TIMEOUT_MS = 5_000
const REFUSED_AFTER_MS = 5
const KINDS: AssignmentKind[] = ['shard', 'bot']
const NO_METRIC = { set() {}, inc() {} } as never

/** One process of the service: the code that coordinates is the real one, all around it is made up. */
export function createModelProcess(options: ModelProcessOptions): ModelProcess {
  const { time, chance, checker, server, logger } = options
  const circumstances: Circumstances = {
    paused: false,
    dead: false,
    cutOff: false,
    offBus: false,
    loss: 0,
    healthySince: time.now(),
  }
  const asleep: Array<() => void> = []
  /** Its clock runs at a rate of its own, a little. */
  const rate = chance.between(0.99, 1.01)

  /** @returns false where nothing comes of it. */
  const whenAwake = (run: () => void): boolean => {
    if (circumstances.dead) return false
    if (circumstances.paused) asleep.push(run)
    else run()
    return true
  }
  const clock: Clock = {
    now: () => time.now(),
    monotonic: () => time.now() * rate,
    after(delayMs, run) {
      let cancelled = false
      time.in(delayMs / rate, () => !cancelled && whenAwake(() => cancelled || run()))
      return () => {
        cancelled = true
      }
    },
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
  }

  /** A statement on its way to the database, at the database, on its way back: lost anywhere, or late. */
  const send = <T>(statement: () => T, timeoutMs = ANSWER_TIMEOUT_MS): Promise<T> =>
    new Promise((resolve, reject) => {
      let over = false
      const answer = (how: () => void) =>
        !over &&
        whenAwake(() => {
          if (over) return
          over = true
          how()
        })
      const fail = () => answer(() => reject(new AppError('unavailable')))
      time.in(timeoutMs, fail)
      if (circumstances.cutOff) return
      if (!server.isUp()) {
        if (chance.is(0.7)) time.in(REFUSED_AFTER_MS, fail)
        return
      }
      const latency = () => (chance.is(0.03) ? chance.between(20, 1_500) : chance.between(0.2, 10))
      if (chance.is(circumstances.loss)) return
      time.in(latency(), () => {
        if (!server.isUp()) return time.in(REFUSED_AFTER_MS, fail)
        if (circumstances.cutOff) return
        const result = statement()
        // It is done, whether or not anybody hears of it.
        time.in(latency(), () => {
          if (circumstances.cutOff || chance.is(circumstances.loss)) return
          if (!server.isUp()) fail()
          else answer(() => resolve(result))
        })
      })
    })
  const remote = (name: keyof Statements) =>
    ((...args: unknown[]) => {
      const statement = server.statements[name] as (...all: unknown[]) => unknown
      const timeoutMs = name === 'renew' ? (args[2] as StatementOptions).timeoutMs : undefined
      // What is sent is what it was at that moment.
      return send(() => statement(...args), timeoutMs)
    }) as never

  const nodes: Nodes = {
    begin: remote('begin'),
    renew: remote('renew'),
    fence: remote('fence'),
    drain: remote('drain'),
    end: remote('end'),
    purge: remote('purge'),
  }
  const ownership: Ownership = {
    claim: remote('claim'),
    transfer: remote('transfer'),
    release: remote('release'),
    freeOfDead: remote('freeOfDead'),
    unowned: remote('unowned'),
    loads: remote('loads'),
    ofSession: remote('ofSession'),
    rows: remote('rows'),
    ensureShards: remote('ensureShards'),
    trimShards: remote('trimShards'),
  }
  const bus = options.bus({ whenAwake, circumstances })
  const reach = createTellReach({ bus, clock })
  const node = createNodeLife({
    nodes,
    nodeId: options.nodeId,
    process: options.process,
    roles: new Set(['bots', 'web', 'donations'] as const),
    version: 'model',
    alone: false,
    figures: () => ({ reach: reach() }),
    onBegun: (session) => supervisor.begun(session),
    onPulse: (pulse) => supervisor.pulse(pulse),
    onLost: () => supervisor.lost(),
    onNodesChanged: () => bus.publish('cluster', { type: 'nodes-changed' }),
    clock,
    random: chance.random,
    logger,
    metrics: { nodes: NO_METRIC },
  })
  const supervisor = createSuperviseAssignments({
    node,
    nodeId: options.nodeId,
    ownership,
    nodes,
    bus,
    keys: options.keys(options.process),
    watchdogEveryMs: 10_000,
    clock,
    logger,
    metrics: { watchdogActions: NO_METRIC },
  })
  const runners = new Map(KINDS.map((kind) => [kind, createModelRunner(kind)]))
  for (const runner of runners.values()) supervisor.register(runner)
  checker.watch({
    process: options.process,
    session: node.session,
    mayAct: () => !circumstances.dead && node.mayAct(),
    healthySince: () =>
      circumstances.paused || circumstances.dead || circumstances.cutOff || circumstances.loss > 0
        ? Infinity
        : circumstances.healthySince,
  })

  return {
    process: options.process,
    nodeId: options.nodeId,
    circumstances,
    node,
    supervisor,
    running: (kind) => runners.get(kind)?.running() ?? new Map(),
    hear: (key, messageId) =>
      (circumstances.paused || runners.get('bot')?.running().has(key) === true) &&
      whenAwake(() => void answer(key, messageId)),
    fall(key) {
      runners.get('bot')?.fall(key)
    },
    whenAwake,
    wake() {
      circumstances.paused = false
      const due = asleep.splice(0)
      // Timers first, or what came over the network: either may be.
      if (chance.is(0.5)) due.reverse()
      for (const run of due) time.in(0, () => whenAwake(run))
    },
    setDesired(kind, key, desired) {
      send(() => server.statements.setDesired(kind, key, desired)).then(
        () => bus.publish('cluster', { type: 'assignments-changed', kind, keys: [key] }),
        () => undefined,
      )
    },
    start: () => void node.start(),
    stop: () => supervisor.stop(),
  }

  function createModelRunner(kind: AssignmentKind): AssignmentRunner & { fall(key: string): void } {
    const running = new Map<string, number>()
    /** As a runner that writes down how it goes. */
    const tell = async (key: string, epoch: number, attempts: number): Promise<void> => {
      const session = node.session()
      if (session === null || running.get(key) !== epoch || !node.mayAct()) return
      checker.acted(session)
      try {
        const written = await send(() => server.statements.note(session, kind, key, epoch))
        if (!written && running.get(key) === epoch && node.session() === session) supervisor.refused(kind, [key])
      } catch {
        if (attempts > 0) await tell(key, epoch, attempts - 1)
      }
    }
    return {
      kind,
      begin(owned: readonly Owned[]) {
        for (const { key, epoch } of owned) {
          running.set(key, epoch)
          void tell(key, epoch, 1)
          clock.after(chance.between(500, 5_000), () => void tell(key, epoch, 0))
        }
      },
      async end(keys) {
        for (const key of keys) running.delete(key)
        // Something may be under way for a while.
        if (chance.is(0.2)) await clock.sleep(chance.between(1, 800))
      },
      refresh() {},
      running: () => running,
      legacy: (key) => ({ key }),
      fall: (key) => void running.delete(key),
    }
  }

  /** The way of an answer in chat: may we, is it ours to give, may we still, say it. */
  async function answer(key: string, messageId: string): Promise<void> {
    const running = runners.get('bot')?.running()
    const epoch = running?.get(key)
    const session = node.session()
    if (epoch === undefined || session === null || !node.mayAct()) return
    checker.acted(session)
    try {
      const claimed = await send(() => server.statements.claimReply(session, key, epoch, messageId))
      if (!claimed || running?.get(key) !== epoch || !node.mayAct()) return
      time.in(chance.between(5, 50), () => checker.replied(key, messageId))
    } catch {
      // Not known whether it is ours to give: nothing is said.
    }
  }
}
