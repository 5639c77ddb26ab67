import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import type { Cluster } from './cluster.ts'
import type { DatabaseAccount, OwnershipChange, Scrape, SimulatorAccount } from './recording.ts'

/** Looks on from the side, past all proxies: nothing that it does is part of what is tested. */
export interface Observer {
  /** Owners and states of assignments from now on are written down by the database itself. */
  watchOwnership(): Promise<void>
  /** Rows, of the database as it is now. */
  query<Row>(sql: string, params?: unknown[]): Promise<Row[]>
  /** Of a channel's id the node that runs its bot or its donation stream now; those that nobody runs are not in it. */
  ownersOf(kind: 'bot' | 'donations'): Promise<Map<string, string>>
  scrapes: Scrape[]
  /** Looks at all nodes' metrics now. */
  scrape(): Promise<void>
  ownership(): Promise<OwnershipChange[]>
  database(): Promise<DatabaseAccount>
  simulator(): Promise<SimulatorAccount>
  stop(): Promise<void>
}

const SCRAPE_EVERY_MS = 1_000
/** The simulator keeps the last 60,000 messages: about ten minutes of a run. */
const READ_MESSAGES_EVERY_MS = 60_000
/** A node that does not answer for so long is not waited for. */
const SCRAPE_WITHIN_MS = 900

/** What is kept of a scrape. */
const KEPT =
  /^(chatfolk_(donations_total|chat_replies_total|chat_messages_total|redis_up|database_up|overlay_connections|bots|donation_streams)|process_resident_memory_bytes|nodejs_heap_size_used_bytes|nodejs_active_(resources|handles|requests)(_total)?)\b/

export function createObserver(cluster: Cluster): Observer {
  const scrapes: Scrape[] = []
  const life = new AbortController()
  const query = async <Row>(sql: string, params: unknown[] = []): Promise<Row[]> => {
    const client = new Client({ connectionString: cluster.postgres.url })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(sql, params)).rows as Row[]
    } finally {
      await client.end()
    }
  }

  const scrapeNode = async (node: Cluster['nodes'][number]) => {
    const life = node.life()
    if (!life || life.readyAt === null || life.endedAt !== null) return
    const at = Date.now()
    const answer = await fetch(`${node.url}/metrics`, {
      headers: { authorization: `Bearer ${cluster.adminToken}` },
      signal: AbortSignal.timeout(SCRAPE_WITHIN_MS),
    }).catch(() => null)
    const text = await answer?.text().catch(() => null)
    if (!answer?.ok || text === null || text === undefined) return
    scrapes.push({ at, nodeId: node.id, pid: life.pid, series: seriesIn(text) })
  }
  const scrape = async () => void (await Promise.all(cluster.nodes.map(scrapeNode)))
  const scraping = (async () => {
    while (!life.signal.aborted) {
      await scrape()
      await pause(SCRAPE_EVERY_MS, undefined, { signal: life.signal }).catch(() => undefined)
    }
  })()

  const messages = new Map<string, SimulatorAccount['messages'][number]>()
  const simulator = async (): Promise<SimulatorAccount> => {
    const account = await accountOf(cluster.simulatorUrl)
    for (const message of account.messages) messages.set(message.id, message)
    return { ...account, messages: [...messages.values()] }
  }
  const reading = (async () => {
    while (!life.signal.aborted) {
      await pause(READ_MESSAGES_EVERY_MS, undefined, { signal: life.signal }).catch(() => undefined)
      if (!life.signal.aborted) await simulator()
    }
  })()

  return {
    query,
    scrapes,
    scrape,
    async watchOwnership() {
      await query(`create table seen_ownership (
        at timestamptz not null default clock_timestamp(), kind text, key text, owner bigint, epoch bigint, state text)`)
      await query(`create function see_ownership() returns trigger language plpgsql as $$ begin
          insert into seen_ownership (kind, key, owner, epoch, state)
          values (new.kind, new.key, new.owner, new.epoch, new.state);
          return new;
        end $$`)
      await query(
        `create trigger see_new_ownership after insert on assignments for each row execute function see_ownership()`,
      )
      await query(`create trigger see_ownership after update on assignments for each row
        when ((old.owner, old.epoch, old.state) is distinct from (new.owner, new.epoch, new.state))
        execute function see_ownership()`)
    },
    async ownersOf(kind) {
      const rows = await query<{ key: string; node: string }>(
        `select a.key, n.node_id as node from assignments a join nodes n on n.session = a.owner
         where a.kind = $1 and a.desired and n.ended_at is null`,
        [kind],
      )
      return new Map(rows.map(({ key, node }) => [key, node]))
    },
    async ownership() {
      const rows = await query<Omit<OwnershipChange, 'at' | 'epoch'> & { at: Date; epoch: string }>(
        'select at, kind, key, owner::text, epoch::text, state from seen_ownership order by at',
      )
      return rows.map((row) => ({ ...row, at: row.at.getTime(), epoch: Number(row.epoch) }))
    },
    async database() {
      const [donations, alerts, bots] = await Promise.all([
        query<DatabaseAccount['donations'][number]>(
          `select external_id as "externalId", account_id as "accountId", channel_id as "channelId", arrival, history
           from donations where not test`,
        ),
        query<
          Omit<DatabaseAccount['alerts'][number], 'madeAt' | 'queuedAt' | 'offeredAt'> &
            Record<'madeAt' | 'queuedAt' | 'offeredAt', Date | null>
        >(
          `select a.id, a.channel_id as "channelId", d.external_id as "externalId", a.state, a.made_at as "madeAt",
             a.external_order::float as "externalOrder", a.queued_at as "queuedAt", a.offered_at as "offeredAt"
           from alerts a join donations d on d.id = a.donation_id where not a.test`,
        ),
        query<DatabaseAccount['bots'][number]>(
          `select key as "channelId", desired, state from assignments where kind = 'bot'`,
        ),
      ])
      return {
        donations,
        bots,
        alerts: alerts.map((alert) => ({
          ...alert,
          madeAt: alert.madeAt?.getTime() ?? 0,
          queuedAt: alert.queuedAt?.getTime() ?? 0,
          offeredAt: alert.offeredAt?.getTime() ?? null,
        })),
      }
    },
    simulator,
    async stop() {
      life.abort()
      await Promise.all([scraping, reading])
    },
  }
}

function seriesIn(text: string): Record<string, number> {
  const series: Record<string, number> = {}
  for (const line of text.split('\n')) {
    if (!KEPT.test(line)) continue
    const blank = line.lastIndexOf(' ')
    series[line.slice(0, blank)] = Number(line.slice(blank + 1))
  }
  return series
}

/** Times of the simulator are on its monotonic clock; its requests tell both, and so where that began. */
async function accountOf(simulatorUrl: string): Promise<SimulatorAccount> {
  const read = async <Body>(path: string) => (await (await fetch(`${simulatorUrl}/control/${path}`)).json()) as Body
  const [{ donations }, { messages }, { sent }, { requests }] = await Promise.all([
    read<{ donations: SimulatorAccount['donations'] }>('donations'),
    read<{
      messages: Array<
        Omit<SimulatorAccount['messages'][number], 'fates'> & {
          notifications: SimulatorAccount['messages'][number]['fates']
        }
      >
    }>('twitch/messages'),
    read<{ sent: SimulatorAccount['sent'] }>('twitch/sent'),
    read<{ requests: Array<SimulatorAccount['requests'][number] & { time: string }> }>('requests'),
  ])
  const [first] = requests
  const began = first === undefined ? 0 : Date.parse(first.time) - first.at
  const wall = (at: number) => at + began
  return {
    donations: donations.map(({ id, daId, at, push, listeners }) => ({ id, daId, at: wall(at), push, listeners })),
    messages: messages.map(({ id, channel, at, notifications }) => ({
      id,
      channel,
      at: wall(at),
      fates: notifications.map(({ fate, shard, retried }) => ({ fate, shard, retried })),
    })),
    sent: sent.map(({ at, channel, replyTo, outcome }) => ({ at: wall(at), channel, replyTo, outcome })),
    requests: requests.map(({ at, doneAt, application, user, endpoint, status, fault }) => ({
      at: wall(at),
      doneAt: doneAt === null ? null : wall(doneAt),
      application,
      user,
      endpoint,
      status,
      fault,
    })),
  }
}
