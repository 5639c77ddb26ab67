import type { Clock } from '../../base/clock.ts'
import type { ChatShardStatus } from '../chat.ts'
import type { Link } from './link.ts'

/** What was on its way to a shard that another node has now, or another connection, arrives within this time. */
const LINGER_MS = 5_000

/** A shard that came to a connection beside another has one of its own soon after: so one loss is one shard's. */
const SPREAD_AFTER_MS = 10_000

export interface HeldShardsOptions {
  /** Connections of this node at most: with more shards, several share one. */
  connections: number
  open(shards: readonly string[], callbacks: { onWelcome: () => void }): Link
  clock: Clock
  signal: AbortSignal
  onChange: () => void
}

/**
 * The shards that are held here, over few connections. A shard that is added while a connection stands goes there at
 * once; later on it is given a connection of its own, where there may be one more.
 */
export function createHeldShards({ connections, open, clock, signal, onChange }: HeldShardsOptions) {
  const links = new Set<Link>()
  const closing = new Map<Link, () => void>()
  let cancelSpread: (() => void) | null = null
  signal.addEventListener('abort', () => cancelSpread?.(), { once: true })

  return {
    links: () => [...links],
    shards,
    hold(ids: readonly string[]): void {
      if (signal.aborted) return
      const wanted = new Set(ids)
      for (const link of links) {
        const gone = idsOf(link).filter((id) => !wanted.has(id))
        if (gone.length > 0) leave(link, gone)
      }
      const held = new Set(shards().map(({ id }) => id))
      place(ids.filter((id) => !held.has(id)))
      planSpread()
      onChange()
    },
    drop(): void {
      for (const link of links) {
        link.take(idsOf(link))
        closing.get(link)?.()
        closing.set(link, () => {})
        link.close()
      }
      onChange()
    },
    linkOf: (id: string) => [...links].find((link) => idsOf(link).includes(id)),
    ended: () => Promise.all([...links].map((link) => link.ended)),
  }

  /** A shard may be on its way from one connection to another. */
  function shards(): ChatShardStatus[] {
    const found = new Map<string, ChatShardStatus>()
    for (const link of links) {
      for (const shard of link.shards()) {
        if (shard.state === 'enabled' || !found.has(shard.id)) found.set(shard.id, shard)
      }
    }
    return [...found.values()].sort((a, b) => Number(a.id) - Number(b.id))
  }

  function place(ids: readonly string[]): void {
    const given = new Map<Link, string[]>()
    const loadOf = (link: Link) => link.shards().length + (given.get(link)?.length ?? 0)
    for (const id of ids) {
      const live = [...links].filter((link) => link.isLive())
      const link = least(live, loadOf)
      if (link) given.set(link, [...(given.get(link) ?? []), id])
      else if (inUse() < connections) dial([id])
      else {
        const busy = least(
          [...links].filter((link) => !closing.has(link)),
          loadOf,
        )
        if (busy) given.set(busy, [...(given.get(busy) ?? []), id])
      }
    }
    for (const [link, more] of given) {
      closing.get(link)?.()
      closing.delete(link)
      link.give(more)
    }
  }

  function dial(ids: readonly string[]): void {
    const link = open(ids, {
      onWelcome() {
        // Theirs from the assignment on that comes next: two connections must not repair the same shard.
        const own = idsOf(link)
        for (const other of links) if (other !== link) leave(other, own)
      },
    })
    links.add(link)
    void link.ended.then(() => {
      links.delete(link)
      closing.get(link)?.()
      closing.delete(link)
    })
  }

  function leave(link: Link, ids: readonly string[]): void {
    link.take(ids)
    if (link.shards().length > 0 || closing.has(link)) return
    closing.set(
      link,
      clock.after(LINGER_MS, () => link.close()),
    )
  }

  function planSpread(): void {
    if (cancelSpread || !canSpread()) return
    cancelSpread = clock.after(SPREAD_AFTER_MS, () => {
      cancelSpread = null
      if (!canSpread()) return
      const [fullest] = [...links].sort((a, b) => b.shards().length - a.shards().length)
      const id = fullest && idsOf(fullest).at(-1)
      if (id !== undefined) dial([id])
      planSpread()
    })
  }

  function canSpread(): boolean {
    return inUse() < connections && [...links].some((link) => link.shards().length > 1)
  }

  /** One that only waits for its end is as good as none. */
  function inUse(): number {
    return links.size - closing.size
  }
}

const idsOf = (link: Link): string[] => link.shards().map(({ id }) => id)

function least(links: readonly Link[], loadOf: (link: Link) => number): Link | undefined {
  return links.toSorted((a, b) => loadOf(a) - loadOf(b))[0]
}
