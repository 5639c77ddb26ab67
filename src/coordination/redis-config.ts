import type { ConnectionOptions } from 'node:tls'

export interface RedisAddress {
  host: string
  port: number
}

interface Access {
  username: string | null
  password: string | null
  db: number
  /** `null`: in the clear. Certificates are always verified; options say against what. */
  tls: Pick<ConnectionOptions, 'ca'> | null
}

/** Where Redis is, in one of the three ways in which it is run. */
export type RedisConfig = Access &
  (
    | { kind: 'single'; address: RedisAddress }
    | { kind: 'sentinel'; sentinels: RedisAddress[]; name: string }
    | { kind: 'cluster'; nodes: RedisAddress[] }
  )

/** For logs: where, without any secret. */
export function describeRedis(config: RedisConfig): string {
  const list = (addresses: RedisAddress[]) => addresses.map(({ host, port }) => `${host}:${port}`).join(', ')
  if (config.kind === 'single') return list([config.address])
  if (config.kind === 'sentinel') return `${config.name} of the Sentinels ${list(config.sentinels)}`
  return `the cluster of ${list(config.nodes)}`
}
