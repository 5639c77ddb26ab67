import { DRAW_GRACE_MS, OFFER_LEASE_MS, type AlertState } from '../domain/alert.ts'
import { applySettings, DEFAULT_SETTINGS, type ChannelSettings, type SettingsPatch } from '../domain/settings.ts'
import { isUniqueViolation, type Sql } from './database.ts'

export type Alerts = ReturnType<typeof createAlerts>

/** An alert with what is to be shown. */
export interface AlertToShow {
  id: string
  donationId: string
  externalId: string
  state: AlertState
  donor: string | null
  amount: string
  currency: string
  message: string
  messageKind: 'text' | 'audio'
  test: boolean
  attempt: number
  token: string
  overlay: string | null
  startedAt: Date | null
  /** The channel's settings at this moment: they decide how it looks. */
  settings: ChannelSettings
}

const SHOWN_COLUMNS = `a.id, a.donation_id as "donationId", d.external_id as "externalId", a.state, d.donor,
  d.amount::text as amount, d.currency, d.message, d.message_kind as "messageKind", a.test, a.attempt, a.token, a.overlay,
  a.started_at as "startedAt", (select settings from channels where id = a.channel_id) as settings`

type Row = Omit<AlertToShow, 'settings'> & { settings: SettingsPatch }

function toAlert(row: Row): AlertToShow {
  // PostgreSQL's numeric drops the zeros that money keeps.
  const [whole, fraction = ''] = row.amount.split('.')
  return {
    ...row,
    amount: `${whole}.${fraction.padEnd(2, '0')}`,
    settings: applySettings(DEFAULT_SETTINGS, row.settings),
  }
}

/** What is left over is missed by the next look. */
const MISS_BATCH = 1_000

export function createAlerts(db: Sql) {
  return {
    /**
     * Offers the channel's next alert to an overlay: one conditional statement, refused by a unique index where another
     * node was faster. `undefined`: nothing waits, the queue is paused, or one is in flight already.
     */
    async offerNext(
      channelId: string,
      overlay: string,
      { onlyTests }: { onlyTests: boolean },
    ): Promise<AlertToShow | undefined> {
      try {
        const [row] = await db.query<Row>(
          `with a as (
             update alerts set state = 'offered', attempt = attempt + 1, token = gen_random_uuid(), overlay = $2,
               offered_at = now(), lease_until = now() + $4 * interval '1 millisecond'
             where state = 'queued' and id = (
               select q.id from alerts q join channels c on c.id = q.channel_id
               where q.channel_id = $1 and q.state = 'queued' and not c.alerts_paused and (q.test or not $3)
                 and not exists (select from alerts f where f.channel_id = $1 and f.state in ('offered', 'started'))
               order by q.replay desc, q.made_at, q.external_order, q.ordinal limit 1
               for update of q skip locked)
             returning *
           )
           select ${SHOWN_COLUMNS} from a join donations d on d.id = a.donation_id`,
          [channelId, overlay, onlyTests, OFFER_LEASE_MS],
          { name: 'offer-alert' },
        )
        return row && toAlert(row)
      } catch (error) {
        if (isUniqueViolation(error, 'alerts_in_flight')) return undefined
        throw error
      }
    },

    /**
     * The overlay that was offered it says that it draws now. Asking again is answered alike, for an answer may get
     * lost; another overlay, a mirror that heard the offer too, is refused.
     */
    async start(request: {
      channelId: string
      alertId: string
      token: string
      overlay: string
      keyRev: number
    }): Promise<boolean> {
      const changed = await db.execute(
        `update alerts set state = 'started', started_at = coalesce(started_at, now()),
           lease_until = now() + $6 * interval '1 millisecond' + interval '1 second' * coalesce(
             (select (settings #>> '{alerts,durationS}')::double precision from channels where id = $1), $7)
         where id = $2 and channel_id = $1 and token::text = $3 and overlay = $4
           and (state = 'offered' and lease_until > now() or state = 'started')
           and exists (select from channels where id = $1 and overlay_key_rev = $5)`,
        [
          request.channelId,
          request.alertId,
          request.token,
          request.overlay,
          request.keyRev,
          DRAW_GRACE_MS,
          DEFAULT_SETTINGS.alerts.durationS,
        ],
      )
      return changed === 1
    },

    /** The alert was shown to its end. Late word counts too: an interrupted alert turns out to have been shown. */
    async finish(request: { channelId: string; alertId: string; token: string; keyRev: number }): Promise<boolean> {
      const changed = await db.execute(
        `update alerts set state = 'shown', ended_at = coalesce(case when state = 'shown' then ended_at end, now()), lease_until = null
         where id = $2 and channel_id = $1 and token::text = $3 and state in ('started', 'interrupted', 'shown')
           and exists (select from channels where id = $1 and overlay_key_rev = $4)`,
        [request.channelId, request.alertId, request.token, request.keyRev],
      )
      return changed === 1
    },

    /** Takes back this very offer to an overlay that went away before it began to draw. */
    async release(channelId: string, overlay: string, token: string): Promise<boolean> {
      const changed = await db.execute(
        `update alerts set state = 'queued', lease_until = null
         where channel_id = $1 and overlay = $2 and token::text = $3 and state = 'offered'`,
        [channelId, overlay, token],
      )
      return changed > 0
    },

    /** Ends leases that ran out, of all channels: an offer goes back to the queue, a drawing counts as interrupted. */
    expire(): Promise<Array<{ id: string; channelId: string; state: AlertState }>> {
      return db.query(
        // All nodes look at the same time: each takes what no other is at.
        `with over as (
           select id from alerts where state in ('offered', 'started') and lease_until < now()
           order by id for update skip locked
         )
         update alerts a set state = case a.state when 'offered' then 'queued' else 'interrupted' end,
           ended_at = case a.state when 'started' then now() end, lease_until = null
         from over where a.id = over.id
         returning a.id, a.channel_id as "channelId", a.state`,
      )
    },

    /** Gives up what waited longer than its channel allows. */
    miss(): Promise<Array<{ channelId: string }>> {
      return db.query(
        `with late as (
           select a.id from alerts a join channels c on c.id = a.channel_id
           where a.state = 'queued' and not a.replay
             and a.made_at < now() - (c.settings #>> '{alerts,maxAgeMinutes}')::integer * interval '1 minute'
           order by a.id limit ${MISS_BATCH} for update of a skip locked
         )
         update alerts a set state = 'missed', ended_at = now() from late where a.id = late.id
         returning a.channel_id as "channelId"`,
      )
    },

    /** Skips what is in flight; where nothing is, what comes next. */
    async skip(channelId: string): Promise<{ id: string } | undefined> {
      const [row] = await db.query<{ id: string }>(
        `update alerts set state = 'skipped', ended_at = now(), lease_until = null where id = (
           -- Said twice, so that each side finds its partial index.
           select id from alerts
           where channel_id = $1 and state = 'queued' or channel_id = $1 and state in ('offered', 'started')
           order by state = 'queued', replay desc, made_at, external_order, ordinal limit 1 for update)
         and state in ('queued', 'offered', 'started') returning id`,
        [channelId],
      )
      return row
    },

    /**
     * Shows a donation once more, before all others; one that still waits only moves to the front. `id` is the
     * donation's or that of one of its alerts.
     */
    async replay(channelId: string, id: string): Promise<string | undefined> {
      const [row] = await db.query<{ id: string }>(
        `with wanted as (
           select d.id, d.channel_id, d.test from donations d
           where d.channel_id = $1 and (d.id = $2 or d.id = (select donation_id from alerts where id = $2 and channel_id = $1))
         ), moved as (
           update alerts set replay = true, made_at = now() where state = 'queued' and donation_id = (select id from wanted)
           returning id
         ), added as (
           insert into alerts (channel_id, donation_id, test, replay, made_at, external_order)
           select channel_id, id, test, true, now(), 0 from wanted where not exists (select from moved) returning id
         )
         select id from moved union all select id from added`,
        [channelId, id],
      )
      return row?.id
    },

    /** What is in flight and how many wait: for snapshots and the dashboard. */
    async standing(channelId: string): Promise<{ current: AlertToShow | null; queued: number }> {
      const [rows, counts] = await Promise.all([
        db.query<Row>(
          `select ${SHOWN_COLUMNS} from alerts a join donations d on d.id = a.donation_id
           where a.channel_id = $1 and a.state in ('offered', 'started')`,
          [channelId],
        ),
        db.query<{ queued: number }>(
          `select count(*)::integer as queued from alerts where channel_id = $1 and state = 'queued'`,
          [channelId],
        ),
      ])
      return { current: rows[0] ? toAlert(rows[0]) : null, queued: counts[0]?.queued ?? 0 }
    },

    /** Those of `channelIds` where something waits that may be shown, and nothing is in flight. */
    async waiting(channelIds: readonly string[]): Promise<string[]> {
      const rows = await db.query<{ id: string }>(
        `select c.id from channels c
         where c.id = any($1::uuid[]) and not c.alerts_paused
           and exists (select from alerts a where a.channel_id = c.id and a.state = 'queued')
           and not exists (select from alerts a where a.channel_id = c.id and a.state in ('offered', 'started'))`,
        [channelIds],
      )
      return rows.map((row) => row.id)
    },

    /** How many alerts of all channels are not at their end, by state. */
    countOpen(): Promise<Array<{ state: AlertState; count: number }>> {
      return db.query(
        `select state, count(*)::integer as count from alerts where state = 'queued' group by state
         union all select state, count(*)::integer from alerts where state in ('offered', 'started') group by state`,
      )
    },
  }
}
