import { setTimeout as pause } from 'node:timers/promises'
import type { OverlayMemory } from '../support/overlay-client.ts'
import { beginFault, calm, marksOf, openOverlayOf, takes, type Fault } from './scene.ts'

/** OBS is told to reload the page while it draws. */
export function reloadOverlay(mark: string): Fault {
  return async (scene) => {
    const tenant = scene.tenants.find((one) => one.mark === mark)
    const overlay = scene.overlays.find((one) => one.mark === mark && one.record.closedAt === null)
    if (!tenant || !overlay) throw new Error(`there is no overlay of ${mark}`)
    // One that draws for long enough to be caught at it.
    overlay.close()
    const page = { kind: 'primary', instance: crypto.randomUUID(), memory: newMemory() } as const
    const slow = openOverlayOf(scene, tenant, { ...page, drawMs: 3_000 })
    await takes(10_000, () => slow.client.role() === 'primary')
    const fault = beginFault(scene, `the overlay of ${mark} is reloaded under an alert`)
    await scene.traffic.donate(mark)
    const underway = () => {
      const drawn = slow.record.log.filter(({ event }) => event === 'drawn').length
      return drawn > slow.record.log.filter(({ event }) => event === 'done').length
    }
    await takes(15_000, underway)
    const caught = underway()
    slow.record.crashed = true
    slow.close()
    const reloaded = openOverlayOf(scene, tenant, { ...page, drawMs: 150 })
    const resumed = () => reloaded.record.log.some(({ event }) => event === 'resumed')
    const tookMs = await takes(10_000, resumed)
    fault.proofs.push({ what: 'it was drawing at that moment', holds: caught })
    fault.recoveries.push({
      what: 'the page goes on with it',
      boundMs: 10_000,
      least: 1,
      measure: 'taken',
      tookMs: [tookMs],
    })
    fault.over = Date.now()
    return fault
  }
}

/** The platform tells things twice, late and in the wrong order. */
export function disorder(marks: readonly string[]): Fault {
  return async (scene) => {
    const { control, traffic, tenants } = scene
    const fault = beginFault(scene, 'pushes twice and in the wrong order')
    for (const mark of marks) {
      const daId = tenants.find((one) => one.mark === mark)?.streamer.daId ?? ''
      await control.reorder(daId, 3)
      for (const push of ['normal', 'duplicate', 'redeliver']) await traffic.donate(mark, { push })
      await control.reorder(daId, 0)
    }
    fault.over = Date.now()
    const account = await scene.observer.simulator()
    const made = account.donations.filter(({ at }) => at >= fault.at - 1_000)
    fault.proofs.push(
      { what: 'donations were pushed twice', holds: made.some(({ push }) => push === 'duplicate') },
      { what: 'a push was sent twice', holds: made.some(({ push }) => push === 'redeliver') },
      {
        what: 'chat was delivered twice',
        holds: account.messages.some(({ fates }) => fates.filter(({ fate }) => fate === 'delivered').length > 1),
      },
    )
    return fault
  }
}

/**
 * Access tokens die, and their renewal takes long: all nodes that need one meet at it. Those of streams on one node, where
 * others are about to fall: whoever dies between a platform's answer and the database takes the new pair along.
 */
export function killTokens(count: number, { on }: { on?: string } = {}): Fault {
  return async (scene) => {
    const { control, tenants, observer } = scene
    const there = on === undefined ? calm(scene) : await marksOf(scene, on, 'donations')
    const victims = tenants.filter(({ mark }) => there.includes(mark)).slice(-count)
    const fault = beginFault(scene, `${victims.length} access tokens die`)
    await control.fault({ target: 'da.token', kind: 'slow', delayMs: 1_500, times: count })
    for (const { streamer } of victims) {
      await control.kill({ platform: 'da', userId: streamer.daId, kill: 'access' })
      await control.closeSockets({ daId: streamer.daId, code: 3005 })
    }
    const renewed = async () => {
      const { requests } = await observer.simulator()
      return requests.filter(
        ({ endpoint, user, at, status }) =>
          endpoint === 'da.token' && user !== null && at >= fault.at && status === 200,
      ).length
    }
    const tookMs = await takes(25_000, async () => (await renewed()) >= count)
    // The new pair is on its way into the database.
    await pause(1_500)
    fault.over = Date.now()
    fault.proofs.push({ what: `${count} were renewed`, holds: tookMs !== null && victims.length === count })
    return fault
  }
}

/** Chat sockets hang: written to, and read by nobody. */
export function halfOpenChat(): Fault {
  return async (scene) => {
    const fault = beginFault(scene, 'a chat socket is half open')
    const { halfOpen } = await scene.tell<{ halfOpen: number }>('POST', 'twitch/sockets/half-open', { shard: '0' })
    const stopProbing = scene.traffic.probe(calm(scene), 1_000)
    await pause(30_000)
    fault.over = Date.now()
    stopProbing()
    const { messages } = await scene.observer.simulator()
    const lost = messages.filter(({ at, fates }) => at >= fault.at && fates.some(({ fate }) => fate === 'lost'))
    fault.proofs.push(
      { what: 'a socket was half open', holds: halfOpen > 0 },
      { what: 'it swallowed messages', holds: lost.length > 0 },
    )
    fault.recoveries.push({
      what: 'all bots answer again',
      // Ten seconds without a keepalive and a grace, then a new connection.
      boundMs: 20_000,
      least: 10,
      measure: 'first-answer',
      of: { marks: calm(scene), from: fault.at, until: fault.over },
    })
    fault.mayLose.push({ marks: null, from: fault.at - 500, until: fault.at + 20_000 })
    return fault
  }
}

/** Donation sockets hang. */
export function halfOpenDonations(): Fault {
  return async (scene) => {
    const fault = beginFault(scene, 'all donation sockets are half open')
    const answer = (await scene.control.halfOpen({ all: true })) as { halfOpen: number }
    await pause(75_000)
    fault.over = Date.now()
    fault.proofs.push({ what: 'sockets were half open', holds: answer.halfOpen >= scene.tenants.length / 2 })
    fault.recoveries.push({
      what: 'donations of that time are shown',
      // A ping each 25 s that is not answered, then a place in the budget.
      boundMs: 70_000,
      least: 10,
      measure: 'donations',
      of: { marks: calm(scene), from: fault.at, until: fault.at + 5_000 },
    })
    return fault
  }
}

/** A platform answers with nothing but errors, and everybody's socket breaks meanwhile. */
export function errorStorm(platform: 'da' | 'twitch', kind: string, forMs: number): Fault {
  return async (scene) => {
    const { control, observer } = scene
    const name = platform === 'da' ? 'DonationAlerts' : 'Twitch'
    const fault = beginFault(scene, `${name} answers ${kind} for ${forMs / 1_000} s`)
    await control.fault({ target: platform, kind, durationMs: forMs, retryAfter: true })
    if (platform === 'da') await control.closeSockets({ all: true, code: 3001 })
    await pause(forMs)
    const back = Date.now()
    const { requests } = await observer.simulator()
    const met = requests.filter((request) => request.at >= fault.at && request.fault === kind).length
    fault.proofs.push({ what: `requests were answered with ${kind}`, holds: met > 0 })
    const stopProbing = scene.traffic.probe(calm(scene), 1_000)
    await pause(platform === 'da' ? 75_000 : 15_000)
    fault.over = Date.now()
    stopProbing()
    fault.recoveries.push(
      platform === 'da'
        ? {
            what: 'donations of that time are shown, from when it was back',
            boundMs: 75_000,
            least: 10,
            measure: 'donations',
            of: { marks: calm(scene), from: fault.at, until: back },
            since: back,
          }
        : {
            what: 'all bots answer again, from when it was back',
            boundMs: 10_000,
            least: 10,
            measure: 'first-answer',
            of: { marks: calm(scene), from: back, until: fault.over },
          },
    )
    if (platform === 'twitch') fault.mayLose.push({ marks: null, from: fault.at - 500, until: back + 10_000 })
    return fault
  }
}

/** All connections to chat break at once. */
export function loseAllShards(): Fault {
  return async (scene) => {
    const fault = beginFault(scene, 'all chat sockets are closed')
    const { closed } = (await scene.control.closeChatSockets({ all: true, code: 4000 })) as { closed: number }
    const stopProbing = scene.traffic.probe(calm(scene), 500)
    await pause(12_000)
    fault.over = Date.now()
    stopProbing()
    fault.proofs.push({ what: 'there were sockets, and they were closed', holds: closed > 0 })
    fault.recoveries.push({
      what: 'all bots answer again',
      boundMs: 10_000,
      least: 10,
      measure: 'first-answer',
      of: { marks: calm(scene), from: fault.at, until: fault.over },
    })
    fault.mayLose.push({ marks: null, from: fault.at - 500, until: fault.at + 10_000 })
    return fault
  }
}

const newMemory = (): OverlayMemory => ({ shown: new Set(), kept: null })
