import type { AssignmentKind } from '../../domain/assignment-kind.ts'
import type { Balance } from './balance-assignments.ts'
import type { ClaimAssignments } from './claim-assignments.ts'
import type { CompareRows } from './compare-rows.ts'
import type { HeldAssignments } from './held-assignments.ts'
import type { createKeepShards } from './keep-shards.ts'
import type { NodeLife } from './keep-node-session.ts'
import type { MirrorOwners } from './mirror-owners.ts'
import type { createWatchAssignments } from './watch-assignments.ts'

export interface AssignmentsTodoOptions {
  node: Pick<NodeLife, 'members'>
  held: Pick<HeldAssignments, 'kinds' | 'runner'>
  claims: Pick<ClaimAssignments, 'claim'>
  compare: CompareRows
  balance: Pick<Balance, 'step'>
  shards: Pick<ReturnType<typeof createKeepShards>, 'keep'>
  watchdog: Pick<ReturnType<typeof createWatchAssignments>, 'watch' | 'compareMirror'>
  mirror: Pick<MirrorOwners, 'flush'>
}

/** Something to be done now. `again`: it could not be done, and is still to be. */
export interface Todo {
  what: string
  run: () => Promise<unknown>
  again: () => void
}

/** What the supervisor has to do, each thing once however often it was asked for, the most urgent first. */
export interface AssignmentsTodo {
  /** Something of the kind is nobody's. */
  claim(kind: AssignmentKind): void
  /** What runs and what the rows say differ in number. */
  check(kind: AssignmentKind): void
  /** These rows changed. `refresh`: what is still ours is to be refreshed. */
  look(kind: AssignmentKind, keys: readonly string[], refresh: boolean): void
  shards(): void
  balance(): void
  watch(): void
  mirror(): void
  take(): Todo | null
  clear(): void
}

const LOOK_BATCH = 1_000

export function createAssignmentsTodo(options: AssignmentsTodoOptions): AssignmentsTodo {
  const { node, held, claims, compare, balance, shards, watchdog, mirror } = options
  const toClaim = new Set<AssignmentKind>()
  const toCheck = new Set<AssignmentKind>()
  const toLook = new Map<AssignmentKind, Map<string, boolean>>()
  const wanted = { shards: false, balance: false, watch: false, mirror: false }

  return {
    claim: (kind) => void toClaim.add(kind),
    check: (kind) => void toCheck.add(kind),
    look(kind, keys, refresh) {
      const some = toLook.get(kind) ?? new Map<string, boolean>()
      for (const key of keys) some.set(key, refresh || some.get(key) === true)
      toLook.set(kind, some)
    },
    shards: () => void (wanted.shards = true),
    balance: () => void (wanted.balance = true),
    watch: () => void (wanted.watch = true),
    mirror: () => void (wanted.mirror = true),
    clear() {
      toClaim.clear()
      toCheck.clear()
      toLook.clear()
      wanted.shards = wanted.balance = wanted.watch = wanted.mirror = false
    },
    take: () =>
      (held.runner('shard') ? once('shards', keepShards) : null) ??
      takeLook() ??
      takeKind('check', toCheck, checkAll) ??
      takeKind('claim', toClaim, claims.claim) ??
      once('balance', () => balance.step((kind) => toCheck.add(kind))) ??
      once('watch', watchdog.watch) ??
      // What could not be mirrored the mirror itself remembers.
      once('mirror', mirrorNow, { again: false }),
  }

  function once(what: keyof typeof wanted, run: Todo['run'], { again = true } = {}): Todo | null {
    if (!wanted[what]) return null
    wanted[what] = false
    return { what, run, again: () => void (wanted[what] = again || wanted[what]) }
  }

  function takeKind(
    what: string,
    kinds: Set<AssignmentKind>,
    run: (kind: AssignmentKind) => Promise<unknown>,
  ): Todo | null {
    for (const kind of held.kinds()) {
      if (kinds.delete(kind)) return { what, run: () => run(kind), again: () => void kinds.add(kind) }
    }
    return null
  }

  function takeLook(): Todo | null {
    for (const [kind, keys] of toLook) {
      const batch = new Map([...keys].slice(0, LOOK_BATCH))
      for (const key of batch.keys()) keys.delete(key)
      if (keys.size === 0) toLook.delete(kind)
      if (batch.size === 0) continue
      return {
        what: 'look',
        run: async () => {
          if (await compare.look(kind, batch)) toClaim.add(kind)
        },
        again: () => void toLook.set(kind, new Map([...batch, ...(toLook.get(kind) ?? [])])),
      }
    }
    return null
  }

  /** An emptied store is filled again now, and not when the watchdog comes by. */
  async function mirrorNow(): Promise<void> {
    if (await mirror.flush()) await watchdog.compareMirror()
  }

  async function keepShards(): Promise<void> {
    if (await shards.keep(node.members())) toClaim.add('shard')
  }

  async function checkAll(kind: AssignmentKind): Promise<void> {
    if ((await compare.all(kind)).unwanted > 0) toClaim.add(kind)
  }
}
