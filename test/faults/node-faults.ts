import { setTimeout as pause } from 'node:timers/promises'
import type { TestedNode } from './cluster.ts'
import type { FaultRecord, Recovery } from './recording.ts'
import {
  allActive,
  beginFault,
  calm,
  isPaused,
  marksOf,
  sessionsOf,
  takenOver,
  type Fault,
  type Scene,
} from './scene.ts'

/** Fewer bots than this on a node would prove little. */
const LEAST_BOTS = 3
const PROBE_EVERY_MS = 500
/** Fine enough to see a silence of a second. */
const PROBE_CLOSELY_EVERY_MS = 200
/** A hand-over takes a second or two. */
const PROBED_FOR_MS = 5_000
const USUAL_BOOT_MS = 1_200
const PINGS_MISSED_MS = 10_000

const leastOf = ({ roles }: TestedNode) => (roles.includes('bots') ? LEAST_BOTS : 0)

/** Until others have it, and one request each in the application's budget: see {@link donationsOf}. */
const DONATIONS_TAKEN_OVER_MS = 15_000
const DONATIONS_HANDED_OVER_MS = 3_000
const BUDGET_SPACING_MS = 1_100

const nodeOf = ({ cluster }: Scene, id: string): TestedNode => {
  const node = cluster.nodes.find((one) => one.id === id)
  if (!node) throw new Error(`there is no ${id}`)
  return node
}

/** A machine is gone: nobody starts the process again until others have taken over. */
export function killNode(id: string, { supervised }: { supervised: boolean }): Fault {
  return async (scene) => {
    const node = nodeOf(scene, id)
    const marks = await marksOf(scene, id)
    const streams = await marksOf(scene, id, 'donations')
    const stopProbing = scene.traffic.probe(marks, supervised ? PROBE_CLOSELY_EVERY_MS : PROBE_EVERY_MS)
    await scene.observer.scrape()
    await pause(PROBE_EVERY_MS)
    const fault = beginFault(scene, supervised ? `SIGKILL of ${id}, restarted at once` : `SIGKILL of ${id}`)
    const life = node.life()
    const sessions = await sessionsOf(scene, id)
    await node.end('SIGKILL')
    const restarted = supervised ? node.start() : null
    fault.proofs.push(
      { what: 'the process ended by SIGKILL', holds: life?.end === 'SIGKILL' && life.endedAt !== null },
      { what: `it ran at least ${leastOf(node)} bots`, holds: marks.length >= leastOf(node) },
    )
    await restarted
    const bootMs = (node.life()?.readyAt ?? 0) - (node.life()?.startedAt ?? 0)
    // The bound is for a machine that has a process up in a second; one that is busy with other things gets in proportion.
    const boundMs = supervised ? 3_000 * Math.max(1, bootMs / USUAL_BOOT_MS) : 15_000
    await takenOver(scene, sessions, boundMs + 10_000)
    await pause(1_000)
    fault.over = Date.now()
    stopProbing()
    fault.recoveries.push({
      what: supervised ? `its bots answer again (the process was up after ${bootMs} ms)` : 'its bots answer again',
      boundMs,
      least: leastOf(node),
      measure: 'first-answer',
      of: { marks, from: fault.at, until: fault.over },
    })
    fault.recoveries.push(donationsOf(scene, streams, fault, DONATIONS_TAKEN_OVER_MS))
    // What was on its way to it, and what it heard for others, went with it.
    fault.mayLose.push({ marks: null, from: fault.at - 2_000, until: fault.at + 1_000 })
    fault.mayLose.push({ marks, from: fault.at - 2_000, until: fault.over })
    if (!supervised) {
      await node.start()
      scene.say(`${id} is started again`)
    }
    return fault
  }
}

/** The process hangs, and does not know it when it goes on. */
export function pauseNode(id: string, forMs: number): Fault {
  return async (scene) => {
    const node = nodeOf(scene, id)
    const marks = await marksOf(scene, id)
    const streams = await marksOf(scene, id, 'donations')
    const stopProbing = scene.traffic.probe(marks, PROBE_EVERY_MS)
    const fault = beginFault(scene, `SIGSTOP of ${id} for ${forMs / 1_000} s`)
    const pid = node.life()?.pid ?? 0
    node.pause()
    await pause(200)
    const hung = await isPaused(pid)
    await pause(forMs - 200)
    const hangs = await isPaused(pid)
    node.resume()
    const resumed = Date.now()
    fault.proofs.push(
      { what: 'the process hung', holds: hung && hangs },
      { what: `it hung for ${forMs / 1_000} s`, holds: resumed - fault.at >= forMs - 50 },
      { what: `it ran at least ${leastOf(node)} bots`, holds: marks.length >= leastOf(node) },
    )
    await allActive(scene, 20_000)
    // What it does too late it does in its first seconds.
    await pause(3_000)
    fault.over = Date.now()
    stopProbing()
    fault.recoveries.push({
      what: 'its bots answer again',
      // Nobody takes over from a node that comes back before it is missed.
      boundMs: Math.min(15_000, forMs + 3_000),
      least: leastOf(node),
      measure: 'first-answer',
      of: { marks, from: fault.at + 300, until: fault.over },
    })
    fault.recoveries.push(donationsOf(scene, streams, fault, DONATIONS_TAKEN_OVER_MS))
    // Its socket stays open, and the platform believes in it until pings were not answered for 20 s.
    fault.mayLose.push({ marks: null, from: fault.at - 1_000, until: resumed + PINGS_MISSED_MS })
    return fault
  }
}

/** A deploy: the node hands over, ends, and comes back. */
export function redeployNode(id: string): Fault {
  return async (scene) => {
    const node = nodeOf(scene, id)
    const marks = await marksOf(scene, id)
    const streams = await marksOf(scene, id, 'donations')
    const stopProbing = scene.traffic.probe(marks, PROBE_CLOSELY_EVERY_MS)
    await pause(1_000)
    const fault = beginFault(scene, `SIGTERM of ${id}`)
    const gone = node.end('SIGTERM').then(() => Date.now() - fault.at)
    // Who is asked all the time meets the limit of answers of their account.
    await pause(PROBED_FOR_MS)
    const probedUntil = Date.now()
    stopProbing()
    const tookMs = await gone
    const life = node.life()
    fault.proofs.push(
      { what: 'the process ended in order', holds: life?.end === 'SIGTERM' && life.exitCode === 0 },
      { what: `it ran at least ${leastOf(node)} bots`, holds: marks.length >= leastOf(node) },
    )
    await pause(1_500)
    fault.over = Date.now()
    fault.recoveries.push(
      { what: 'gone', boundMs: 25_000, least: 1, measure: 'taken', tookMs: [tookMs] },
      {
        what: 'the longest silence of a bot',
        boundMs: 1_000,
        least: leastOf(node),
        measure: 'slowest-answer',
        of: { marks, from: fault.at - 500, until: probedUntil },
        usual: { marks, from: fault.at - 1_500, until: fault.at - 500 },
      },
      donationsOf(scene, streams, fault, DONATIONS_HANDED_OVER_MS),
    )
    await node.start()
    scene.say(`${id} is started again`)
    return fault
  }
}

/** Of streams that the node had. */
function donationsOf(scene: Scene, streams: readonly string[], { at, over }: FaultRecord, ownedMs: number): Recovery {
  const undisturbed = new Set(calm(scene))
  const boundMs = ownedMs + BUDGET_SPACING_MS * (1 + Math.ceil(streams.length / scene.applications))
  return {
    what: 'donations of its streams are shown',
    boundMs,
    // They come when they come.
    least: 0,
    measure: 'donations',
    of: { marks: streams.filter((mark) => undisturbed.has(mark)), from: at, until: over },
  }
}
