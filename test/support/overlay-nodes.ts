import { composeOverlays } from '../../src/compose-overlays.ts'
import type { OverlayConnection } from '../../src/app/overlays/overlay-seat.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { AppError } from '../../src/base/errors.ts'
import { createMemoryKeys } from '../../src/coordination/shared-keys.memory.ts'
import type { SharedKeys } from '../../src/coordination/shared-keys.ts'
import type { Newcomer } from '../../src/domain/actor.ts'
import { lookFromSeed, seedFromText } from '../../src/domain/avatar-look.ts'
import type { OverlayRole, StageAvatar } from '../../src/domain/overlay-protocol.ts'
import { DEFAULT_SETTINGS } from '../../src/domain/settings.ts'
import type { Alerts } from '../../src/persistence/alerts.ts'
import type { Channel } from '../../src/persistence/channels.ts'
import type { WatchedChannel } from '../../src/persistence/watched-channels.ts'
import { linkBuses } from './linked-buses.ts'
import { silentLogger } from './logger.ts'
import { createManualClock } from './manual-clock.ts'

export const CHANNEL = 'channel'
export const RULES = { inactivityMs: 300_000, crowdLimit: 200 }

/** Nodes with one channel's overlays: the real parts, joined by a bus and a store that can be made to fail. */
export function openOverlayNodes() {
  const clock = createManualClock()
  const buses = linkBuses()
  const row: WatchedChannel = { id: CHANNEL, keyRev: 1, settingsRev: 1, botDesired: true, owner: null, claim: 0 }
  const living = new Set<number>()
  const store = { keys: createMemoryKeys({ clock }), isUp: true }
  const state = { databaseIsUp: true }
  const asked = async <T>(value: T): Promise<T> => {
    if (!state.databaseIsUp) throw new AppError('unavailable')
    return value
  }

  return {
    clock,
    buses,
    row,
    living,
    store,
    state,
    addNode,
    flush: () => void (store.keys = createMemoryKeys({ clock })),
  }

  function addNode(session: number, { alerts = quietAlerts() }: { alerts?: Alerts } = {}) {
    living.add(session)
    const bus = buses.add()
    const metrics = createMetrics()
    const me = { session: session as number | null }
    const overlays = composeOverlays({
      rows: {
        look: async (ids) => asked(ids.includes(CHANNEL) ? [{ ...row }] : []),
        sessions: async () => asked(new Set(living)),
        isServedElsewhere: async () => living.size > 1,
      },
      channels: {
        byId: () => asked({ id: CHANNEL, settings: DEFAULT_SETTINGS, settingsRev: row.settingsRev } as Channel),
        noteOverlaySeen: async () => {},
      },
      alerts,
      bus,
      keys: throughSwitch(store),
      sharesKeys: true,
      session: { session: () => me.session, mayAct: () => me.session !== null },
      previewsShowAll: false,
      tuning: {},
      clock,
      logger: silentLogger,
      metrics,
    })
    overlays.start()
    const node = {
      ...overlays,
      stageOwner: overlays.own,
      bus,
      session: me,
      /** The channel's bot runs here from now on, as the rows say. */
      own(legacy: unknown = null) {
        row.owner = session
        row.claim++
        overlays.own.take({ channelId: CHANNEL, claim: row.claim }, legacy)
      },
      join: (id: string) => overlays.stages.change(CHANNEL, RULES, (stage, at) => stage.join(viewer(id), at)),
      say: (id: string, text: string) =>
        overlays.stages.change(CHANNEL, RULES, (stage, at) =>
          stage.say(id, { parts: [{ text }], dur: 4_000, messageId: text }, at),
        ),
      /** An overlay page, without a page. */
      watch: (instance: string, more: Partial<OverlayConnection> = {}) => watch(node, instance, more),
    }
    return node
  }

  function watch(
    node: Pick<ReturnType<typeof composeOverlays>, 'audience' | 'readSnapshot' | 'presence'>,
    instance: string,
    more: Partial<OverlayConnection>,
  ) {
    const frames: Frame[] = []
    const writes: string[] = []
    let ended: string | null = null
    let hasLeft = false
    const connection: OverlayConnection = {
      instance,
      obs: true,
      preview: false,
      keyRev: 1,
      write(frame) {
        writes.push(frame.toString())
        frames.push(...readFrames(frame.toString()))
      },
      end(reason) {
        ended = reason
        seat.leave()
      },
      ...more,
    }
    const seat = node.audience.join(CHANNEL, connection, { visible: true, active: true, fps: null, tier: null })
    const open = async () => {
      for (let attempt = 0; attempt < 4; attempt++) {
        const [snapshot] = await Promise.all([node.readSnapshot(CHANNEL), node.presence.ready(CHANNEL)])
        if (ended !== null) return
        if (snapshot && seat.open(snapshot.d, snapshot)) return
      }
      connection.end('no-snapshot')
    }
    const opened = open().catch(() => connection.end('no-snapshot'))
    return {
      frames,
      writes,
      opened,
      leave() {
        hasLeft = true
        seat.leave()
      },
      left: () => hasLeft,
      ended: () => ended,
      hide: (hidden = true) =>
        node.audience.report(CHANNEL, instance, { visible: !hidden, active: true, fps: null, tier: null }),
      role: () => frames.findLast(({ type }) => type === 'role')?.d['role'] as OverlayRole | undefined,
      /** Who is on stage, as this page must believe. */
      people: () => peopleIn(frames),
      stageFrames: () => frames.filter(({ type }) => type.startsWith('avatar.')),
      /** A frame that came twice, or one that is missing, with no snapshot between. */
      hole: () => holeIn(frames),
    }
  }
}

export interface Frame {
  epoch: number
  seq: number
  type: string
  at: number
  d: Record<string, unknown>
}

export function viewer(id: string): Newcomer {
  const seed = seedFromText(id)
  return { id, name: id, color: '#ffffff', look: lookFromSeed(seed), seed, by: 'chat' }
}

function readFrames(text: string): Frame[] {
  return [...text.matchAll(/^id: (\d+)-(\d+)\nevent: (.*)\ndata: (.*)\n\n/gm)].map(([, epoch, seq, type, data]) => {
    const { at, d } = JSON.parse(data ?? '') as { at: number; d: Record<string, unknown> }
    return { epoch: Number(epoch), seq: Number(seq), type: type ?? '', at, d }
  })
}

function peopleIn(frames: readonly Frame[]): string[] {
  let people = new Set<string>()
  for (const { type, d } of frames) {
    if (type === 'snapshot')
      people = new Set((d['avatars'] as StageAvatar[]).filter((a) => a.why === null).map((a) => a.id))
    if (type === 'avatar.join') people.add(String(d['id']))
    if (type === 'avatar.leave') people.delete(String(d['id']))
  }
  return [...people].toSorted()
}

function holeIn(frames: readonly Frame[]): string | null {
  let at = { epoch: -1, seq: -1 }
  for (const { epoch, seq, type } of frames) {
    const changes = type.startsWith('avatar.') || type === 'settings'
    if (type === 'snapshot') {
      if (epoch < at.epoch) return `a snapshot of an old epoch: ${epoch} after ${at.epoch}`
    } else if (epoch !== at.epoch || seq !== at.seq + (changes ? 1 : 0)) {
      return `${type} ${epoch}-${seq} after ${at.epoch}-${at.seq}`
    }
    at = { epoch, seq }
  }
  return null
}

function throughSwitch(store: { keys: SharedKeys; isUp: boolean }): SharedKeys {
  const now = () => {
    if (!store.isUp) throw new AppError('unavailable')
    return store.keys
  }
  return {
    setIfAbsent: async (...args) => now().setIfAbsent(...args),
    set: async (...args) => now().set(...args),
    get: async (...args) => now().get(...args),
    deleteIf: async (...args) => now().deleteIf(...args),
    setFields: async (...args) => now().setFields(...args),
    dropFields: async (...args) => now().dropFields(...args),
    fields: async (...args) => now().fields(...args),
    isUp: () => store.isUp,
  }
}

/** Nothing waits and nothing is shown. */
export function quietAlerts(): Alerts {
  return {
    standing: async () => ({ current: null, queued: 0 }),
    offerNext: async () => undefined,
    expire: async () => [],
    miss: async () => [],
    waiting: async () => [],
    release: async () => false,
  } as unknown as Alerts
}
