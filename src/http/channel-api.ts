import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ConnectDonations } from '../app/donations/connect-donations.ts'
import type { ReadDonationStatus } from '../app/donations/donation-status.ts'
import type { OverlaysElsewhere } from '../app/overlays/overlays-elsewhere.ts'
import { AppError } from '../base/errors.ts'
import type { Bus } from '../coordination/bus.ts'
import type { SettingsPatch } from '../domain/settings.ts'
import type { Alerts } from '../persistence/alerts.ts'
import type { Channel, Channels } from '../persistence/channels.ts'
import type { DonationAccounts } from '../persistence/donation-accounts.ts'
import type { Donations } from '../persistence/donations.ts'
import { callerOf, streamerOf } from './access.ts'
import type { Routes } from './app.ts'
import type { DescribeBot } from './bot-api.ts'
import {
  channelReply,
  overlayUrlReply,
  queueReply,
  replayReply,
  settingsReply,
  type ChannelReply,
} from './channel-replies.ts'
import { settingsPatchSchema } from './settings-schema.ts'

export interface ChannelApiOptions {
  channels: Channels
  alerts: Alerts
  accounts: DonationAccounts
  donations: Pick<Donations, 'lastReceivedAt'>
  presence: Pick<OverlaysElsewhere, 'everywhere'>
  donationStatus: ReadDonationStatus
  connectDonations: Pick<ConnectDonations, 'disconnect'>
  describeBot: DescribeBot
  bus: Bus
  now: () => number
  baseUrl: string
  donationsConfigured: boolean
  demo: boolean
}

/** A streamer's own channel. The session says which one it is; no route takes a channel from the client. */
export function channelApiRoutes(options: ChannelApiOptions): Routes {
  const { channels, alerts, accounts, presence, connectDonations, bus } = options

  return (app) => {
    app.post(
      '/api/channel',
      {
        config: { access: 'session' },
        schema: { summary: 'Make me a streamer', response: { 200: channelReply, 201: channelReply } },
      },
      async (request, reply) => {
        const caller = callerOf(request)
        const { created } = await channels.create(caller.userId, { locale: preferredLocale(request) })
        const channel = await channels.byUser(caller.userId)
        if (!channel) throw new AppError('internal', { message: 'a channel vanished in the moment it was made' })
        return reply.code(created ? 201 : 200).send(await describe(channel))
      },
    )

    app.get(
      '/api/channel',
      {
        config: { access: 'streamer' },
        schema: { summary: 'My channel and how it does', response: { 200: channelReply } },
      },
      async (request) => describe(await mine(request)),
    )

    app.patch(
      '/api/channel',
      {
        config: { access: 'streamer' },
        schema: { summary: 'Change settings', body: settingsPatchSchema, response: { 200: settingsReply } },
      },
      async (request) => {
        const { channelId } = streamerOf(request)
        const changed = await channels.changeSettings(channelId, request.body as SettingsPatch)
        if (!changed) throw new AppError('no-channel')
        bus.publish(`news:${channelId}`, { type: 'settings-changed' })
        return { settings: changed.settings, settingsRev: changed.rev }
      },
    )

    app.delete(
      '/api/channel/donationalerts',
      { config: { access: 'streamer' }, schema: { summary: 'Disconnect donations' } },
      async (request, reply) => {
        const { userId, channelId } = streamerOf(request)
        await connectDonations.disconnect({ userId, channelId })
        return reply.code(204).send()
      },
    )

    app.post(
      '/api/channel/overlay-key',
      {
        config: { access: 'streamer' },
        schema: { summary: 'Replace the overlay link; streams on the old one end', response: { 200: overlayUrlReply } },
      },
      async (request) => {
        const { channelId } = streamerOf(request)
        const rotated = await channels.rotateOverlayKey(channelId)
        if (!rotated) throw new AppError('no-channel')
        bus.publish(`news:${channelId}`, { type: 'overlay-key-rotated', rev: rotated.rev })
        return { overlayUrl: overlayUrl(rotated.key) }
      },
    )

    const queueRoute = (
      name: 'pause' | 'resume' | 'skip',
      summary: string,
      act: (channelId: string) => Promise<void>,
    ) =>
      app.post(
        `/api/channel/alerts/${name}`,
        { config: { access: 'streamer' }, schema: { summary, response: { 200: queueReply } } },
        async (request) => {
          const { channelId } = streamerOf(request)
          await act(channelId)
          const [channel, standing] = await Promise.all([channels.byId(channelId), alerts.standing(channelId)])
          return { paused: channel?.alertsPaused ?? false, queued: standing.queued }
        },
      )
    queueRoute('pause', 'Show no further alerts for now', (channelId) => channels.setAlertsPaused(channelId, true))
    queueRoute('resume', 'Go on showing alerts', async (channelId) => {
      await channels.setAlertsPaused(channelId, false)
      bus.publish(`news:${channelId}`, { type: 'queue-resumed' })
    })
    queueRoute('skip', 'Skip the alert on screen, or else the next one', async (channelId) => {
      const skipped = await alerts.skip(channelId)
      if (!skipped) throw new AppError('nothing-to-skip')
      bus.publish(`news:${channelId}`, { type: 'alert-ended', alertId: skipped.id, why: 'skipped' })
    })

    app.post(
      '/api/channel/alerts/:id/replay',
      {
        config: { access: 'streamer' },
        schema: {
          summary: 'Show a donation once more',
          params: z.object({ id: z.uuid() }),
          response: { 202: replayReply },
        },
      },
      async (request, reply) => {
        const { channelId } = streamerOf(request)
        const alertId = await alerts.replay(channelId, request.params.id)
        if (alertId === undefined) throw new AppError('not-found')
        bus.publish(`news:${channelId}`, { type: 'alert-queued', receivedAt: null })
        return reply.code(202).send({ alertId })
      },
    )
  }

  async function mine(request: FastifyRequest): Promise<Channel> {
    const channel = await channels.byId(streamerOf(request).channelId)
    if (!channel) throw new AppError('no-channel')
    return channel
  }

  async function describe(channel: Channel): Promise<ChannelReply> {
    const [key, bot, standing, donations, overlays] = await Promise.all([
      channels.overlayKey(channel.id),
      options.describeBot(channel.id),
      alerts.standing(channel.id),
      describeDonations(channel.id),
      presence.everywhere(channel.id),
    ])
    const { current } = standing
    return {
      id: channel.id,
      login: channel.login,
      overlayUrl: overlayUrl(key ?? ''),
      bot,
      donations,
      overlays: overlays.map((overlay) => ({ ...overlay, since: iso(overlay.since) })),
      overlayLastSeenAt: overlays.some(({ preview }) => !preview)
        ? iso(options.now())
        : (channel.overlaySeenAt?.toISOString() ?? null),
      settings: channel.settings,
      settingsRev: channel.settingsRev,
      alerts: {
        paused: channel.alertsPaused,
        queued: standing.queued,
        current: current && {
          id: current.id,
          donor: current.donor,
          amount: current.amount,
          currency: current.currency,
          test: current.test,
          state: current.state === 'started' ? 'started' : 'offered',
          startedAt: current.startedAt?.toISOString() ?? null,
        },
      },
      demo: options.demo,
    }
  }

  async function describeDonations(channelId: string): Promise<ChannelReply['donations']> {
    const [account, lastDonationAt, status] = await Promise.all([
      accounts.ofChannel(channelId),
      options.donations.lastReceivedAt(channelId),
      options.donationStatus(channelId),
    ])
    return {
      configured: options.donationsConfigured,
      state: account ? status.state : 'off',
      account: account?.name ?? null,
      lastDonationAt: lastDonationAt?.toISOString() ?? null,
      lastError: status.lastError && { code: status.lastError.code, at: iso(status.lastError.at) },
      backoffUntil: status.backoffUntil === null ? null : iso(status.backoffUntil),
    }
  }

  function overlayUrl(key: string): string {
    return `${options.baseUrl}/o/#k=${key}`
  }
}

const iso = (at: number) => new Date(at).toISOString()

function preferredLocale(request: FastifyRequest): 'ru' | 'en' {
  const first = request.headers['accept-language']?.split(',')[0]?.trim().toLowerCase() ?? 'ru'
  return /^(ru|uk|be|kk)\b/.test(first) ? 'ru' : 'en'
}
