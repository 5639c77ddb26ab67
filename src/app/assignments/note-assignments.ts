import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { createSeldom } from '../../base/seldom.ts'
import type { AssignmentKind } from '../../domain/assignment-kind.ts'
import type { AssignmentNote, Assignments } from '../../persistence/assignments.ts'
import type { NodeSession } from './assignment-runner.ts'

export interface NoteAssignmentsOptions {
  kind: AssignmentKind
  assignments: Pick<Assignments, 'note'>
  session: Pick<NodeSession, 'session'>
  /** How it stands at this moment; `undefined` where it is not ours any more. */
  describe(key: string): Omit<AssignmentNote, 'key'> | undefined
  /** The row says that it is not ours, or not under this epoch. */
  onLost(key: string, epoch: number): void
  clock: Clock
  logger: Logger
}

/** Writes down how the things stand that this node runs, so that every node can tell. A little later, and many at once. */
export interface NoteAssignments {
  /** `soon`: somebody waits for it. */
  changed(key: string, how?: { soon?: boolean }): void
  /** Writes what waits. */
  flush(): Promise<void>
  stop(): Promise<void>
}

const EVERY_MS = 1_000
/** One statement with more rows would hold their locks for long. */
const BATCH = 1_000

export function createNoteAssignments(options: NoteAssignmentsOptions): NoteAssignments {
  const { kind, assignments, session, describe, onLost, clock, logger } = options
  const waiting = new Set<string>()
  const seldom = createSeldom(clock)
  let timer: { soon: boolean; cancel: () => void } | null = null
  let writing: Promise<void> | null = null
  let stopped = false

  return {
    changed(key, { soon = false } = {}) {
      if (stopped) return
      waiting.add(key)
      plan(soon)
    },
    flush,
    async stop() {
      stopped = true
      timer?.cancel()
      timer = null
      await writing
    },
  }

  function plan(soon: boolean): void {
    if (stopped || (timer && (timer.soon || !soon))) return
    timer?.cancel()
    const cancel = clock.after(soon ? 0 : EVERY_MS, () => {
      timer = null
      void flush()
    })
    timer = { soon, cancel }
  }

  async function flush(): Promise<void> {
    // Whoever asks meanwhile is answered by the next.
    if (writing) return writing
    writing = writeAll().finally(() => {
      writing = null
      if (waiting.size > 0) plan(false)
    })
    return writing
  }

  async function writeAll(): Promise<void> {
    const ours = session.session()
    if (ours === null) return
    const keys = [...waiting]
    waiting.clear()
    for (let from = 0; from < keys.length; from += BATCH) {
      const notes = keys.slice(from, from + BATCH).flatMap((key) => {
        const note = describe(key)
        return note ? [{ key, ...note }] : []
      })
      if (notes.length === 0) continue
      try {
        const written = await assignments.note(kind, ours, notes)
        if (session.session() !== ours) return
        for (const { key, epoch } of notes) if (!written.has(key)) onLost(key, epoch)
      } catch (error) {
        for (const key of keys.slice(from)) waiting.add(key)
        seldom('unwritten', (unlogged) =>
          logger.warn({ err: error, kind, unlogged }, 'how things stand could not be written down'),
        )
        return
      }
    }
  }
}
