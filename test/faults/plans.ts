import { killNode, pauseNode, redeployNode } from './node-faults.ts'
import { partitionNode } from './network-faults.ts'
import type { Performance } from './perform.ts'
import type { Fault } from './scene.ts'
import {
  disorder,
  errorStorm,
  halfOpenChat,
  halfOpenDonations,
  killTokens,
  loseAllShards,
  reloadOverlay,
} from './platform-faults.ts'
import { failRedisOver, flushRedis, killRedis, restartPostgres } from './store-faults.ts'

const EVERYTHING = 'web,bots,donations'

type Plan = Omit<Performance, 'seed' | 'say'>

/** What CI has time for: three nodes, each with all roles. */
export const SHORT: Plan = {
  roles: [EVERYTHING, EVERYTHING, EVERYTHING],
  channels: 50,
  // Real minutes of 60 requests, and few who share one: signing everybody in is no part of what is measured.
  applications: 25,
  rateWindowMs: 60_000,
  mirrors: 5,
  commandsPerSecond: 8,
  donationsPerSecond: 4,
  plot: {
    inTurn: [
      failRedisOver(),
      killRedis(3_000),
      // Two of three are lost at once, and the third does it all.
      {
        together: [
          killNode('node-1', { supervised: false }),
          pauseNode('node-2', 15_000),
          reloadOverlay('s1'),
          disorder(['s2', 's3']),
          killTokens(2, { on: 'node-3' }),
        ],
      },
      {
        together: [
          flushRedis(),
          { inTurn: [restartPostgres(2_000), redeployNode('node-3'), killNode('node-1', { supervised: true })] },
        ],
      },
    ],
  },
  forMs: 100_000,
  expected: { donations: 150, commands: 500, messages: 2_000, frames: 2_000, restarts: 3, refreshes: 2 },
}

/** By hand: everything, one after another, with roles apart and one application for all. */
export const LONG: Plan = {
  ...SHORT,
  // As with most operators many share one: what asks more than it must shows itself.
  applications: 3,
  plot: { inTurn: [] },
  forMs: 1_200_000,
  expected: { donations: 600, commands: 2_000, messages: 10_000, frames: 10_000, restarts: 5, refreshes: 4 },
}

/** Roles of so many nodes, for the long form. */
export function rolesOf(nodes: number): string[] {
  if (nodes < 5) return Array.from({ length: nodes }, () => EVERYTHING)
  return [
    'web',
    'web',
    'donations',
    ...Array.from({ length: nodes - 3 }, (_, index) => (index === 0 ? 'bots,donations' : 'bots')),
  ]
}

/** Every fault there is, by the name that `--only` takes. */
export function allFaults(nodes: number): Record<string, Fault[]> {
  const [one, two, three] = nodes < 5 ? ['node-1', 'node-2', 'node-3'] : ['node-4', 'node-5', 'node-4']
  return {
    kill: [killNode(one, { supervised: false })],
    restart: [killNode(two, { supervised: true })],
    'stop-5': [pauseNode(three, 5_000)],
    'stop-15': [pauseNode(one, 15_000)],
    'stop-40': [pauseNode(two, 40_000)],
    deploy: Array.from({ length: nodes }, (_, index) => redeployNode(`node-${index + 1}`)),
    redis: [killRedis(10_000)],
    failover: [failRedisOver()],
    flush: [flushRedis()],
    postgres: [restartPostgres(5_000)],
    'half-open-chat': [halfOpenChat()],
    'half-open-donations': [halfOpenDonations()],
    'storm-429': [errorStorm('da', '429', 10_000), errorStorm('twitch', '429', 10_000)],
    'storm-5xx': [errorStorm('da', '502', 10_000), errorStorm('twitch', '500', 10_000)],
    disorder: [disorder(['s2', 's3', 's4'])],
    tokens: [killTokens(4)],
    reload: [reloadOverlay('s1')],
    shards: [loseAllShards()],
    'no-redis-for-one': [partitionNode(one, 'redis', 'blackhole', 20_000)],
    'no-postgres-for-one': [partitionNode(two, 'postgres', 'blackhole', 20_000)],
    'postgres-refused-for-one': [partitionNode(three, 'postgres', 'cut', 20_000)],
  }
}
