/** A node that could be given something. */
export interface Candidate {
  session: number
  /** By its name, not its session, a node is chosen: after a restart it is given what it had. */
  nodeId: string
  /** How many of the kind it has. */
  load: number
}

/** Something to be given away. `apartFrom`: the session that should not have it. */
export interface Seeking {
  key: string
  apartFrom?: number | null
}

/**
 * No node has more than this times its share. Smaller moves more when a node comes or goes, larger leaves one node more
 * work than the others.
 */
const BOUND = 1.1

/**
 * Gives each of the keys to a node: the one that the key prefers (rendezvous hashing: when a node goes, only what it had
 * is given anew) and that is not full yet. Every node that knows the same comes to the same answer; where they differ, the
 * conditional update decides.
 *
 * @param wanted How many of the kind there are to have, these among them.
 */
export function chooseOwners(
  kind: string,
  keys: readonly Seeking[],
  candidates: readonly Candidate[],
  wanted: number,
): Map<string, number> {
  const nodes = prepare(candidates, wanted)
  const chosen = new Map<string, number>()
  const alone = nodes.length === 1
  for (const { key, apartFrom } of keys) {
    const hash = hashOf(`${kind}:${key}`)
    let best: Prepared | undefined
    let bestScore = -Infinity
    for (const node of nodes) {
      if (node.session === apartFrom && !alone) continue
      // Where all are full (what is owned twice as a move is under way is counted so), the least full one takes it.
      const score = node.load < node.bound ? scoreOf(hash, node) : -1 - node.load
      if (score > bestScore) [best, bestScore] = [node, score]
    }
    if (!best) continue
    best.load++
    chosen.set(key, best.session)
  }
  return chosen
}

/**
 * What a node that has more than its bound gives to those that have less than their share, at most `limit` of it. What it
 * keeps is what prefers it most. Nothing moves while all are within the bound.
 *
 * @param keys What `from` has; `apartFrom` as above: what is on one node with its counterpart moves in any case.
 */
export function chooseMoves(
  kind: string,
  keys: readonly Seeking[],
  from: number,
  candidates: readonly Candidate[],
  { wanted, limit }: { wanted: number; limit: number },
): Map<string, number> {
  const nodes = prepare(candidates, wanted)
  const me = nodes.find(({ session }) => session === from)
  const moves = new Map<string, number>()
  if (!me || nodes.length === 1) return moves
  const others = nodes.filter((node) => node !== me)
  const excess = Math.min(limit, me.load - me.bound)
  const together = keys.filter(({ apartFrom }) => apartFrom === from)
  if (excess <= 0 && together.length === 0) return moves

  const give = ({ key }: Seeking, room: (node: Prepared) => boolean) => {
    const hash = hashOf(`${kind}:${key}`)
    const best = mostPreferred(hash, others.filter(room))
    if (!best) return
    best.load++
    me.load--
    moves.set(key, best.session)
  }
  for (const seeking of together.slice(0, limit)) give(seeking, (node) => node.load < node.bound)
  if (moves.size >= excess) return moves
  const byPreference = keys
    .filter(({ key }) => !moves.has(key))
    .map((seeking) => {
      const hash = hashOf(`${kind}:${seeking.key}`)
      const other = mostPreferred(hash, others)
      return { seeking, eagerness: (other ? scoreOf(hash, other) : 0) - scoreOf(hash, me) }
    })
    .sort((a, b) => b.eagerness - a.eagerness || (a.seeking.key < b.seeking.key ? -1 : 1))
  for (const { seeking } of byPreference) {
    if (moves.size >= excess) break
    give(seeking, (node) => node.load < node.share && node.session !== seeking.apartFrom)
  }
  return moves
}

interface Prepared {
  session: number
  hash: number
  load: number
  share: number
  bound: number
}

function prepare(candidates: readonly Candidate[], wanted: number): Prepared[] {
  const share = wanted / candidates.length
  // Of two, each of two nodes has one: below ten a node the bound is the share itself, rounded up.
  const bound = Math.max(Math.ceil(share), Math.floor(BOUND * share))
  return candidates.map(({ session, nodeId, load }) => ({ session, hash: hashOf(nodeId), load, share, bound }))
}

function mostPreferred(hash: number, nodes: readonly Prepared[]): Prepared | undefined {
  let best: Prepared | undefined
  let bestScore = -Infinity
  for (const node of nodes) {
    const score = scoreOf(hash, node)
    if (score > bestScore) [best, bestScore] = [node, score]
  }
  return best
}

/** Rendezvous: each node is as likely as the others to have the highest, whoever else there is. Never negative. */
function scoreOf(keyHash: number, { hash }: Prepared): number {
  return mix(keyHash ^ Math.imul(hash, 0x9e3779b1))
}

/** FNV-1a: short texts, no secret in it, the same on every machine. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return mix(hash)
}

/** The finaliser of MurmurHash3: each bit of the input moves half of the bits of the result. */
function mix(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
