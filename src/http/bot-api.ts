import { z } from 'zod'
import type { ControlBots } from '../app/bots/control-bots.ts'
import { streamerOf } from './access.ts'
import type { Routes } from './app.ts'
import { botReply, readFigures, toBotReply, type BotReply, type ChatFigures } from './bot-replies.ts'

export interface DescribeBotOptions {
  bots: Pick<ControlBots, 'status'>
  /** What the bot did, where it runs on this very node. */
  chatFigures: (channelId: string) => ChatFigures | undefined
}

export type DescribeBot = (channelId: string) => Promise<BotReply>

/** A channel's bot with what it does there, for its streamer. */
export function createDescribeBot({ bots, chatFigures }: DescribeBotOptions): DescribeBot {
  return async (channelId) => {
    const status = await bots.status(channelId)
    return toBotReply(status, chatFigures(channelId) ?? readFigures(status.figures))
  }
}

export interface BotApiOptions {
  bots: Pick<ControlBots, 'setDesired'>
  describeBot: DescribeBot
}

/** The switch of a streamer's own bot. */
export function botApiRoutes({ bots, describeBot }: BotApiOptions): Routes {
  return (app) => {
    app.post(
      '/api/channel/bot',
      {
        config: { access: 'streamer' },
        schema: {
          summary: 'Turn my bot on or off; on again while it waits, it tries at once',
          body: z.strictObject({ enabled: z.boolean() }),
          response: { 200: botReply },
        },
      },
      async (request) => {
        const { channelId } = streamerOf(request)
        await bots.setDesired(channelId, request.body.enabled)
        return describeBot(channelId)
      },
    )
  }
}
