import { AppError } from '../../src/base/errors.ts'
import type { Bus, MessageOf, Topic } from '../../src/coordination/bus.ts'
import type { SharedKeys } from '../../src/coordination/shared-keys.ts'
import type { Checker } from './checker.ts'
import type { Circumstances } from './model-process.ts'
import type { Chance, VirtualTime } from './virtual-time.ts'

/** The store between nodes, and what it does to messages. */
export interface Network {
  /** The store is there. */
  up: boolean
  /** Of the messages, so much is lost, comes twice, or comes seconds later. */
  loss: number
  duplicates: number
  late: number
  flush(): void
  busOf(process: { whenAwake(run: () => void): void; circumstances: Circumstances }): Bus
  keysOf(process: string): SharedKeys
  /** It is back: every node's connection is told. */
  tellUp(): void
}

export function createNetwork({
  time,
  chance,
  checker,
}: {
  time: VirtualTime
  chance: Chance
  checker: Checker
}): Network {
  interface Member {
    handlers: Map<string, Set<(message: never) => void>>
    ups: Set<() => void>
    whenAwake(run: () => void): void
    circumstances: Circumstances
  }
  const members = new Set<Member>()
  const values = new Map<string, { value: string; endsAt: number }>()
  const read = (key: string) => {
    const entry = values.get(key)
    return entry && entry.endsAt > time.now() ? entry.value : null
  }

  const network: Network = {
    up: true,
    loss: 0,
    duplicates: 0,
    late: 0,
    flush: () => values.clear(),
    tellUp() {
      for (const member of members) for (const run of member.ups) member.whenAwake(run)
    },
    busOf({ whenAwake, circumstances }) {
      const me: Member = { handlers: new Map(), ups: new Set(), whenAwake, circumstances }
      members.add(me)
      const tell = <T extends Topic>(to: Member, topic: T, message: MessageOf<T>) => {
        for (const handler of to.handlers.get(topic) ?? []) handler(message as never)
      }
      return {
        publish(topic, message) {
          tell(me, topic, message)
          if (!network.up || circumstances.cutOff || circumstances.offBus) return
          for (const other of members) {
            if (other === me || !other.handlers.has(topic) || other.circumstances.dead) continue
            const copies = chance.is(network.loss) ? 0 : chance.is(network.duplicates) ? 2 : 1
            for (let copy = 0; copy < copies; copy++) {
              const delayMs = chance.is(network.late) ? chance.between(100, 20_000) : chance.between(0.2, 8)
              time.in(delayMs, () => {
                if (!other.circumstances.cutOff && !other.circumstances.offBus)
                  other.whenAwake(() => tell(other, topic, message))
              })
            }
          }
        },
        subscribe(topic, handler) {
          const handlers = me.handlers.get(topic) ?? new Set()
          me.handlers.set(topic, handlers.add(handler))
          return () => {
            handlers.delete(handler)
            if (handlers.size === 0 && me.handlers.get(topic) === handlers) me.handlers.delete(topic)
          }
        },
        onNews: () => () => {},
        isUp: () => network.up && !circumstances.offBus,
        onUp(run) {
          me.ups.add(run)
          return () => me.ups.delete(run)
        },
        close: async () => {},
      }
    },
    keysOf(process) {
      // Asked and answered within the turn: that it takes time is seen enough at the database.
      const ask = async <T>(run: () => T): Promise<T> => {
        if (!network.up) throw new AppError('unavailable')
        return run()
      }
      return {
        setIfAbsent: async () => false,
        set: (entries) =>
          ask(() => {
            for (const { key, value, ttlMs } of entries) values.set(key, { value, endsAt: time.now() + ttlMs })
          }),
        get: (keys) => ask(() => keys.map(read)),
        deleteIf: (entries) =>
          ask(
            () =>
              entries.filter(({ key, prefix }) => {
                const value = read(key)
                if (!value?.startsWith(prefix)) return false
                checker.unmirrored(process, key, value)
                return values.delete(key)
              }).length,
          ),
        setFields: async () => {},
        dropFields: async () => {},
        fields: async (keys) => keys.map(() => new Map()),
        isUp: () => network.up,
      }
    },
  }
  return network
}
