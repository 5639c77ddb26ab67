import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { createControl } from '../support/simulator-control.ts'
import { startCluster } from './cluster.ts'
import { createObserver } from './observer.ts'
import type { Recording, SignInRace } from './recording.ts'
import { activeBots, openOverlayOf, play, takes, type Plot, type Scene } from './scene.ts'
import { tryStaleWrites } from './stale-writes.ts'
import { joinAll, raceSignIn, wallTimes } from './streamers.ts'
import { startTraffic } from './traffic.ts'

export interface Performance {
  seed: number
  /** The roles of each node. */
  roles: readonly string[]
  channels: number
  /** At DonationAlerts; each has 60 requests a minute. */
  applications: number
  rateWindowMs: number
  /** Channels that have a second overlay, a mirror. */
  mirrors: number
  commandsPerSecond: number
  donationsPerSecond: number
  plot: Plot
  /** How long all of them take at most. */
  forMs: number
  expected: Recording['expected']
  say: (words: string) => void
}

/** Starts everything, lets it run, breaks it, and brings home what everybody saw. */
export async function perform(options: Performance): Promise<{ recording: Recording; directory: string }> {
  const { seed, roles, channels, applications, rateWindowMs, mirrors, plot, forMs, expected, say } = options
  const directory = await mkdtemp(join(tmpdir(), 'chatfolk-faults-'))
  const closing: Array<() => unknown> = []
  const began = performance.now()
  const tell = (words: string) => say(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${words}`)
  try {
    const cluster = await startCluster({ directory, seed, roles, applications, rateWindowMs })
    closing.push(cluster.stop)
    const observer = createObserver(cluster)
    closing.push(() => observer.stop())
    await observer.watchOwnership()
    await Promise.all(cluster.nodes.map((node) => node.start()))
    await eventually('HAProxy has nodes', async () => (await fetch(`${cluster.baseUrl}/health/live`)).ok)
    tell(`${roles.length} nodes are up; logs in ${join(directory, 'logs')}`)

    const tenants = await joinAll({
      baseUrl: cluster.baseUrl,
      simulatorUrl: cluster.simulatorUrl,
      count: channels,
      atOnce: Math.min(channels, applications * 2),
    })
    tell(`${tenants.length} streamers have signed in`)
    const control = createControl(cluster.simulatorUrl)
    const request: Scene['tell'] = async (method, path, body) => {
      const answer = await fetch(`${cluster.simulatorUrl}/control/${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
      return (await answer.json()) as never
    }
    const random = seeded(seed)
    const overlays: Scene['overlays'] = []
    closing.push(() => overlays.forEach((overlay) => overlay.close()))
    for (const [index, tenant] of tenants.entries()) {
      openOverlayOf({ overlays }, tenant, { kind: 'primary', drawMs: 150 })
      if (index < mirrors) openOverlayOf({ overlays }, tenant, { kind: 'mirror', drawMs: 150 })
    }
    const scene: Omit<Scene, 'traffic'> = {
      applications,
      cluster,
      tenants,
      observer,
      control,
      tell: request,
      overlays,
      random,
      say: tell,
    }
    await eventually('overlays are connected', () => overlays.every(({ record }) => record.frames > 0), 30_000)
    await eventually('the bots are active', async () => (await activeBots(scene as Scene)) >= tenants.length, 60_000)
    await eventually('the donation streams are open', () => listening(request, tenants.length), 240_000)
    tell('bots and donation streams are active')
    const web = cluster.nodes.filter((node) => node.roles.includes('web'))
    const signInRaces: SignInRace[] = []
    for (const { mark } of tenants.slice(0, 5)) {
      signInRaces.push(await raceSignIn({ baseUrl: cluster.baseUrl, login: mark, nodes: web }))
    }

    const from = Date.now()
    const traffic = startTraffic({
      tenants,
      control,
      say: (body) => request('POST', 'twitch/say', body),
      random,
      commandsPerSecond: options.commandsPerSecond,
      donationsPerSecond: options.donationsPerSecond,
      forMs,
    })
    closing.push(() => traffic.stop())
    const whole: Scene = { ...scene, traffic }
    const struck = await play(whole, plot)
    await traffic.stop()
    tell('nothing more comes in')
    await takes(30_000, () => allShown(scene))
    await takes(20_000, async () => (await activeBots(whole)) >= tenants.length)
    await observer.scrape()
    for (const overlay of overlays) overlay.close()
    const until = Date.now()
    await takes(1_500, () => false)
    await observer.scrape()

    const ownership = await observer.ownership()
    const recording: Recording = {
      seed,
      rateWindowMs,
      from,
      until,
      expected,
      channels: tenants.map(({ mark, streamer, twitchId }) => ({
        mark,
        channelId: streamer.channelId,
        twitchId,
        daId: streamer.daId,
        bot: true,
        donations: true,
      })),
      lives: cluster.lives.map((life) => ({ ...life })),
      faults: struck,
      overlays: overlays.map(({ record }) => wallTimes(record)),
      commands: traffic.commands,
      simulator: await observer.simulator(),
      database: await observer.database(),
      ownership,
      staleWrites: await tryStaleWrites(cluster.postgres.url, ownership),
      scrapes: observer.scrapes,
      signInRaces,
    }
    await writeFile(join(directory, 'recording.json'), JSON.stringify(recording))
    return { recording, directory }
  } finally {
    for (const close of closing.toReversed()) await Promise.resolve(close()).catch(() => undefined)
  }
}

/** Whether that many streamers' donations are listened to. */
async function listening(request: Scene['tell'], count: number): Promise<boolean> {
  const { streamers } = await request<{ streamers: Array<{ listeners: number }> }>('GET', 'state')
  return streamers.filter(({ listeners }) => listeners > 0).length >= count
}

/** Whatever was given has come to its end on an overlay. */
async function allShown({ observer, cluster }: Pick<Scene, 'observer' | 'cluster'>): Promise<boolean> {
  const [row] = await observer.query<{ stored: number; open: number }>(
    `select (select count(*)::integer from donations where not test) as stored,
       (select count(*)::integer from alerts where state in ('queued', 'offered', 'started')) as open`,
  )
  const { donations } = (await (await fetch(`${cluster.simulatorUrl}/control/state`)).json()) as { donations: number }
  return row !== undefined && row.open === 0 && row.stored >= donations
}

/** The same seed makes the same choices; the moments are the machine's. */
export function seeded(seed: number): () => number {
  let state = seed % 2 ** 31
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff
    return state / 0x7f_ff_ff_ff
  }
}
