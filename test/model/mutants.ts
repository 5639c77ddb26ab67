import { registerHooks } from 'node:module'
import type { Without } from './model-database.ts'

/** The real code with a piece of its safety taken out. */
export interface Mutant {
  file: string
  /** Each of these must stand in the file once: where the code moved on, the mutant is to move with it. */
  changes: ReadonlyArray<readonly [from: string, to: string]>
}

export interface Mutation {
  without?: Without
  mutant?: Mutant
  /** The faults that it makes worse. */
  only?: readonly string[]
}

/**
 * What of our own code is changed and what of the statements is left out (`without`), each of which the model must notice.
 */
export const MUTATIONS = {
  'writes are accepted under any epoch': { without: { epochs: true } },
  'replies are not claimed': { without: { claims: true } },
  'whoever claims need not live': { without: { life: true } },
  'whoever is back first after an outage may fence the others': {
    only: ['databaseRestart'],
    mutant: {
      file: 'src/app/assignments/keep-node-session.ts',
      changes: [
        ['const STEADY_FOR_MS = FENCE_AFTER_MS', 'const STEADY_FOR_MS = 0'],
        ['const SEEN_SILENT_FOR_MS = FENCE_AFTER_MS - RENEW_EVERY_MS', 'const SEEN_SILENT_FOR_MS = 0'],
      ],
    },
  },
  'a session is valid from the answer, not from the question': {
    only: ['pause'],
    mutant: {
      file: 'src/app/assignments/keep-node-session.ts',
      changes: [
        [
          'Math.max(validUntil, sentAt + SESSION_VALID_MS)',
          'Math.max(validUntil, clock.monotonic() + SESSION_VALID_MS)',
        ],
      ],
    },
  },
  'a database clock that is set forward is believed': {
    only: ['databaseClock'],
    mutant: {
      file: 'src/app/assignments/keep-node-session.ts',
      changes: [['const SEEN_SILENT_FOR_MS = FENCE_AFTER_MS - RENEW_EVERY_MS', 'const SEEN_SILENT_FOR_MS = 0']],
    },
  },
  'the mirror is cleaned whosever it is': {
    mutant: {
      file: 'src/app/assignments/mirror-owners.ts',
      changes: [['over.set(keyOf(kind, key), `${epoch} `)', "over.set(keyOf(kind, key), '')"]],
    },
  },
} as const satisfies Record<string, Mutation>

/** From now on this process loads the file with the changes. To be called before anything imports it. */
export function loadMutant({ file, changes }: Mutant): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (!url.endsWith(`/${file}`)) return loaded
      let source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
      for (const [from, to] of changes) {
        if (source.split(from).length !== 2)
          throw new Error(`${file} has no longer one «${from}»: what is the mutant now?`)
        source = source.replace(from, to)
      }
      return { ...loaded, source }
    },
  })
}
