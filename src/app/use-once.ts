import { randomUUID } from 'node:crypto'
import { hasCode } from '../base/errors.ts'
import { hashSecret } from '../base/secret-box.ts'
import type { SharedKeys } from '../coordination/shared-keys.ts'
import type { UsedKeys } from '../persistence/used-keys.ts'

export interface UseOnceOptions {
  /** Knows at once what was used a moment ago, as long as it has not forgotten. */
  sharedKeys: Pick<SharedKeys, 'setIfAbsent' | 'deleteIf'>
  /** Never forgets: a key is used when it says so. */
  usedKeys: UsedKeys
}

/** Keys that are good for one use in the whole cluster. Why two stores are asked: `docs/decisions/0010`. */
export function createUseOnce({ sharedKeys, usedKeys }: UseOnceOptions): UsedKeys {
  return {
    async use(key, ttlMs) {
      const mark = `used:${hashSecret(key).toString('base64url')}`
      const attempt = randomUUID()
      const isFirst = await sharedKeys.setIfAbsent(mark, attempt, ttlMs).catch((error: unknown) => {
        if (hasCode(error, 'unavailable')) return true
        throw error
      })
      if (!isFirst) return false
      try {
        return await usedKeys.use(key, ttlMs)
      } catch (error) {
        // It was not used after all: whoever tries again, when the database is back, is not to be refused.
        await sharedKeys.deleteIf([{ key: mark, prefix: attempt }]).catch(() => 0)
        throw error
      }
    },
  }
}
