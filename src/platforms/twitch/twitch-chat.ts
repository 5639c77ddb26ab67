import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { ChatPlatform } from '../chat.ts'
import type { OAuthApplication } from '../oauth-provider.ts'
import type { RequestPlatform } from '../request.ts'
import { createAppToken } from './app-token.ts'
import { openChatStream } from './chat-stream.ts'
import { createConduitApi } from './conduit-api.ts'
import { createHelixBudget } from './helix-budget.ts'
import { createHelixCall } from './helix-call.ts'
import { createSendChat } from './send-chat.ts'
import { createSubscriptionApi } from './subscription-api.ts'

/**
 * With a shard on each of two, Twitch tries the events of a lost session once more on the other one, and none is lost
 * (facts §6.3). A node that has more shards than that lets them share.
 */
const CONNECTIONS = 2

export interface TwitchChatOptions extends OAuthApplication {
  /** `https://id.twitch.tv/oauth2` */
  authUrl: string
  /** `https://api.twitch.tv/helix` */
  apiUrl: string
  /** `wss://eventsub.wss.twitch.tv/ws` */
  eventSubUrl: string
  /** Connections of this node at most. */
  connections?: number
  request: RequestPlatform
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Pick<Metrics, 'chatMessages' | 'chatConnections'>
}

/** Twitch's chat: an EventSub conduit in, Send Chat Message out, all in the application's own name (facts §1). */
export function createTwitchChat(options: TwitchChatOptions): ChatPlatform {
  const { clientId, clientSecret, clock, connections = CONNECTIONS } = options
  const logger = options.logger.child({ platform: 'twitch' })
  const token = createAppToken({ ...options, application: { clientId, clientSecret } })
  const call = createHelixCall({ ...options, token, budget: createHelixBudget({ clock }) })
  const callChat = createHelixCall({ ...options, token, budget: createHelixBudget({ clock }) })
  const conduits = createConduitApi(call)
  const subscriptions = createSubscriptionApi(call)
  return {
    open: (streamOptions) =>
      openChatStream({ ...options, connections, logger, conduits, subscriptions }, streamOptions),
    send: createSendChat(callChat),
  }
}
