/**
 * What a node may be set to do: serve people and overlays, run chat bots, watch donations.
 * Every node also tells of its health and answers operators.
 */
export const NODE_ROLES = ['web', 'bots', 'donations'] as const
export type NodeRole = (typeof NODE_ROLES)[number]
