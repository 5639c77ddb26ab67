/** What the admin routes tell, as far as the page shows it. */

export interface NodeView {
  id: string
  roles: Array<'web' | 'bots' | 'donations'>
  startedAt: string
  lastSeenAt: string
  fenced: boolean
  bots: number
  overlays: number
  session: string
  state: 'active' | 'draining' | 'silent' | 'ended'
  endedAt: string | null
  endReason: 'stopped' | 'replaced' | 'fenced' | null
  version: string
  donations: number
  shards: number
  redis: boolean | null
  memoryMb: number | null
}

export interface Trouble {
  code: string
  at: string
}

export interface BotRow {
  channelId: string
  login: string
  desired: boolean
  state: 'active' | 'starting' | 'backoff' | 'inactive'
  owner: string | null
  epoch: number
  since: string | null
  failures: number
  nextAttemptAt: string | null
  lastError: Trouble | null
}

export const ERROR_TYPES = ['rate_limit', 'server', 'network', 'auth', 'invalid'] as const
export type StreamState = 'live' | 'connecting' | 'catching_up' | 'backoff' | 'needs_reauth' | 'off'

export interface StreamRow {
  channelId: string
  login: string
  state: StreamState
  owner: string | null
  standby: string | null
  live: boolean
  failures: number
  errors: Record<(typeof ERROR_TYPES)[number], number>
  backoffUntil: string | null
  lastResponseMs: number | null
  lastPushAt: string | null
  lastSweepAt: string | null
  lastError: Trouble | null
}

export interface ShardView {
  key: string
  owner: string | null
  epoch: number
  state: string | null
  since: string | null
}

export interface Overview {
  at: string
  nodeId: string
  nodes: { active: number; draining: number; silent: number }
  bots: { active: number; starting: number; backoff: number; inactive: number; off: number; unowned: number }
  donations: Record<StreamState | 'unowned', number>
  shards: ShardView[]
  overlays: number
  alerts: { queued: number; inFlight: number }
  parked: number
  redis: 'up' | 'partly' | 'down' | 'none'
  watchdog: Array<{ node: string; at: string; action: string; count: number }>
}

export interface ParkedPayload {
  id: string
  channelId: string
  arrival: 'push' | 'recovery' | 'sweep'
  payload: string
  reason: string
  receivedAt: string
}
