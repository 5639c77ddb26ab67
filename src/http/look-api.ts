import { z } from 'zod'
import { LOOK_PARTS, lookFromSeed, seedFromText, type AvatarLook } from '../domain/avatar-look.ts'
import type { Looks } from '../persistence/looks.ts'
import { callerOf } from './access.ts'
import type { Routes } from './app.ts'

export interface LookApiOptions {
  looks: Looks
  /** A person dressed anew; `null`: they went back to the look that is theirs by birth. By their id at Twitch. */
  onLookChanged: (twitchUserId: string, look: AvatarLook | null) => void
}

const look = z.strictObject({
  head: z.enum(LOOK_PARTS.head),
  skin: z.enum(LOOK_PARTS.skin),
  hair: z.enum(LOOK_PARTS.hair),
  hairColor: z.enum(LOOK_PARTS.hairColor),
  eye: z.enum(LOOK_PARTS.eye),
  ears: z.enum(LOOK_PARTS.ears),
  hat: z.enum(LOOK_PARTS.hat),
  top: z.enum(LOOK_PARTS.top),
  topColor: z.enum(LOOK_PARTS.topColor),
  bottom: z.enum(LOOK_PARTS.bottom),
  bottomColor: z.enum(LOOK_PARTS.bottomColor),
  shoe: z.enum(LOOK_PARTS.shoe),
  accent: z.enum(LOOK_PARTS.accent),
  glasses: z.enum(LOOK_PARTS.glasses),
  beard: z.enum(LOOK_PARTS.beard),
}) satisfies z.ZodType<AvatarLook>

const lookReply = z.object({
  look,
  /** What the look comes from where none was chosen. */
  seed: z.number(),
  /** Chosen by this person. */
  own: z.boolean(),
})
type LookReply = z.infer<typeof lookReply>

/** A viewer's own character, the same in all channels. */
export function lookApiRoutes({ looks, onLookChanged }: LookApiOptions): Routes {
  return (app) => {
    app.get(
      '/api/me/look',
      { config: { access: 'session' }, schema: { summary: 'What I look like', response: { 200: lookReply } } },
      async (request) => {
        const { twitchUserId } = callerOf(request)
        return describe(twitchUserId, (await looks.of([twitchUserId])).get(twitchUserId))
      },
    )

    app.put(
      '/api/me/look',
      {
        config: { access: 'session' },
        schema: { summary: 'Dress me', body: z.strictObject({ look }), response: { 200: lookReply } },
      },
      async (request) => {
        const { twitchUserId } = callerOf(request)
        const chosen = request.body.look
        await looks.set(twitchUserId, chosen)
        onLookChanged(twitchUserId, chosen)
        return describe(twitchUserId, chosen)
      },
    )

    app.delete(
      '/api/me/look',
      { config: { access: 'session' }, schema: { summary: 'Forget what I chose', response: { 200: lookReply } } },
      async (request) => {
        const { twitchUserId } = callerOf(request)
        if (await looks.remove(twitchUserId)) onLookChanged(twitchUserId, null)
        return describe(twitchUserId, undefined)
      },
    )
  }
}

function describe(twitchUserId: string, chosen: AvatarLook | undefined): LookReply {
  const seed = seedFromText(twitchUserId)
  return { look: chosen ?? lookFromSeed(seed), seed, own: chosen !== undefined }
}
