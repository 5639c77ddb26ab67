import type { RequestPlatform } from '../request.ts'
import { readMe, type TwitchUser } from './wire.ts'

/** What Chatfolk asks of Twitch's API. */
export interface Helix {
  /** The person a user token belongs to. @throws AppError as {@link RequestPlatform} does. */
  me(accessToken: string, signal?: AbortSignal): Promise<TwitchUser>
}

export interface HelixOptions {
  /** `https://api.twitch.tv/helix` */
  apiUrl: string
  /** Must be the application that the tokens belong to. */
  clientId: string
  request: RequestPlatform
}

export function createHelix({ apiUrl, clientId, request }: HelixOptions): Helix {
  return {
    me: (accessToken, signal) =>
      request({
        platform: 'twitch',
        endpoint: 'users',
        url: `${apiUrl}/users`,
        headers: { authorization: `Bearer ${accessToken}`, 'client-id': clientId },
        signal,
        read: readMe,
      }),
  }
}
