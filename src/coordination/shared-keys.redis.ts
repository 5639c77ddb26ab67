import type { RedisCommander } from 'ioredis'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { reasonOf } from './redis-client.redis.ts'
import type { SharedKeys } from './shared-keys.ts'

const PREFIX = 'chatfolk:'

/** Whoever asks has another way, and takes it rather than wait. */
const ANSWER_WITHIN_MS = 1_500

/** KEYS: the key. ARGV: what its value must begin with. Returns 1 where it was deleted, else 0. */
const DELETE_IF = `
  local value = redis.call('get', KEYS[1])
  if value and string.sub(value, 1, #ARGV[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
  return 0`

/** KEYS: the hash. ARGV: its life in milliseconds, then field and value by turns. A hash never stays without an end. */
const SET_FIELDS = `
  for at = 2, #ARGV, 2 do redis.call('hset', KEYS[1], ARGV[at], ARGV[at + 1]) end
  return redis.call('pexpire', KEYS[1], ARGV[1])`

export interface RedisKeysOptions {
  client(): RedisCommander
  isUp(): boolean
  clock: Pick<Clock, 'after'>
}

/** All commands of a call go out together, each to where its key lives. */
export function createRedisKeys({ client, isUp, clock }: RedisKeysOptions): SharedKeys {
  async function ask<T>(send: (redis: RedisCommander) => Array<Promise<T>>): Promise<T[]> {
    if (!isUp()) throw new AppError('unavailable', { message: 'Redis is away' })
    let cancel = () => {}
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(ANSWER_WITHIN_MS, () =>
        reject(new AppError('unavailable', { message: 'Redis did not answer in time' })),
      )
    })
    try {
      return await Promise.race([Promise.all(send(client())), late])
    } catch (error) {
      // Without its cause, which carries the command with its values.
      throw error instanceof AppError ? error : new AppError('unavailable', { message: `Redis: ${reasonOf(error)}` })
    } finally {
      cancel()
    }
  }

  return {
    async setIfAbsent(key, value, ttlMs) {
      const [answer] = await ask((redis) => [redis.set(PREFIX + key, value, 'PX', whole(ttlMs), 'NX')])
      return answer === 'OK'
    },
    async set(entries) {
      await ask((redis) => entries.map(({ key, value, ttlMs }) => redis.set(PREFIX + key, value, 'PX', whole(ttlMs))))
    },
    get: (keys) => ask((redis) => keys.map((key) => redis.get(PREFIX + key))),
    async deleteIf(entries) {
      const deleted = await ask((redis) =>
        entries.map(({ key, prefix }) => redis.eval(DELETE_IF, 1, PREFIX + key, prefix)),
      )
      return deleted.filter((one) => one === 1).length
    },
    async setFields(entries) {
      const hashes = Map.groupBy(entries, ({ key }) => key)
      await ask((redis) =>
        [...hashes].map(([key, fields]) =>
          redis.eval(
            SET_FIELDS,
            1,
            PREFIX + key,
            whole(fields.at(-1)?.ttlMs ?? 1),
            ...fields.flatMap(({ field, value }) => [field, value]),
          ),
        ),
      )
    },
    async dropFields(entries) {
      const hashes = Map.groupBy(entries, ({ key }) => key)
      await ask((redis) =>
        [...hashes].map(([key, fields]) => redis.hdel(PREFIX + key, ...fields.map(({ field }) => field))),
      )
    },
    async fields(keys) {
      const hashes = await ask((redis) => keys.map((key) => redis.hgetall(PREFIX + key)))
      return hashes.map((hash) => new Map(Object.entries(hash)))
    },
    isUp,
  }
}

/** Redis takes no fractions, and nothing that ends before it began. */
const whole = (ttlMs: number) => Math.max(1, Math.ceil(ttlMs))
