import type { Logger } from '../base/logger.ts'
import type { Channels } from '../persistence/channels.ts'

/** After a change of SECRET_KEYS: once all are sealed anew the older keys are needed no more. Never rejects. */
export async function resealOverlayKeys(channels: Pick<Channels, 'resealOverlayKeys'>, logger: Logger): Promise<void> {
  try {
    const { resealed, unreadable } = await channels.resealOverlayKeys()
    if (resealed > 0) logger.info({ resealed }, 'overlay keys were sealed with the new secret key')
    if (unreadable > 0) {
      logger.error(
        { unreadable },
        'overlay keys cannot be opened: add the key they were sealed with to SECRET_KEYS, which must be the same on all nodes',
      )
    }
  } catch (error) {
    logger.error({ err: error }, 'overlay keys could not be sealed anew')
  }
}
