/**
 * What a run leaves behind, for the checker: everything as the outside saw it. Times are milliseconds since 1970, all by
 * the clock of one machine.
 */
export interface Recording {
  seed: number
  /** How long DonationAlerts' minute takes in this run. */
  rateWindowMs: number
  /** From the first event that counts to the last. */
  from: number
  until: number
  /** What must have flowed at least, or the run proves nothing. */
  expected: {
    donations: number
    commands: number
    messages: number
    frames: number
    restarts: number
    refreshes: number
  }
  channels: Channel[]
  lives: NodeLife[]
  faults: FaultRecord[]
  overlays: OverlayRecord[]
  commands: CommandRecord[]
  simulator: SimulatorAccount
  database: DatabaseAccount
  ownership: OwnershipChange[]
  /** What former owners would still write, tried at the end. */
  staleWrites: { tried: number; accepted: number }
  scrapes: Scrape[]
  signInRaces: SignInRace[]
}

export interface Channel {
  /** Stands in everything that is said in this channel or to it. */
  mark: string
  channelId: string
  twitchId: string
  daId: string
  /** It has a bot that is to run, and a donation stream. */
  bot: boolean
  donations: boolean
}

/** A process that ran a node, from its start to its end. */
export interface NodeLife {
  nodeId: string
  pid: number
  startedAt: number
  readyAt: number | null
  endedAt: number | null
  /** How it ended; `null` where it ran to the end. */
  end: 'SIGKILL' | 'SIGTERM' | 'unasked' | null
  exitCode: number | null
}

export interface FaultRecord {
  name: string
  /** When it struck, and when it was over. */
  at: number
  over: number
  /** Whether it really happened: each of these was looked at while it did. */
  proofs: Proof[]
  recoveries: Recovery[]
  /** What was said then and there may be lost with it. */
  mayLose: Array<{ marks: string[] | null; from: number; until: number }>
}

export interface Proof {
  what: string
  holds: boolean
}

/** Channels (`null`: all) in a stretch of time. */
export interface Stretch {
  marks: string[] | null
  from: number
  until: number
}

/** How long something took to come back, and how long it may take. What the logs tell is read out of them by the checker. */
export type Recovery = {
  what: string
  boundMs: number
  /** So many cases must there be; without any that was away nothing is proven. */
  least: number
} & (
  | { measure: 'taken'; tookMs: Array<number | null> }
  /** Of each channel: from the beginning of the stretch to the first answer to something said in it. */
  | { measure: 'first-answer'; of: Stretch }
  /**
   * Of each channel: the longest that anybody waited for an answer to what was said in the stretch, beyond the median of
   * what was said in `usual`, right before it: a machine that is busy with other things answers late at any time.
   */
  | { measure: 'slowest-answer'; of: Stretch; usual: Stretch }
  /** Of each donation made in the stretch: to its offer on an overlay, counted from `since` if it was made before that. */
  | { measure: 'donations'; of: Stretch; since?: number }
)

export interface OverlayRecord {
  mark: string
  /** As it is meant; where OBS is away another page may be told to stand in. */
  kind: 'primary' | 'mirror'
  openedAt: number
  closedAt: number | null
  /** Its page was closed under an alert. */
  crashed: boolean
  log: Array<{ at: number; event: string; alertId?: string; text?: string }>
  frames: number
  /** Of these: with a mark in them, and with another channel's. */
  marked: number
  foreign: string[]
}

/** A command that a viewer wrote. */
export interface CommandRecord {
  id: string
  mark: string
  at: number
}

/** The simulator's own account. */
export interface SimulatorAccount {
  donations: Array<{ id: number; daId: string; at: number; push: string; listeners: number }>
  messages: Array<{
    id: string
    channel: string
    at: number
    fates: Array<{ fate: 'delivered' | 'lost' | 'dropped'; shard: string; retried: boolean }>
  }>
  sent: Array<{ at: number; channel: string; replyTo: string | null; outcome: 'sent' | 'dropped' | 'refused' }>
  requests: Array<{
    at: number
    doneAt: number | null
    application: string | null
    user: string | null
    endpoint: string
    status: number
    fault: string | null
  }>
}

/** What the database says at the end. */
export interface DatabaseAccount {
  donations: Array<{ externalId: string; accountId: string; channelId: string; arrival: string; history: boolean }>
  alerts: Array<{
    id: string
    channelId: string
    externalId: string
    state: string
    madeAt: number
    externalOrder: number
    queuedAt: number
    offeredAt: number | null
  }>
  /** Bots that are to run, and how they are. */
  bots: Array<{ channelId: string; desired: boolean; state: string | null }>
}

/** Each change of an assignment's owner, epoch or state, as the database made it. */
export interface OwnershipChange {
  at: number
  kind: string
  key: string
  owner: string | null
  epoch: number
  state: string | null
}

/** What a process said of itself in `/metrics`. */
export interface Scrape {
  at: number
  nodeId: string
  pid: number
  /** Series by name, labels included; those that the checker reads. */
  series: Record<string, number>
}

/** One OAuth callback, given to several nodes at once. */
export interface SignInRace {
  nodes: number
  accepted: number
  /** … and once more to another node, after it was used. */
  replayed: boolean
}
