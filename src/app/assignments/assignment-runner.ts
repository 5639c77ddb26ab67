import type { AssignmentKind } from '../../domain/assignment-kind.ts'

/** Something that is this node's to run. */
export interface Owned {
  /** The channel's id; a shard's number. */
  key: string
  /** Grows with each owner. Every write for it carries it, together with the node's session. */
  epoch: number
  /** Its channel was live when somebody last knew: comes first. */
  live: boolean
  /** For so long nobody ran it who should; `null` where it was handed over, or is new. */
  orphanedForMs: number | null
  /** What its former owner passed on, as {@link AssignmentRunner.legacy} gave it; `null` where it was not handed over. */
  legacy: unknown
}

/** `handed-over`: another runs it already. `lost`: another may run it already. `unwanted`: nobody is to run it. */
export type EndReason = 'handed-over' | 'lost' | 'unwanted' | 'shutdown'

/** Runs one kind of assignment on this node. Whose it is is decided elsewhere; a runner obeys at once. */
export interface AssignmentRunner {
  readonly kind: AssignmentKind
  /**
   * Ours from now on, in this order. Returns at once and never throws: what fails later is retried by the runner. May
   * come while an earlier end of the same key is still under way, and then follows it.
   */
  begin(owned: readonly Owned[]): void
  /** Ours no more: nothing is written or said for them from this call on. Resolves when nothing is under way. */
  end(keys: readonly string[], why: EndReason): Promise<void>
  /** The rows of these changed under us: settings, a person's permission, a new account. They are still ours. */
  refresh(keys: readonly string[]): void
  /**
   * All that was begun and not ended, with the epoch it runs under, from the moment of `begin` on; compared with the rows
   * by the watchdog. What is not in it and should be is begun again.
   */
  running(): ReadonlyMap<string, number>
  /** What the next owner should know to go on without a gap, fit for JSON. Asked in the same turn as the end. */
  legacy(key: string): unknown
  /** Compares what runs with what the platform says of it. @returns how much had to be put right. */
  inspect?(): Promise<number>
}

/** The right of this node to act, as far as it knows at this moment. */
export interface NodeSession {
  /** The number of this life in `nodes`; `null` before the first, and after a fence until the next. */
  session(): number | null
  /** The session is ours beyond doubt: asked before each effect that another node could have too. */
  mayAct(): boolean
}
