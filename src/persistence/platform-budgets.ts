import type { Sql } from './database.ts'

export type PlatformBudgets = ReturnType<typeof createPlatformBudgets>

export interface PlaceRequest {
  spacingMs: number
  /** How urgent the request is that waits, lower first. */
  rank: number
  /** The same of whoever comes after it on this node; `null` where nobody does. */
  next: number | null
}

/** What the row said to a node that asked for a place. */
export interface PlaceAnswer {
  /** The place is theirs, at this moment. */
  granted: boolean
  /** Until it is worth asking again. */
  waitMs: number
  /** The platform has closed the application for so long, told to whichever node; 0: it is open. */
  closedMs: number
}

/** A more urgent request that waits elsewhere is told of about once a spacing; one that was not for longer waits no more. */
const WANTED_FOR_SPACINGS = 1.5

/** Whoever lets another pass looks again after this part of a spacing. */
const LOOK_AGAIN_SPACINGS = 0.1

/**
 * `told`: the rank that goes on waiting on the asking node after this answer. The row keeps the most urgent of all nodes,
 * and forgets it by itself when nobody has repeated it.
 */
const TAKE = `
with asked as (
  select *, next_at <= now() and closed_until <= now() and not (wanted and wanted_rank < $3) as granted
  from (
    select *, wanted_rank is not null and wanted_at > now() - $5 * interval '1 millisecond' as wanted
    from platform_budgets where application = $1 for update
  ) as locked
), answer as (
  select *, case when granted then $4::integer else $3 end as told from asked
)
update platform_budgets as b set
  next_at = case when a.granted then now() + $2 * interval '1 millisecond' else a.next_at end,
  wanted_rank = case when a.told is null or (a.wanted and a.wanted_rank < a.told) then a.wanted_rank else a.told end,
  wanted_at = case when a.told is null or (a.wanted and a.wanted_rank < a.told) then a.wanted_at else now() end
from answer as a where b.application = a.application
returning a.granted, extract(epoch from greatest(b.next_at, b.closed_until) - now())::double precision * 1000 as "waitMs",
  greatest(0, extract(epoch from b.closed_until - now())::double precision * 1000) as "closedMs"`

/**
 * The requests an application may send, counted in one row so that any number of nodes share them. Places are given out
 * when they have come and never ahead: a platform that says "too many" to one node closes all with their next question,
 * and what is urgent on one node goes before what is not on another.
 */
export function createPlatformBudgets(db: Sql) {
  return {
    /** Asks for a place at this moment. */
    async take(application: string, { spacingMs, rank, next }: PlaceRequest): Promise<PlaceAnswer> {
      const params = [application, spacingMs, rank, next, spacingMs * WANTED_FOR_SPACINGS]
      const ask = () => db.query<PlaceAnswer>(TAKE, params, { name: 'take-budget-place' })
      let [answer] = await ask()
      if (!answer) {
        await db.execute('insert into platform_budgets (application) values ($1) on conflict do nothing', [application])
        ;[answer] = await ask()
      }
      if (!answer) return { granted: false, waitMs: spacingMs, closedMs: 0 }
      const { granted, waitMs, closedMs } = answer
      return { granted, waitMs: waitMs > 0 ? Math.ceil(waitMs) : spacingMs * LOOK_AGAIN_SPACINGS, closedMs }
    },

    /** No place before `forMs` from now, on any node. */
    async close(application: string, forMs: number): Promise<void> {
      await db.execute(
        `insert into platform_budgets (application, closed_until) values ($1, now() + $2 * interval '1 millisecond')
         on conflict (application) do update
           set closed_until = greatest(platform_budgets.closed_until, excluded.closed_until)`,
        [application, forMs],
      )
    },
  }
}
