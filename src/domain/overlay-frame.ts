import type { OverlayEvent, OverlayEvents } from './overlay-protocol.ts'

/** Where an overlay's stream stands: `seq` counts the frames that change the stage, within an epoch. */
export interface FrameId {
  epoch: number
  seq: number
}

/** One server-sent event of the overlay protocol. JSON has no raw line breaks, so `data` is always one line. */
export function encodeFrame<Type extends OverlayEvent>(
  id: FrameId,
  type: Type,
  at: number,
  d: OverlayEvents[Type],
): string {
  return `id: ${id.epoch}-${id.seq}\nevent: ${type}\ndata: ${JSON.stringify({ v: 1, at, d })}\n\n`
}
