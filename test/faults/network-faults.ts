import { setTimeout as pause } from 'node:timers/promises'
import { allActive, beginFault, marksOf, type Fault } from './scene.ts'

/** One node, and it alone, is cut off from a store: silently, as a firewall does it, or with resets. */
export function partitionNode(id: string, from: 'redis' | 'postgres', how: 'cut' | 'blackhole', forMs: number): Fault {
  return async (scene) => {
    const node = scene.cluster.nodes.find((one) => one.id === id)
    if (!node) throw new Error(`there is no ${id}`)
    const wires = from === 'redis' ? node.wires.redis : [node.wires.postgres]
    const marks = await marksOf(scene, id)
    const figures = () =>
      wires.map((wire) => wire.figures()).reduce((sum, { swallowedBytes, broken }) => sum + swallowedBytes + broken, 0)
    const before = figures()
    const stopProbing = scene.traffic.probe(marks, 500)
    const fault = beginFault(scene, `${id} is cut off from ${from} (${how}) for ${forMs / 1_000} s`)
    for (const wire of wires) wire[how]()
    await pause(forMs)
    const noticed = figures() > before
    for (const wire of wires) wire.restore()
    const healed = Date.now()
    await allActive(scene, 25_000)
    await pause(4_000)
    fault.over = Date.now()
    stopProbing()
    fault.proofs.push(
      { what: 'something was swallowed or broken off', holds: noticed },
      { what: 'it ran bots', holds: marks.length >= 3 },
    )
    fault.recoveries.push({
      what: 'its bots answer again',
      // Without the database it is fenced and others take over; without Redis it waits for the wire.
      boundMs: from === 'postgres' ? 17_000 : forMs + 6_000,
      least: 3,
      measure: 'first-answer',
      of: { marks, from: fault.at, until: fault.over },
    })
    fault.mayLose.push({ marks: null, from: fault.at - 500, until: healed + 6_000 })
    return fault
  }
}
