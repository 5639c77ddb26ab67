import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { createSeldom } from '../../base/seldom.ts'
import type { DonationStreams, StreamNote } from '../../persistence/donation-streams.ts'
import type { NodeSession } from '../assignments/assignment-runner.ts'

export interface NoteStreams {
  /** It will be written with the others that change meanwhile. */
  changed(key: string): void
  /** Nothing more is written of it. */
  forget(key: string): void
  /** Writes what waits, as it is in this moment; never rejects. */
  flush(): Promise<void>
  stop(): void
}

export interface NoteStreamsOptions {
  rows: Pick<DonationStreams, 'note'>
  session: NodeSession
  /** As it is in the moment of the writing; `undefined`: not ours any more. */
  describe(key: string): StreamNote | undefined
  everyMs?: number
  clock: Clock
  random: () => number
  logger: Logger
}

/** What people see of a stream, and what the next owner needs, is at most this much older than the stream itself. */
const EVERY_MS = 1_000
/** A statement holds the locks of its rows until its end. */
const BATCH = 500

/** Writes down how streams do: together what changed within a second, and nothing where nothing did. */
export function createNoteStreams(options: NoteStreamsOptions): NoteStreams {
  const { rows, session, describe, everyMs = EVERY_MS, clock, random, logger } = options
  const seldom = createSeldom(clock)
  let waiting = new Set<string>()
  let writing: Promise<void> | null = null
  let failures = 0
  let cancel: (() => void) | null = null
  let stopped = false

  const plan = () => {
    if (stopped || cancel || writing || waiting.size === 0) return
    cancel = clock.after(failures === 0 ? everyMs : backoffMs(failures, random), () => void flush())
  }

  const flush = (): Promise<void> => {
    cancel?.()
    cancel = null
    writing ??= write().finally(() => {
      writing = null
      plan()
    })
    return writing
  }

  const write = async () => {
    const keys = [...waiting]
    waiting = new Set()
    for (let at = 0; at < keys.length; at += BATCH) {
      const notes = keys.slice(at, at + BATCH).flatMap((key) => describe(key) ?? [])
      const mine = session.session()
      if (notes.length === 0) continue
      try {
        // Between two sessions there is nobody to write as.
        if (mine === null) for (const { key } of notes) waiting.add(key)
        else await rows.note(mine, notes)
        failures = 0
      } catch (error) {
        failures++
        for (const key of keys.slice(at)) waiting.add(key)
        seldom('notes', (unlogged) =>
          logger.warn({ err: error, unlogged }, 'the states of donation streams wait to be written'),
        )
        return
      }
    }
  }

  return {
    changed(key) {
      waiting.add(key)
      plan()
    },
    forget: (key) => void waiting.delete(key),
    flush,
    stop() {
      stopped = true
      cancel?.()
      cancel = null
    },
  }
}
