import type { People } from '../people.ts'

/** An account as chat sees it. */
export interface Chatter {
  id: string
  login: string
  name: string
  /** `#RRGGBB`, or empty where its owner never chose one. */
  color: string
}

/** Everybody with an account at Twitch: the people who sign in, and viewers, who only talk. */
export interface Chatters {
  byId(id: string): Chatter | undefined
  /** By login or id. */
  find(name: string): Chatter | undefined
  /** A viewer, or which of the fields belongs to somebody else. */
  add(fields: ViewerFields): Chatter | { taken: 'id' | 'login' }
  /** Viewers alone, oldest first. */
  viewers(): Chatter[]
  clear(): void
}

export interface ViewerFields {
  login: string
  name?: string | undefined
  id?: string | undefined
  color?: string | undefined
}

/** Beyond the ids of streamers, which begin at 1001 or are given by tests. */
const FIRST_VIEWER_ID = 900_000_001

/** The fifteen colours that Twitch offers to everybody. */
const COLORS = [
  '#FF0000',
  '#0000FF',
  '#008000',
  '#B22222',
  '#FF7F50',
  '#9ACD32',
  '#FF4500',
  '#2E8B57',
  '#DAA520',
  '#D2691E',
  '#5F9EA0',
  '#1E90FF',
  '#FF69B4',
  '#8A2BE2',
  '#00FF7F',
]

export function createChatters(people: People): Chatters {
  const viewersById = new Map<string, Chatter>()
  const viewersByLogin = new Map<string, Chatter>()
  /** People as chatters, so that each is one object. */
  const streamers = new Map<string, Chatter>()
  let serial = FIRST_VIEWER_ID

  const colorOf = (id: string) => COLORS[Number(id.slice(-9)) % COLORS.length] as string
  const streamer = (person: ReturnType<People['byTwitchId']>): Chatter | undefined => {
    if (!person) return undefined
    const known = streamers.get(person.twitchId)
    if (known) return known
    const { twitchId: id, login, name } = person
    const chatter = { id, login, name, color: colorOf(id) }
    streamers.set(id, chatter)
    return chatter
  }
  const freeId = () => {
    while (viewersById.has(String(serial)) || people.byTwitchId(String(serial))) serial++
    return String(serial++)
  }
  const find = (name: string) => {
    const person = people.find(name)
    // A number may be somebody's at DonationAlerts, which is nothing to Twitch.
    const isTheirs = person && (person.login === name.toLowerCase() || person.twitchId === name)
    return (isTheirs ? streamer(person) : undefined) ?? viewersByLogin.get(name.toLowerCase()) ?? viewersById.get(name)
  }

  return {
    byId: (id) => viewersById.get(id) ?? streamer(people.byTwitchId(id)),
    find,
    add({ login, name = login, id, color }) {
      if (id !== undefined && (viewersById.has(id) || people.byTwitchId(id))) return { taken: 'id' }
      if (viewersByLogin.has(login) || people.find(login)?.login === login) return { taken: 'login' }
      const ownId = id ?? freeId()
      const viewer = { id: ownId, login, name, color: color ?? colorOf(ownId) }
      viewersById.set(ownId, viewer)
      viewersByLogin.set(login, viewer)
      return viewer
    },
    viewers: () => [...viewersById.values()],
    clear() {
      for (const index of [viewersById, viewersByLogin, streamers]) index.clear()
      serial = FIRST_VIEWER_ID
    },
  }
}
