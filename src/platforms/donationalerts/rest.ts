import { AppError } from '../../base/errors.ts'
import type { DonationSource } from '../donation-source.ts'
import type { RequestPlatform } from '../request.ts'
import { readDonationsPage, readProfile, readSignReply } from './rest-wire.ts'
import { donationsChannel } from './socket-wire.ts'

export interface DonationAlertsRestOptions {
  /** `https://www.donationalerts.com` */
  url: string
  request: RequestPlatform
}

/** The three calls that Chatfolk makes. 60 a minute and application are all there is: callers pay from a budget. */
export function createDonationAlertsRest({
  url,
  request,
}: DonationAlertsRestOptions): Omit<DonationSource, 'openSocket'> {
  const platform = 'donationalerts'
  const bearer = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` })

  return {
    profile: (accessToken, signal) =>
      request({
        platform,
        endpoint: 'user',
        url: `${url}/api/v1/user/oauth`,
        headers: bearer(accessToken),
        signal,
        read: readProfile,
      }),

    donationsPage: ({ accessToken, accountId, page, signal }) =>
      request({
        platform,
        endpoint: 'donations',
        url: `${url}/api/v1/alerts/donations?page=${page}`,
        headers: bearer(accessToken),
        signal,
        read: (body) => readDonationsPage(body, { accountId, page }),
      }),

    async signSubscription({ accessToken, accountId, client, signal }) {
      const channel = donationsChannel(accountId)
      const reply = await request({
        platform,
        endpoint: 'subscribe',
        url: `${url}/api/v1/centrifuge/subscribe`,
        method: 'POST',
        headers: bearer(accessToken),
        body: { json: { channels: [channel], client } },
        signal,
        read: (body) => readSignReply(body, channel),
      })
      // A 200 without our channel is how the platform says that this token may not listen to it.
      if (!reply.signed) throw new AppError('missing-scope', { platform, endpoint: 'subscribe', reason: 'not-signed' })
      return reply.token
    },
  }
}
