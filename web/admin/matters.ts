import type { Format } from '../ui/format.ts'
import type { List } from './choice.ts'
import type { AdminTexts } from './texts.ts'
import type { NodeView, Overview } from './views.ts'

export type Tone = 'good' | 'busy' | 'bad' | 'idle'

/** Something an operator should know of, in words. `idle`: it is a streamer's to do. */
export interface Matter {
  key: string
  tone: Exclude<Tone, 'good'>
  text: string
  /** Where more about it stands. */
  rows?: RowsOf
}

export interface RowsOf {
  list: List
  state?: string
  /** Empty: nobody's. */
  owner?: string
}

const URGENCY = { bad: 0, busy: 1, idle: 2 }

/** What is not as it should be, the most urgent first. */
export function mattersOf(
  { overview, nodes, nowMs }: { overview: Overview; nodes: NodeView[]; nowMs: number },
  words: AdminTexts['matters'],
  format: Format,
): Matter[] {
  const found: Matter[] = []
  const add = (key: string, tone: Matter['tone'], text: string | false, rows?: RowsOf) =>
    text !== false && found.push({ key, tone, text, ...(rows && { rows }) })
  const living = nodes.filter(({ state }) => state !== 'ended')
  const canDo = (role: string) =>
    living.some((node) => node.state !== 'silent' && node.roles.some((one) => one === role))
  const { bots, donations, redis, parked, shards } = overview

  add('no-nodes', 'bad', living.length === 0 && words.noNodes)
  if (living.length > 0) {
    const botsWanted = bots.active + bots.starting + bots.backoff + bots.inactive > 0
    add('no-bots-node', 'bad', botsWanted && !canDo('bots') && words.noBotsNode)
    const streamsWanted = donations.unowned > 0 || donations.live > 0
    add('no-donations-node', 'bad', streamsWanted && !canDo('donations') && words.noDonationsNode)
  }
  for (const node of living) {
    if (node.state === 'silent') {
      add(`silent-${node.id}`, 'bad', words.silent(node.id, format.relative(node.lastSeenAt, nowMs)))
    }
    add(`draining-${node.id}`, 'busy', node.state === 'draining' && words.draining(node.id))
  }
  const told = new Set<string>()
  for (const { id, fenced, endedAt } of nodes) {
    // The latest end of a node is the one that matters; they come in that order.
    if (!fenced || endedAt === null || told.has(id)) continue
    told.add(id)
    const ago = format.relative(endedAt, nowMs)
    if (living.some((node) => node.id === id)) add(`back-${id}`, 'idle', words.cameBack(id, ago))
    else add(`fenced-${id}`, 'bad', words.fenced(id, ago))
  }
  add('redis', 'bad', redis === 'down' ? words.redisDown : redis === 'partly' && words.redisPartly)
  add('parked', 'bad', parked > 0 && words.parked(parked), { list: 'parked' })
  const unheard = shards.filter(({ owner }) => owner === null).length
  add('shards', 'busy', unheard > 0 && words.shardsUnowned(unheard), { list: 'shards' })
  add('bots-unowned', 'busy', bots.unowned > 0 && words.botsUnowned(bots.unowned), { list: 'bots', owner: '' })
  add('bots-backoff', 'busy', bots.backoff > 0 && words.botsBackoff(bots.backoff), { list: 'bots', state: 'backoff' })
  add('streams-unowned', 'busy', donations.unowned > 0 && words.streamsUnowned(donations.unowned), {
    list: 'streams',
    owner: '',
  })
  add('streams-backoff', 'busy', donations.backoff > 0 && words.streamsBackoff(donations.backoff), {
    list: 'streams',
    state: 'backoff',
  })
  add('streams-person', 'idle', donations.needs_reauth > 0 && words.streamsPerson(donations.needs_reauth), {
    list: 'streams',
    state: 'needs_reauth',
  })
  add('bots-person', 'idle', bots.inactive > 0 && words.botsPerson(bots.inactive), { list: 'bots', state: 'inactive' })
  return found.sort((a, b) => URGENCY[a.tone] - URGENCY[b.tone])
}

/** How the service stands as a whole. What only streamers can do troubles nobody here. */
export function standingOf(matters: readonly Matter[]): 'good' | 'busy' | 'bad' {
  if (matters.some(({ tone }) => tone === 'bad')) return 'bad'
  return matters.some(({ tone }) => tone === 'busy') ? 'busy' : 'good'
}
