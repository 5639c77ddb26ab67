import { hashSecret } from '../base/secret-box.ts'
import type { Sql } from './database.ts'

export type UsedKeys = ReturnType<typeof createUsedKeys>

/** Keys that are good for one use in the whole cluster: the first `use` wins, on whichever node it happens. */
export function createUsedKeys(sql: Sql) {
  return {
    /**
     * True for the first caller only. Forgotten after `ttlMs`, so the key must be worthless by itself before that.
     */
    async use(key: string, ttlMs: number): Promise<boolean> {
      const inserted = await sql.execute(
        `with expired as (
           delete from used_keys where key_hash in (
             select key_hash from used_keys where expires_at < now() order by expires_at limit 100 for update skip locked
           )
         )
         insert into used_keys (key_hash, expires_at) values ($1, now() + make_interval(secs => $2 / 1000.0))
         on conflict do nothing`,
        [hashSecret(key), ttlMs],
      )
      return inserted === 1
    },
  }
}
