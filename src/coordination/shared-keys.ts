/**
 * Values that all nodes see and that may vanish at any moment: all of it can be made anew from the database and from what
 * runs. Keys end by themselves after their `ttlMs`.
 *
 * Every method rejects with AppError `unavailable` where the store cannot be asked, within a second or two.
 */
export interface SharedKeys {
  /** Sets it where nothing is there. @returns whether it did. */
  setIfAbsent(key: string, value: string, ttlMs: number): Promise<boolean>
  set(entries: ReadonlyArray<{ key: string; value: string; ttlMs: number }>): Promise<void>
  /** In the order of the keys; `null`: there is none. */
  get(keys: readonly string[]): Promise<Array<string | null>>
  /** Deletes where the value still begins with `prefix`. @returns how many. */
  deleteIf(entries: ReadonlyArray<{ key: string; prefix: string }>): Promise<number>
  /** Fields of a hash: one small value for each of several writers. The whole hash ends after `ttlMs` without a write. */
  setFields(entries: ReadonlyArray<{ key: string; field: string; value: string; ttlMs: number }>): Promise<void>
  dropFields(entries: ReadonlyArray<{ key: string; field: string }>): Promise<void>
  fields(keys: readonly string[]): Promise<Array<Map<string, string>>>
  /** The store answers at this moment. Always true where it is this process. */
  isUp(): boolean
}
