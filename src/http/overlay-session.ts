import { z } from 'zod'
import type { OverlayAudience } from '../app/overlays/overlay-audience.ts'
import type { ReadOverlaySnapshot } from '../app/overlays/overlay-snapshot.ts'
import type { ShowAlert } from '../app/overlays/show-alert.ts'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { OverlaySession } from '../domain/overlay-protocol.ts'
import type { Channels } from '../persistence/channels.ts'
import type { Routes } from './app.ts'
import type { OverlayTickets } from './overlay-ticket.ts'

export interface OverlaySessionOptions {
  channels: Pick<Channels, 'byOverlayKey' | 'byId'>
  audience: OverlayAudience
  showAlert: Pick<ShowAlert, 'startDrawing' | 'finishDrawing'>
  readSnapshot: ReadOverlaySnapshot
  tickets: OverlayTickets
  clock: Clock
}

const instance = z.string().regex(/^[\x21-\x7e]{1,100}$/, 'must be 1 to 100 letters, digits or signs')
const ticket = z.string().min(1).max(600)
const isUuid = (text: string) => z.uuid().safeParse(text).success
const pixels = z.number().min(0).max(100_000)

/** What an overlay page asks and tells besides its stream: the session, its state, and how its alerts fare. */
export function overlaySessionRoutes(options: OverlaySessionOptions): Routes {
  const { channels, audience, showAlert, readSnapshot, tickets, clock } = options
  return (app) => {
    app.post(
      '/api/overlay/session',
      {
        config: { access: 'public', pace: 'overlay-session' },
        schema: {
          summary: 'Exchange the overlay key for a ticket',
          body: z.object({
            key: z.string().min(1).max(200),
            instance,
            obs: z.boolean().default(false),
            w: pixels.default(1920),
            h: pixels.default(1080),
            ver: z.string().max(100).default(''),
            visible: z.boolean().default(true),
            preview: z.boolean().default(false),
          }),
        },
      },
      async ({ body }): Promise<OverlaySession> => {
        const channel = await channels.byOverlayKey(body.key)
        if (!channel) throw new AppError('not-found')
        const { obs, preview, visible } = body
        const signed = tickets.issue({
          channelId: channel.id,
          instance: body.instance,
          keyRev: channel.overlayKeyRev,
          obs,
          preview,
          visible,
          ver: body.ver,
        })
        return {
          ticket: signed,
          streamUrl: `/api/overlay/stream?ticket=${signed}`,
          ...audience.position(channel.id),
          serverNow: clock.now(),
          role: audience.roleOf(channel.id, { instance: body.instance, obs, preview }, visible),
        }
      },
    )

    app.get(
      '/api/overlay/snapshot',
      {
        config: { access: 'ticket' },
        schema: { summary: 'The stage as it stands', querystring: z.object({ ticket }) },
      },
      async ({ query }) => {
        const { channelId, keyRev } = tickets.forReport(query.ticket)
        const channel = await channels.byId(channelId)
        const snapshot = channel?.overlayKeyRev === keyRev ? await readSnapshot(channelId) : undefined
        if (!snapshot) throw new AppError('ticket-invalid')
        const { epoch, d } = snapshot
        return { id: `${epoch}-${d.seq}`, v: 1, at: clock.now(), d }
      },
    )

    app.post(
      '/api/overlay/state',
      {
        config: { access: 'ticket' },
        schema: {
          summary: 'What the overlay shows and how it fares',
          body: z.object({
            ticket,
            visible: z.boolean(),
            active: z.boolean().default(true),
            fps: z.number().min(0).max(1_000).nullable().default(null),
            tier: z.string().max(20).nullable().default(null),
          }),
        },
      },
      async ({ body }, reply) => {
        const { channelId, instance } = tickets.forReport(body.ticket)
        const { visible, active, fps, tier } = body
        // A report may overtake the stream it belongs to; the page repeats it.
        audience.report(channelId, instance, { visible, active, fps, tier })
        return reply.code(204).send()
      },
    )

    const alertRoute = (name: 'start' | 'done', act: 'startDrawing' | 'finishDrawing', summary: string) =>
      app.post(
        `/api/overlay/alerts/:id/${name}`,
        {
          config: { access: 'ticket' },
          schema: {
            summary,
            params: z.object({ id: z.uuid() }),
            body: z.object({ ticket, token: z.string().max(100) }),
          },
        },
        async ({ params, body }) => {
          const { channelId, instance, keyRev } = tickets.forReport(body.ticket)
          const { id: alertId } = params
          const { token } = body
          const accepted =
            isUuid(token) && (await showAlert[act]({ channelId, alertId, token, overlay: instance, keyRev }))
          if (!accepted) throw new AppError('alert-not-offered')
          return { ok: true }
        },
      )
    alertRoute('start', 'startDrawing', 'May I draw this alert? 200 yes, 409 no')
    alertRoute('done', 'finishDrawing', 'The alert was shown to its end')
  }
}
