import { z } from 'zod'
import { CHAT_COMMANDS, COMMAND_PERMISSIONS, isCommandWord, type ChatCommand } from '../domain/chat-command.ts'
import { plainLogin } from '../domain/ignore-list.ts'
import { SETTING_LIMITS } from '../domain/settings.ts'

const { durationS, volume, maxAgeMinutes, blockedWords } = SETTING_LIMITS
const { inactivityS, crowdLimit, ignored, commandWords, cooldownS } = SETTING_LIMITS

const word = z
  .string()
  .trim()
  .min(1)
  .max(blockedWords.length)
  // The database's text cannot hold either, and no donor can write them.
  .refine((text) => text.isWellFormed() && !text.includes('\u0000'), 'must be readable text')

/** Kept as Twitch writes logins, however the streamer wrote it: by these the list is compared and shown. */
const login = z
  .string()
  .overwrite(plainLogin)
  .max(ignored.length)
  .regex(/^[a-z0-9_]+$/, 'must be a login: Latin letters, digits and underscores')

/** Any word may call a command, also one without a sign, as long as it can be seen and Twitch lets it through. */
const commandWord = z
  .string()
  .trim()
  .max(commandWords.length)
  .refine(
    (text) => text.isWellFormed() && !text.includes('\u0000') && isCommandWord(text),
    'must be one readable word that does not begin with a slash, a dot or an at sign',
  )

const command = z.strictObject({
  enabled: z.boolean().optional(),
  // A command that is off keeps its words: it is switched on again with one click.
  words: z.array(commandWord).min(1).max(commandWords.count).optional(),
  cooldownS: z.int().min(cooldownS.min).max(cooldownS.max).optional(),
  permission: z.enum(COMMAND_PERMISSIONS).optional(),
})

const chat = z.strictObject({
  joinByTalking: z.boolean().optional(),
  inactivityS: z.int().min(inactivityS.min).max(inactivityS.max).optional(),
  crowdLimit: z.int().min(crowdLimit.min).max(crowdLimit.max).optional(),
  bubbles: z.boolean().optional(),
  ignored: z.array(login).max(ignored.count).optional(),
  commands: z.strictObject(eachCommand(command.optional())).optional(),
})

/** A change to some settings. Unknown names are refused: a typing error must not look like a saved setting. */
export const settingsPatchSchema = z.strictObject({
  locale: z.enum(['ru', 'en']).optional(),
  alerts: z
    .strictObject({
      durationS: z.number().min(durationS.min).max(durationS.max).optional(),
      sound: z.boolean().optional(),
      volume: z.int().min(volume.min).max(volume.max).optional(),
      maxAgeMinutes: z.int().min(maxAgeMinutes.min).max(maxAgeMinutes.max).nullable().optional(),
      hideLinks: z.boolean().optional(),
      blockedWords: z.array(word).max(blockedWords.count).optional(),
    })
    .optional(),
  chat: chat.optional(),
})

function eachCommand<Schema>(schema: Schema): Record<ChatCommand, Schema> {
  return Object.fromEntries(CHAT_COMMANDS.map((name) => [name, schema])) as Record<ChatCommand, Schema>
}
