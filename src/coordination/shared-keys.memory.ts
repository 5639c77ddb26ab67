import type { Clock } from '../base/clock.ts'
import type { SharedKeys } from './shared-keys.ts'

/** So many others are looked at with each write: what ended goes sooner than new comes, without a timer. */
const LOOK_AT = 4

/** The shared values of a node that shares them with nobody. */
export function createMemoryKeys({ clock }: { clock: Pick<Clock, 'monotonic'> }): SharedKeys {
  const values = createEnding<string>(clock)
  const hashes = createEnding<Map<string, string>>(clock)

  return {
    async setIfAbsent(key, value, ttlMs) {
      if (values.get(key) !== undefined) return false
      values.set(key, value, ttlMs)
      return true
    },
    async set(entries) {
      for (const { key, value, ttlMs } of entries) values.set(key, value, ttlMs)
    },
    get: async (keys) => keys.map((key) => values.get(key) ?? null),
    async deleteIf(entries) {
      return entries.filter(({ key, prefix }) => values.get(key)?.startsWith(prefix) && values.delete(key)).length
    },
    async setFields(entries) {
      for (const { key, field, value, ttlMs } of entries) {
        hashes.set(key, (hashes.get(key) ?? new Map<string, string>()).set(field, value), ttlMs)
      }
    },
    async dropFields(entries) {
      for (const { key, field } of entries) {
        const fields = hashes.get(key)
        if (fields?.delete(field) && fields.size === 0) hashes.delete(key)
      }
    },
    fields: async (keys) => keys.map((key) => new Map(hashes.get(key))),
    isUp: () => true,
  }
}

function createEnding<T>(clock: Pick<Clock, 'monotonic'>) {
  const entries = new Map<string, { value: T; endsAt: number }>()
  let cursor = entries.entries()

  const sweep = () => {
    for (let looked = 0; looked < LOOK_AT; looked++) {
      const { value, done } = cursor.next()
      if (done) {
        cursor = entries.entries()
        return
      }
      const [key, { endsAt }] = value
      if (endsAt <= clock.monotonic()) entries.delete(key)
    }
  }
  return {
    get(key: string): T | undefined {
      const entry = entries.get(key)
      return entry && entry.endsAt > clock.monotonic() ? entry.value : undefined
    },
    set(key: string, value: T, ttlMs: number) {
      entries.set(key, { value, endsAt: clock.monotonic() + ttlMs })
      sweep()
    },
    delete: (key: string) => entries.delete(key),
  }
}
