import { setTimeout as pause } from 'node:timers/promises'
import type { RedisProcess } from '../support/redis-process.ts'
import { allActive, beginFault, calm, takes, type Fault, type Scene } from './scene.ts'

const PROBE_EVERY_MS = 500

/** No Redis at all for a while; it comes back empty. */
export function killRedis(forMs: number): Fault {
  return async (scene) => {
    const { redis } = scene.cluster
    const fault = beginFault(scene, `no Redis for ${forMs / 1_000} s`)
    const keysBefore = await keysOf(scene)
    await redis.killAll()
    const gone = await nobodyAnswers(redis.servers)
    await pause(forMs)
    const back = Date.now()
    await redis.revive()
    const reconnectedMs = await takes(15_000, () => isUpEverywhere(scene))
    fault.proofs.push({ what: 'no server answered', holds: gone })
    const rebuiltMs = await takes(30_000, () => isRebuilt(scene, keysBefore))
    fault.over = Date.now()
    fault.recoveries.push(
      {
        what: 'donations are shown all the same',
        boundMs: 2_500,
        least: 3,
        measure: 'donations',
        of: { marks: calm(scene), from: fault.at, until: back },
      },
      { what: 'every node has it again', boundMs: 6_000, least: 1, measure: 'taken', tookMs: [reconnectedMs] },
      { what: 'what stood in it stands there again', boundMs: 30_000, least: 1, measure: 'taken', tookMs: [rebuiltMs] },
    )
    // What is heard on one node and belongs to another has no way, until the Sentinels have put all servers in their places.
    fault.mayLose.push({ marks: null, from: fault.at - 500, until: fault.over + 4_000 })
    return fault
  }
}

/** The primary dies, and the Sentinels make the replica one. */
export function failRedisOver(): Fault {
  return async (scene) => {
    const { redis } = scene.cluster
    const stopProbing = scene.traffic.probe(calm(scene), PROBE_EVERY_MS)
    const fault = beginFault(scene, 'failover of Redis')
    const before = await redis.killPrimary()
    const changed = await takes(10_000, async () => (await redis.primary()) !== before)
    fault.proofs.push({ what: 'another server became primary', holds: changed !== null && before.pid() === null })
    const reconnected = await takes(15_000, () => isUpEverywhere(scene))
    const tookMs = reconnected === null ? null : Date.now() - fault.at
    await pause(Math.max(0, fault.at + 7_000 - Date.now()))
    fault.over = Date.now()
    stopProbing()
    fault.recoveries.push(
      {
        what: 'all bots answer, whoever hears for them',
        boundMs: 6_000,
        least: 10,
        measure: 'first-answer',
        of: { marks: calm(scene), from: fault.at, until: fault.over },
      },
      { what: 'every node has it again', boundMs: 6_000, least: 1, measure: 'taken', tookMs: [tookMs] },
    )
    fault.mayLose.push({ marks: null, from: fault.at - 500, until: fault.at + 6_500 })
    await redis.revive()
    return fault
  }
}

/** Somebody empties it. */
export function flushRedis(): Fault {
  return async (scene) => {
    const { redis } = scene.cluster
    const keysBefore = await keysOf(scene)
    const fault = beginFault(scene, 'FLUSHALL')
    // Longer than anybody needs to act on it; other faults may follow.
    const watched = fault.at + 6_000
    const primary = await redis.primary()
    await primary.ask('flushall')
    const left = Number(await primary.ask('dbsize'))
    fault.proofs.push(
      { what: 'something stood in it before', holds: keysBefore.size > 0 },
      { what: 'next to nothing was left', holds: left < Math.max(3, keysBefore.size / 2) },
    )
    const rebuiltMs = await takes(32_000, () => isRebuilt(scene, keysBefore))
    const away = rebuiltMs === null ? await missing(scene, keysBefore) : []
    if (away.length > 0) fault.proofs.push({ what: `nothing is missing: ${away.slice(0, 5).join()}`, holds: false })
    fault.over = Date.now()
    const changes = await scene.observer.ownership()
    const lost = changes.filter(
      ({ at, kind, owner }) => kind === 'bot' && owner === null && at > fault.at && at < watched,
    )
    fault.proofs.push({ what: 'nobody lost a bot for it', holds: lost.length === 0 })
    fault.recoveries.push({
      what: 'what stood in it stands there again',
      boundMs: 30_000,
      least: 1,
      measure: 'taken',
      tookMs: [rebuiltMs],
    })
    return fault
  }
}

/** The database falls without a word and comes back. */
export function restartPostgres(forMs: number): Fault {
  return async (scene) => {
    const { cluster, traffic, observer } = scene
    const fault = beginFault(scene, `PostgreSQL falls, back after ${forMs / 1_000} s`)
    await cluster.postgres.kill('SIGQUIT')
    const fell = await observer.query('select 1').then(
      () => false,
      () => true,
    )
    await pause(forMs)
    await cluster.postgres.start()
    const back = Date.now()
    const marks = calm(scene)
    const stopProbing = traffic.probe(marks, PROBE_EVERY_MS)
    fault.proofs.push(
      { what: 'nothing answered at its place', holds: fell },
      { what: `it was gone for ${forMs / 1_000} s`, holds: back - fault.at >= forMs },
    )
    await allActive(scene, 10_000)
    await pause(Math.max(0, back + 5_000 - Date.now()))
    fault.over = Date.now()
    stopProbing()
    fault.recoveries.push(
      {
        what: 'all bots answer again, from when it was back',
        boundMs: 5_000,
        least: 10,
        measure: 'first-answer',
        of: { marks, from: back, until: fault.over },
      },
      {
        what: 'donations of that time are shown, from when it was back',
        boundMs: 5_000,
        least: 3,
        measure: 'donations',
        of: { marks, from: fault.at, until: back },
        since: back,
      },
    )
    fault.mayLose.push({ marks: null, from: fault.at - 1_000, until: back + 5_000 })
    return fault
  }
}

/** Every node says that it has Redis. */
async function isUpEverywhere({ cluster, observer }: Scene): Promise<boolean> {
  const asked = Date.now()
  await observer.scrape()
  const running = cluster.nodes.filter((node) => node.isRunning())
  return running.every((node) => {
    const scrape = observer.scrapes.findLast((one) => one.nodeId === node.id && one.at >= asked)
    return scrape?.series['chatfolk_redis_up'] === 1
  })
}

async function keysOf({ cluster: { redis } }: Scene): Promise<Set<string>> {
  const primary = await redis.primary()
  return new Set((await primary.ask('keys', '*')) as string[])
}

/** What every node writes again by itself; the rest comes and goes. */
const REBUILT = /owner:|overlays:/

async function isRebuilt(scene: Scene, before: ReadonlySet<string>): Promise<boolean> {
  return (await missing(scene, before)).length === 0
}

async function missing(scene: Scene, before: ReadonlySet<string>): Promise<string[]> {
  const now = await keysOf(scene)
  return [...before].filter((key) => REBUILT.test(key) && !now.has(key))
}

async function nobodyAnswers(servers: readonly RedisProcess[]): Promise<boolean> {
  const asked = servers.map((server) =>
    server.ask('ping').then(
      () => false,
      () => true,
    ),
  )
  return (await Promise.all(asked)).every(Boolean)
}
