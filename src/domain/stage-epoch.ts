/*
 * Overlays compare epochs: numbers of frames count within one. A channel's epochs only grow, and no two owners ever number
 * under the same one: whoever runs the channel's bot has the epoch of its claim, which nobody else gets. A node that shows
 * a channel without a bot has one between the last claim and the next; it grows with each start of the node, so that
 * frames of an earlier life are never taken for this one's.
 */

/** Seconds since 1970 stay below this until 2106; 2 ** 21 claims of one channel are left within safe integers. */
const STARTS = 2 ** 32

/** Of the stage that the owner of the channel's bot numbers. `claim`: the epoch of the assignment. */
export const epochOfClaim = (claim: number): number => claim * STARTS

/** Of a stage without a bot, on a node that started at `startedAt` (milliseconds). `claim`: the last that is known. */
export const epochOfNode = (claim: number, startedAt: number): number =>
  claim * STARTS + (Math.floor(startedAt / 1_000) % STARTS)

export const claimOf = (epoch: number): number => Math.floor(epoch / STARTS)
