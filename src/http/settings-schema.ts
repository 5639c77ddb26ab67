import { z } from 'zod'
import { SETTING_LIMITS } from '../domain/settings.ts'

const { durationS, volume, maxAgeMinutes, blockedWords } = SETTING_LIMITS

const word = z
  .string()
  .trim()
  .min(1)
  .max(blockedWords.length)
  // The database's text cannot hold either, and no donor can write them.
  .refine((text) => text.isWellFormed() && !text.includes('\u0000'), 'must be readable text')

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
})
