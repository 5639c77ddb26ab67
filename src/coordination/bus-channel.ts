/**
 * Topics as channels of Redis. In a cluster a channel lives where its slot does, and one command may name channels of one
 * slot only: so topics share a few slots, by a hash tag, instead of having one each.
 */
export const SHARDS = 64

const PREFIX = 'chatfolk:'
const CHANNEL = /^chatfolk:\{(\d+)\}:(.+)$/s

export function channelOf(topic: string): string {
  // FNV-1a: the same on every node, and spread well enough over so few.
  let hash = 0x81_1c_9d_c5
  for (let at = 0; at < topic.length; at++) hash = Math.imul(hash ^ topic.charCodeAt(at), 0x01_00_01_93)
  return `${PREFIX}{${(hash >>> 0) % SHARDS}}:${topic}`
}

export function topicOf(channel: string): string | null {
  return CHANNEL.exec(channel)?.[2] ?? null
}

export function shardOf(channel: string): number {
  return Number(CHANNEL.exec(channel)?.[1])
}

/** Where a cluster keeps a shard: CRC-16/XMODEM of the hash tag, as its specification says. */
export function slotOfShard(shard: number): number {
  let crc = 0
  for (const byte of Buffer.from(String(shard))) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80_00 ? (crc << 1) ^ 0x10_21 : crc << 1
    crc &= 0xff_ff
  }
  return crc % 16_384
}
