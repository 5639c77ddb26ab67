import type { NodeRole } from './node-role.ts'

/**
 * What can be somebody's: a shard of the conduit, a channel's bot, a channel's donation stream and, where wished, its
 * second socket. In the order in which they are taken and handed over: without a shard no bot hears anything.
 */
export const ASSIGNMENT_KINDS = ['shard', 'bot', 'donations', 'donations-standby'] as const
export type AssignmentKind = (typeof ASSIGNMENT_KINDS)[number]

/** What a node must be set to do to be given assignments of a kind. */
export const ROLE_FOR: Record<AssignmentKind, NodeRole> = {
  shard: 'bots',
  bot: 'bots',
  donations: 'donations',
  'donations-standby': 'donations',
}

/** Two sockets of one channel on one node would fall together. */
export const APART_FROM: Partial<Record<AssignmentKind, AssignmentKind>> = {
  donations: 'donations-standby',
  'donations-standby': 'donations',
}
