import { openOverlay, type OverlayClient, type OverlayMemory } from '../support/overlay-client.ts'
import { createBrowser, joinAsStreamer, type Streamer } from '../support/streamer.ts'
import type { TestedNode } from './cluster.ts'
import type { OverlayRecord, SignInRace } from './recording.ts'

/** A streamer of the run, with what stands in everything that is theirs. */
export interface Tenant {
  mark: string
  streamer: Streamer
  twitchId: string
}

export interface JoinOptions {
  baseUrl: string
  simulatorUrl: string
  count: number
  /** So many come at a time. */
  atOnce: number
}

/** Everybody through the front door: sign-in, channel, DonationAlerts, bot. */
export async function joinAll({ baseUrl, simulatorUrl, count, atOnce }: JoinOptions): Promise<Tenant[]> {
  const tenants: Tenant[] = []
  const waiting = Array.from({ length: count }, (_, index) => `s${index + 1}`)
  const join = async () => {
    for (let mark = waiting.shift(); mark !== undefined; mark = waiting.shift()) {
      const streamer = await joinAsStreamer({ baseUrl, simulatorUrl, login: mark })
      await streamer.turnBotOn()
      tenants.push({ mark, streamer, twitchId: '' })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, join))
  const people = (await (await fetch(`${simulatorUrl}/control/streamers`)).json()) as {
    streamers: Array<{ login: string; twitchId: string }>
  }
  const ids = new Map(people.streamers.map(({ login, twitchId }) => [login, twitchId]))
  for (const tenant of tenants) tenant.twitchId = ids.get(tenant.mark) ?? ''
  return tenants.toSorted((a, b) => Number(a.mark.slice(1)) - Number(b.mark.slice(1)))
}

/** Begins a sign-in anywhere and brings its callback to all nodes at once, then once more: one may take it. */
export async function raceSignIn(options: {
  baseUrl: string
  login: string
  nodes: readonly TestedNode[]
}): Promise<SignInRace> {
  const { baseUrl, login, nodes } = options
  const browser = createBrowser(baseUrl)
  const begun = await browser.raw('GET', '/auth/twitch/login?return=/dashboard')
  const consent = new URL(begun.headers.get('location') ?? '')
  consent.searchParams.set('login_as', login)
  const callback = new URL((await fetch(consent, { redirect: 'manual' })).headers.get('location') ?? '')
  const cookie = [...browser.cookies()].map(([name, value]) => `${name}=${value}`).join('; ')
  const bring = async ({ url }: TestedNode) => {
    const answer = await fetch(new URL(callback.pathname + callback.search, url), {
      redirect: 'manual',
      headers: { cookie },
    })
    const end = answer.headers.get('location') ?? ''
    return answer.status === 302 && !end.includes('auth_error')
  }
  const accepted = (await Promise.all(nodes.map(bring))).filter(Boolean).length
  const again = await Promise.all(nodes.map(bring))
  return { nodes: nodes.length, accepted, replayed: again.some(Boolean) }
}

export interface WatchedOverlay {
  mark: string
  client: OverlayClient
  record: OverlayRecord
  close(): void
}

const MARK = /\[(s\d+)\]/g

/** An overlay that writes down what it is shown, and whether any of it was another channel's. */
export function watchOverlay(
  { mark, streamer }: Tenant,
  options: { kind: OverlayRecord['kind']; drawMs: number; instance?: string; memory?: OverlayMemory },
): WatchedOverlay {
  const { kind, ...rest } = options
  const log: Array<{ at: number; event: string }> = []
  const record: OverlayRecord = {
    mark,
    kind,
    openedAt: Date.now(),
    closedAt: null,
    crashed: false,
    log,
    frames: 0,
    marked: 0,
    foreign: [],
  }
  const client = openOverlay({
    overlayUrl: streamer.overlayUrl,
    obs: kind === 'primary',
    visible: true,
    // As a page: a second or two, and never silent for long.
    retryMs: 1_000,
    silenceMs: 40_000,
    log,
    ...rest,
    onFrame(_event, data) {
      record.frames++
      const marks = [...data.matchAll(MARK)].map(([, found]) => found ?? '')
      if (marks.length > 0) record.marked++
      const foreign = marks.find((found) => found !== mark)
      if (foreign !== undefined && record.foreign.length < 10) record.foreign.push(`${foreign}: ${data.slice(0, 120)}`)
    },
  })
  return {
    mark,
    client,
    record,
    close() {
      record.closedAt ??= Date.now()
      client.close()
    },
  }
}

/** The overlay's own times are since the start of this process. */
export function wallTimes(record: OverlayRecord): OverlayRecord {
  return { ...record, log: record.log.map((entry) => ({ ...entry, at: performance.timeOrigin + entry.at })) }
}
