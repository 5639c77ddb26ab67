/** Somebody who has an account at both platforms. */
export interface Person {
  twitchId: string
  login: string
  name: string
  daId: string
  daName: string
}

export type PersonFields = Pick<Person, 'login' | 'name'> & Partial<Person>

export interface People {
  /** The person, or which of the fields belongs to somebody else. */
  add(fields: PersonFields): Person | { taken: 'twitchId' | 'login' | 'daId' }
  all(): Person[]
  byTwitchId(id: string): Person | undefined
  byDaId(id: string): Person | undefined
  /** By login, or by the id at either platform. */
  find(name: string): Person | undefined
  clear(): void
}

export function createPeople(): People {
  const people: Person[] = []
  const byTwitchId = new Map<string, Person>()
  const byDaId = new Map<string, Person>()
  const byLogin = new Map<string, Person>()
  let twitchSerial = 1000
  let daSerial = 7000

  const free = (taken: Map<string, Person>, next: () => number): string => {
    for (;;) {
      const id = String(next())
      if (!taken.has(id)) return id
    }
  }
  return {
    add(fields) {
      const { login, name } = fields
      const twitchId = fields.twitchId ?? free(byTwitchId, () => ++twitchSerial)
      const daId = fields.daId ?? free(byDaId, () => ++daSerial)
      if (byTwitchId.has(twitchId)) return { taken: 'twitchId' }
      if (byLogin.has(login)) return { taken: 'login' }
      if (byDaId.has(daId)) return { taken: 'daId' }
      const person: Person = { twitchId, login, name, daId, daName: fields.daName ?? name }
      people.push(person)
      byTwitchId.set(twitchId, person)
      byDaId.set(daId, person)
      byLogin.set(login, person)
      return person
    },
    all: () => [...people],
    byTwitchId: (id) => byTwitchId.get(id),
    byDaId: (id) => byDaId.get(id),
    find: (name) => byLogin.get(name.toLowerCase()) ?? byTwitchId.get(name) ?? byDaId.get(name),
    clear() {
      people.length = 0
      for (const index of [byTwitchId, byDaId, byLogin]) index.clear()
      twitchSerial = 1000
      daSerial = 7000
    },
  }
}
