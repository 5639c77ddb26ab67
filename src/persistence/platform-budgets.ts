import type { Sql } from './database.ts'

export type PlatformBudgets = ReturnType<typeof createPlatformBudgets>

/** The requests an application may send, counted in one row so that any number of nodes share them. */
export function createPlatformBudgets(db: Sql) {
  return {
    /** Takes the next free place. @returns milliseconds until it, by the database's clock. */
    async reserve(application: string, spacingMs: number): Promise<number> {
      const [row] = await db.query<{ wait_ms: number }>(
        `insert into platform_budgets (application, next_at) values ($1, now() + $2 * interval '1 millisecond')
         on conflict (application) do update
           set next_at = greatest(platform_budgets.next_at, now()) + $2 * interval '1 millisecond'
         returning extract(epoch from next_at - now())::double precision * 1000 - $2 as wait_ms`,
        [application, spacingMs],
        { name: 'reserve-budget' },
      )
      return Math.max(0, row?.wait_ms ?? 0)
    },

    /** No place before `forMs` from now, on any node. */
    async close(application: string, forMs: number): Promise<void> {
      await db.execute(
        `insert into platform_budgets (application, next_at) values ($1, now() + $2 * interval '1 millisecond')
         on conflict (application) do update
           set next_at = greatest(platform_budgets.next_at, now() + $2 * interval '1 millisecond')`,
        [application, forMs],
      )
    },
  }
}
