import { z } from 'zod'
import { STREAM_STATES } from '../app/donations/donation-stream-status.ts'
import { CHAT_COMMANDS, COMMAND_PERMISSIONS } from '../domain/chat-command.ts'
import { botReply } from './bot-replies.ts'

/**
 * What the channel's routes answer, for the description at `/api/openapi.json` and for the answers themselves: what
 * stands nowhere here is not sent.
 */
const instant = z.iso.datetime()
const count = z.int().min(0)

const settings = z.object({
  locale: z.enum(['ru', 'en']),
  alerts: z.object({
    durationS: z.number(),
    sound: z.boolean(),
    volume: z.number(),
    maxAgeMinutes: z.number().nullable(),
    hideLinks: z.boolean(),
    blockedWords: z.array(z.string()),
  }),
  chat: z.object({
    joinByTalking: z.boolean(),
    inactivityS: count,
    crowdLimit: count,
    bubbles: z.boolean(),
    ignored: z.array(z.string()),
    commands: z.record(
      z.enum(CHAT_COMMANDS),
      z.object({
        enabled: z.boolean(),
        words: z.array(z.string()),
        cooldownS: count,
        permission: z.enum(COMMAND_PERMISSIONS),
      }),
    ),
  }),
})

const problem = z.object({ code: z.string(), at: instant })

export const channelReply = z.object({
  id: z.uuid(),
  login: z.string(),
  overlayUrl: z.string(),
  bot: botReply,
  donations: z.object({
    configured: z.boolean(),
    state: z.enum(STREAM_STATES),
    account: z.string().nullable(),
    lastDonationAt: instant.nullable(),
    lastError: problem.nullable(),
    backoffUntil: instant.nullable(),
  }),
  overlays: z.array(
    z.object({
      instance: z.string(),
      visible: z.boolean(),
      active: z.boolean(),
      fps: z.number().nullable(),
      tier: z.string().nullable(),
      since: instant,
      role: z.enum(['primary', 'mirror']),
      obs: z.boolean(),
      preview: z.boolean(),
    }),
  ),
  overlayLastSeenAt: instant.nullable(),
  settings,
  settingsRev: count,
  alerts: z.object({
    paused: z.boolean(),
    queued: count,
    current: z
      .object({
        id: z.uuid(),
        donor: z.string().nullable(),
        amount: z.string(),
        currency: z.string(),
        test: z.boolean(),
        state: z.enum(['offered', 'started']),
        startedAt: instant.nullable(),
      })
      .nullable(),
  }),
  demo: z.boolean(),
})
export type ChannelReply = z.infer<typeof channelReply>

export const settingsReply = z.object({ settings, settingsRev: count })
export const queueReply = z.object({ paused: z.boolean(), queued: count })
export const overlayUrlReply = z.object({ overlayUrl: z.string() })
export const testReply = z.object({ donationId: z.uuid(), alertId: z.uuid().nullable() })
/** What came of a test message; `reply` is what the bot would have said. */
export const testChatReply = z.object({
  messageId: z.string(),
  reply: z.string().nullable(),
  joined: z.boolean(),
  onStage: z.boolean(),
  understood: z.object({
    command: z.enum(CHAT_COMMANDS).nullable(),
    reaction: z.enum(['wave', 'laugh', 'sign']).nullable(),
    permitted: z.boolean(),
    ignored: z.boolean(),
  }),
})
export const replayReply = z.object({ alertId: z.uuid() })

export const ledgerReply = z.object({
  items: z.array(
    z.object({
      id: z.uuid(),
      alertId: z.uuid().nullable(),
      provider: z.enum(['donationalerts', 'test']),
      source: z.enum(['push', 'recovery', 'sweep']),
      donor: z.string().nullable(),
      /** The character that came out with it. */
      seed: z.number(),
      amount: z.string(),
      currency: z.string(),
      message: z.string(),
      messageKind: z.enum(['text', 'audio']),
      test: z.boolean(),
      history: z.boolean(),
      replay: z.boolean(),
      state: z.enum(['queued', 'offered', 'started', 'shown', 'skipped', 'missed', 'interrupted', 'history']),
      made: instant,
      received: instant,
      queued: instant.nullable(),
      offered: instant.nullable(),
      started: instant.nullable(),
      shown: instant.nullable(),
      skipped: instant.nullable(),
      missed: instant.nullable(),
      interrupted: instant.nullable(),
      overlay: z.string().nullable(),
    }),
  ),
  next: z.string().nullable(),
  totals: z.array(z.object({ currency: z.string(), amount: z.string(), count })),
})
export type LedgerReply = z.infer<typeof ledgerReply>
