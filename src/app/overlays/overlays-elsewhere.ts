import type { Clock } from '../../base/clock.ts'
import { isOverlayTold } from '../../coordination/bus-shapes.ts'
import type { Bus, OverlayTold, StageMessage } from '../../coordination/bus.ts'
import type { SharedKeys } from '../../coordination/shared-keys.ts'
import type { NodeSession } from '../assignments/assignment-runner.ts'
import { electPrimary } from './elect-primary.ts'
import type { OverlayAudience } from './overlay-audience.ts'
import type { OverlayPresence } from './seat-roles.ts'

export interface OverlaysElsewhereOptions {
  audience: Pick<OverlayAudience, 'presence' | 'reelect' | 'cutMoved' | 'isHere' | 'channels'>
  bus: Pick<Bus, 'publish' | 'isUp'>
  keys: SharedKeys
  session: Pick<NodeSession, 'session'>
  clock: Pick<Clock, 'monotonic'>
  /** The store cannot be asked: overlays of other nodes are known again when it can. */
  onUnavailable(error: unknown): void
}

/** What one other node told of its overlays of a channel. */
interface Told {
  overlays: readonly OverlayTold[]
  /** Counts what that node wrote: it lives as long as this grows. */
  beat: number
  heardAt: number
}

/** How one overlay stands in the hash `overlays:<channel>`, under `<session>/<instance>`. */
type Written = OverlayTold & { beat: number }

/** A hash that nobody refreshes ends; a field whose node is silent this long is taken out by whoever reads it. */
const KEEP_MS = 30_000
const AT_ONCE = 500

export type OverlaysElsewhere = ReturnType<typeof createOverlaysElsewhere>

/**
 * Which overlays are open on other nodes, and telling them of ours. Each node writes its own into a shared hash and says so
 * at each change; whoever has overlays of the same channel listens. All of it may be lost at any time and comes back with
 * the next refresh.
 */
export function createOverlaysElsewhere(options: OverlaysElsewhereOptions) {
  const { audience, bus, keys, session, clock, onUnavailable } = options
  const known = new Map<string, Map<number, Told>>()
  /** What others were told last of ours: what may change an election, as text. */
  const told = new Map<string, { text: string; instances: string[]; open: boolean; live: boolean }>()
  const reading = new Map<string, Promise<void>>()
  /** Sessions that have ended, and never come back. */
  const dead = new Set<number>()
  let beat = 0
  let writtenAs: number | null = null

  return {
    /** Open elsewhere, as far as this node knows. While nodes cannot hear each other, each is alone. */
    others(channelId: string): OverlayTold[] {
      if (!bus.isUp()) return []
      return [...(known.get(channelId)?.values() ?? [])].flatMap(({ overlays }) => overlays)
    },

    /** The first overlay of the channel came here: others are to be known before anything is offered to it. */
    open(channelId: string): void {
      known.set(channelId, new Map())
      const read = readAll([channelId]).finally(() => reading.delete(channelId))
      reading.set(channelId, read)
    },
    ready: (channelId: string): Promise<void> | undefined => reading.get(channelId),
    close: (channelId: string): boolean => known.delete(channelId),

    /** Overlays here came, went or changed: others hear of it where it may change who is primary. */
    changed(channelId: string, came: string | null = null): void {
      tell(channelId, came)
    },

    heard(channelId: string, { by, came, overlays }: Extract<StageMessage, { type: 'overlays' }>): void {
      const here = known.get(channelId)
      if (!here) return
      here.set(by, { overlays, beat: here.get(by)?.beat ?? -1, heardAt: clock.monotonic() })
      audience.reelect(channelId)
      // Its old stream may hang here for long, and would be offered what nobody reads.
      if (came !== null) audience.cutMoved(channelId, came)
    },

    /** Nobody took what waits, whatever those nodes said of themselves: they count again when they say something new. */
    doubt(channelId: string): void {
      known.get(channelId)?.clear()
      audience.reelect(channelId)
    },

    /** Some other node has overlays of a channel that is open here. */
    areThere: () => [...known.values()].some((here) => here.size > 0),

    /** Only nodes that live have overlays. */
    sweep(living: ReadonlySet<number>): void {
      for (const [channelId, here] of known) {
        const gone = [...here.keys()].filter((by) => !living.has(by))
        for (const by of gone) {
          here.delete(by)
          dead.add(by)
        }
        if (gone.length > 0) audience.reelect(channelId)
      }
    },

    /** Writes what is open here before it is forgotten, and reads what others wrote. One batch for all channels. */
    async refresh(): Promise<void> {
      const me = session.session()
      if (me === null || !keys.isUp()) return
      beat++
      const isNew = me !== writtenAs
      writtenAs = me
      const channels = audience.channels()
      for (const channelId of channels) if (isNew) tell(channelId, null, true)
      const fields = channels.flatMap((channelId) => fieldsOf(channelId, me))
      await quietly(async () => {
        for (let n = 0; n < fields.length; n += AT_ONCE) await keys.setFields(fields.slice(n, n + AT_ONCE))
      })
      for (let n = 0; n < channels.length; n += AT_ONCE) await readAll(channels.slice(n, n + AT_ONCE))
    },

    /** The overlays of a channel on all nodes; of this one alone where nobody can be asked. For people. */
    async everywhere(channelId: string): Promise<OverlayPresence[]> {
      const here = audience.presence(channelId)
      const elsewhere = known.has(channelId)
        ? [...(known.get(channelId)?.values() ?? [])].flatMap(({ overlays }) => overlays)
        : ((await read([channelId])).get(channelId) ?? []).map(([, overlay]) => overlay)
      const all = [...here, ...elsewhere.filter(({ instance }) => !audience.isHere(channelId, instance))]
      const primary = electPrimary(all)
      return all.map((overlay) => ({ ...overlay, role: overlay === primary ? 'primary' : 'mirror' }))
    },

    /**
     * Those of the channels that have a streamer's own overlay open on another node.
     * @throws AppError `unavailable` where nobody can be asked.
     */
    async live(channelIds: readonly string[]): Promise<Set<string>> {
      const found = new Map<string, Array<[number, Written]>>()
      for (let n = 0; n < channelIds.length; n += AT_ONCE) await readInto(found, channelIds.slice(n, n + AT_ONCE))
      return new Set([...found].filter(([, overlays]) => overlays.some(([, o]) => !o.preview)).map(([id]) => id))
    },
  }

  function tell(channelId: string, came: string | null, again = false): void {
    const me = session.session()
    const overlays = audience.presence(channelId).map(toTold)
    const before = told.get(channelId)
    const text = JSON.stringify(overlays.map((o) => [o.instance, o.obs, o.preview, o.visible, o.since, o.role]))
    if (me === null) {
      // Nobody to say it as. What was said under the last session is over with it.
      told.delete(channelId)
      return
    }
    if (text === before?.text && !again) return
    const open = overlays.length > 0
    const live = overlays.some(({ preview }) => !preview)
    const instances = overlays.map(({ instance }) => instance)
    const gone = (before?.instances ?? []).filter((instance) => !instances.includes(instance))
    if (open) told.set(channelId, { text, instances, open, live })
    else told.delete(channelId)
    bus.publish(`stage:${channelId}`, { type: 'overlays', by: me, came, overlays })
    if (again || (before?.open ?? false) !== open || (before?.live ?? false) !== live)
      bus.publish(`news:${channelId}`, { type: 'overlays-changed', session: me, open, live })
    if (!keys.isUp()) return
    void quietly(async () => {
      if (open) await keys.setFields(fieldsOf(channelId, me))
      if (gone.length > 0)
        await keys.dropFields(gone.map((instance) => ({ key: keyOf(channelId), field: `${me}/${instance}` })))
    })
  }

  function fieldsOf(channelId: string, me: number) {
    return audience.presence(channelId).map((overlay) => ({
      key: keyOf(channelId),
      field: `${me}/${overlay.instance}`,
      value: JSON.stringify({ ...toTold(overlay), beat } satisfies Written),
      ttlMs: KEEP_MS,
    }))
  }

  async function read(channelIds: readonly string[]): Promise<Map<string, Array<[number, Written]>>> {
    const found = new Map<string, Array<[number, Written]>>()
    if (keys.isUp()) await quietly(() => readInto(found, channelIds))
    return found
  }

  /** What another node wrote, of whatever version: what is none of ours is as good as nothing. */
  function readWritten(value: string): Written | null {
    try {
      const written: unknown = JSON.parse(value)
      return isOverlayTold(written) && Number.isFinite((written as Written).beat) ? (written as Written) : null
    } catch {
      return null
    }
  }

  async function readInto(found: Map<string, Array<[number, Written]>>, channelIds: readonly string[]): Promise<void> {
    const hashes = await keys.fields(channelIds.map(keyOf))
    for (const [n, channelId] of channelIds.entries())
      found.set(
        channelId,
        [...(hashes[n] ?? [])]
          .map(([field, value]) => [sessionIn(field), readWritten(value)] as const)
          .filter((one): one is [number, Written] => one[0] !== session.session() && one[1] !== null),
      )
  }

  async function readAll(channelIds: readonly string[]): Promise<void> {
    const askedAt = clock.monotonic()
    const found = await read(channelIds)
    const now = clock.monotonic()
    const stale: Array<{ key: string; field: string }> = []
    for (const [channelId, overlays] of found) {
      const here = known.get(channelId)
      if (!here) continue
      for (const [by, written] of Map.groupBy(overlays, ([by]) => by)) {
        const latest = Math.max(...written.map(([, overlay]) => overlay.beat))
        const before = here.get(by)
        // What was heard meanwhile is newer.
        if (!dead.has(by) && before && before.heardAt > askedAt) before.beat = Math.max(before.beat, latest)
        else if (!dead.has(by) && (!before || latest > before.beat))
          here.set(by, { overlays: written.map(([, overlay]) => toTold(overlay)), beat: latest, heardAt: now })
        else if (!before || now - before.heardAt > KEEP_MS)
          stale.push(...written.map(([, { instance }]) => ({ key: keyOf(channelId), field: `${by}/${instance}` })))
      }
      for (const [by, { heardAt }] of here) if (now - heardAt > KEEP_MS) here.delete(by)
      audience.reelect(channelId)
    }
    if (stale.length > 0) await quietly(() => keys.dropFields(stale))
  }

  async function quietly(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      onUnavailable(error)
    }
  }
}

const keyOf = (channelId: string) => `overlays:${channelId}`
const sessionIn = (field: string) => Number(field.slice(0, field.indexOf('/')))

function toTold(overlay: OverlayTold): OverlayTold {
  const { instance, obs, preview, visible, active, fps, tier, since, role } = overlay
  return { instance, obs, preview, visible, active, fps, tier, since, role }
}
