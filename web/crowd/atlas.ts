/*
 * Places for many small pictures on a few square pages. Pages are filled shelf by shelf and never repaired: when all are
 * full, the one whose pictures are needed least is emptied as a whole.
 */

export interface Spot {
  page: number
  x: number
  y: number
}

/** What lies on a page; emptying it is its end. */
export interface Tenant {
  alive: boolean
  usedAt: number
  readonly pixels: number
}

export interface Atlas {
  /** `undefined` for what is larger than a page. May end other tenants. */
  place(width: number, height: number, tenant: Tenant): Spot | undefined
  /** How many pages are in use, from the first on. */
  pages(): number
  /** Everything is lost. */
  empty(): void
}

interface Page {
  shelves: Array<{ y: number; height: number; x: number }>
  below: number
  tenants: Tenant[]
}

/** A shelf takes what is at most this much lower than itself. */
const WASTE = 12

export function createAtlas(size: number, mostPages: number): Atlas {
  const pages: Page[] = []

  return {
    place(width, height, tenant) {
      if (width > size || height > size) return undefined
      for (const [index, page] of pages.entries()) {
        const spot = placeOn(page, index, width, height, tenant)
        if (spot) return spot
      }
      const index = pages.length < mostPages ? pages.length : leastNeeded()
      for (const lodger of pages[index]?.tenants ?? []) lodger.alive = false
      const fresh: Page = { shelves: [], below: 0, tenants: [] }
      pages[index] = fresh
      return placeOn(fresh, index, width, height, tenant)
    },
    pages: () => pages.length,
    empty() {
      for (const { tenants } of pages) for (const tenant of tenants) tenant.alive = false
      pages.length = 0
    },
  }

  function placeOn(page: Page, index: number, width: number, height: number, tenant: Tenant): Spot | undefined {
    let shelf = page.shelves.find((it) => it.height >= height && it.height - height <= WASTE && it.x + width <= size)
    if (!shelf) {
      if (page.below + height > size) return undefined
      shelf = { y: page.below, height, x: 0 }
      page.shelves.push(shelf)
      page.below += height
    }
    const spot = { page: index, x: shelf.x, y: shelf.y }
    shelf.x += width
    page.tenants.push(tenant)
    return spot
  }

  function leastNeeded(): number {
    const latest = Math.max(...pages.flatMap(({ tenants }) => tenants.map(({ usedAt }) => usedAt)), 0)
    const needed = pages.map(({ tenants }) =>
      tenants.reduce((sum, { alive, usedAt, pixels }) => sum + (alive ? pixels / (1 + latest - usedAt) : 0), 0),
    )
    return needed.indexOf(Math.min(...needed))
  }
}
