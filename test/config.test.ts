import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { StartError } from '../src/base/errors.ts'
import { readConfig } from '../src/config.ts'

const KEY = Buffer.alloc(32, 1).toString('base64')

function dataDir(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'chatfolk-config-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'data')
}

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
  } catch (error) {
    assert.ok(error instanceof StartError)
    assert.equal(error.exitCode, 78)
    return error.lines
  }
  return []
}

test('nothing set is demo mode on this machine alone, with a key of its own that stays', (t) => {
  const DATA_DIR = dataDir(t)
  const config = readConfig({ DATA_DIR })
  assert.equal(config.demo, true)
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.baseUrl, 'http://localhost:3000')
  assert.equal(config.secure, false)
  assert.equal(config.databaseUrl, null)
  assert.equal(config.twitch.eventSubUrl, 'wss://eventsub.wss.twitch.tv/ws')
  assert.equal(config.twitch.botUserId, null)
  assert.equal(config.twitch.messagesPer30S, null)
  assert.equal(config.secretKeys[0]?.length, 32)
  assert.deepEqual(readConfig({ DATA_DIR }).secretKeys, config.secretKeys)
  assert.equal(statSync(join(DATA_DIR, 'secret-keys')).mode & 0o777, 0o600)
  assert.equal(statSync(DATA_DIR).mode & 0o777, 0o700)
  assert.equal(readFileSync(join(DATA_DIR, 'secret-keys'), 'utf8').trim().length, 44)
})

test('an operator’s settings are taken as they are', () => {
  const config = readConfig({
    BASE_URL: 'https://chatfolk.example/',
    DATABASE_URL: 'postgres://u:p@db/chatfolk',
    SECRET_KEYS: `${KEY}, ${KEY}`,
    TWITCH_CLIENT_ID: 'id',
    TWITCH_CLIENT_SECRET: 'secret',
    TWITCH_EVENTSUB_URL: 'ws://127.0.0.1:4000/ws',
    TWITCH_BOT_USER_ID: '900100',
    DONATIONALERTS_CLIENT_ID: '1',
    DONATIONALERTS_CLIENT_SECRET: 'a',
    DONATIONALERTS_APPS: '2:b, 3:c',
    TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8',
    LOG_PRETTY: 'off',
  })
  assert.equal(config.baseUrl, 'https://chatfolk.example')
  assert.equal(config.host, '0.0.0.0')
  assert.equal(config.secure, true)
  assert.equal(config.secretKeys.length, 2)
  assert.deepEqual(
    config.donationAlerts.applications.map(({ clientId }) => clientId),
    ['1', '2', '3'],
  )
  assert.deepEqual(config.trustedProxies, ['127.0.0.1', '10.0.0.0/8'])
  assert.equal(config.twitch.eventSubUrl, 'ws://127.0.0.1:4000/ws')
  assert.equal(config.twitch.botUserId, '900100')
})

test('each wrong value is told in a line of its own: the variable, what was found, what is expected', () => {
  const lines = faultsOf({
    PORT: 'abc',
    BASE_URL: 'ftp://x',
    DATABASE_URL: 'mysql://root:hunter2@db/x',
    SECRET_KEYS: `${KEY},c2hvcnQ=`,
    ADMIN_TOKEN: 'hunter2',
    TWITCH_CLIENT_ID: 'id',
    TWITCH_EVENTSUB_URL: 'https://x',
    TWITCH_BOT_USER_ID: 'a_login',
    DONATIONALERTS_CLIENT_ID: '1',
    DONATIONALERTS_APPS: 'hunter2',
    TRUSTED_PROXIES: 'my-proxy',
    LOG_LEVEL: 'loud',
    LOG_PRETTY: 'maybe',
    NODE_ID: 'a b',
  })
  const variables = [
    'PORT',
    'BASE_URL',
    'DATABASE_URL',
    'SECRET_KEYS',
    'ADMIN_TOKEN',
    'TWITCH_CLIENT_SECRET',
    'TWITCH_EVENTSUB_URL',
    'TWITCH_BOT_USER_ID',
    'DONATIONALERTS_CLIENT_SECRET',
    'DONATIONALERTS_APPS',
    'TRUSTED_PROXIES',
    'LOG_LEVEL',
    'LOG_PRETTY',
    'NODE_ID',
  ]
  for (const variable of variables)
    assert.equal(lines.filter((line) => line.startsWith(variable)).length, 1, `${variable}\n${lines.join('\n')}`)
  assert.equal(lines.length, variables.length)
  for (const line of lines) assert.match(line, /expected/)
  assert.ok(!lines.join('\n').includes('hunter2'), 'secrets are masked')
})

test('a server of one’s own needs keys of one’s own', () => {
  assert.match(faultsOf({ DATABASE_URL: 'postgres://db/x' }).join('\n'), /^SECRET_KEYS is missing/)
})

test('a base address with a path is refused', () => {
  assert.match(
    faultsOf({ BASE_URL: 'https://x.example/chatfolk', DATABASE_URL: 'postgres://db/x', SECRET_KEYS: KEY }).join('\n'),
    /BASE_URL.*without a path/,
  )
})

test('no value of any variable crashes the reading or is repeated where it is secret', () => {
  const names = [
    'PORT',
    'BASE_URL',
    'DATABASE_URL',
    'SECRET_KEYS',
    'ADMIN_TOKEN',
    'TWITCH_CLIENT_ID',
    'DONATIONALERTS_APPS',
    'TRUSTED_PROXIES',
    'NODE_ID',
    'TWITCH_AUTH_URL',
    'REDIS_URL',
    'REDIS_SENTINELS',
    'REDIS_CLUSTER',
    'ROLES',
  ]
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), fc.string({ unit: 'binary', maxLength: 80 })), (env) => {
      // A wrong port keeps every one of these from touching the disk.
      const lines = faultsOf({ ...env, PORT: 'x' })
      assert.ok(lines.length > 0)
      const token = env['ADMIN_TOKEN']?.trim() ?? ''
      if (token.length > 12) assert.ok(!lines.join('\n').includes(token))
    }),
  )
})

test('an address is an origin as browsers say it, however it was written', (t) => {
  const read = (BASE_URL: string) => readConfig({ DATA_DIR: dataDir(t), BASE_URL })
  assert.equal(read('HTTPS://Chat.Example:443').baseUrl, 'https://chat.example')
  assert.equal(read('HTTPS://Chat.Example:443').secure, true)
  for (const wrong of ['https://chat.example/app', 'https://chat.example?x', 'https://me:secret@chat.example'])
    assert.throws(() => read(wrong), StartError, wrong)
})

test('half a Twitch application is no demo', () => {
  assert.match(faultsOf({ TWITCH_CLIENT_SECRET: 'secret' }).join(), /TWITCH_CLIENT_ID is missing/)
  assert.match(faultsOf({ TWITCH_CLIENT_ID: 'id', TWITCH_CLIENT_SECRET: ' \n' }).join(), /TWITCH_CLIENT_SECRET/)
})

/** What a node of a cluster has, whatever else is asked. */
const NODE = { DATABASE_URL: 'postgres://db/x', SECRET_KEYS: KEY }

test('Redis is none, one server, Sentinels or a cluster, and one address says how to sign in', (t) => {
  const redisOf = (env: Record<string, string>) => readConfig({ DATA_DIR: dataDir(t), ...env }).redis
  assert.equal(redisOf({}), null)
  assert.deepEqual(redisOf({ REDIS_URL: 'redis://r.example' }), {
    kind: 'single',
    address: { host: 'r.example', port: 6379 },
    username: null,
    password: null,
    db: 0,
    tls: null,
  })
  assert.deepEqual(redisOf({ REDIS_URL: 'rediss://me:p%40ss@[::1]:6380/3' }), {
    kind: 'single',
    address: { host: '::1', port: 6380 },
    username: 'me',
    password: 'p@ss',
    db: 3,
    tls: {},
  })
  assert.deepEqual(
    redisOf({ REDIS_SENTINELS: 's1, s2:5000', REDIS_SENTINEL_NAME: 'main', REDIS_URL: 'rediss://:secret@unused/1' }),
    {
      kind: 'sentinel',
      sentinels: [
        { host: 's1', port: 26379 },
        { host: 's2', port: 5000 },
      ],
      name: 'main',
      username: null,
      password: 'secret',
      db: 1,
      tls: {},
    },
  )
  assert.deepEqual(redisOf({ REDIS_CLUSTER: 'c1:7000,c2' }), {
    kind: 'cluster',
    nodes: [
      { host: 'c1', port: 7000 },
      { host: 'c2', port: 6379 },
    ],
    username: null,
    password: null,
    db: 0,
    tls: null,
  })
})

test('half a Redis, or two, is told; its password is not', () => {
  const wrong: Array<[Record<string, string>, RegExp]> = [
    [{ REDIS_URL: 'hunter2@host' }, /^REDIS_URL is \[not a URL\]: expected a URL/],
    [{ REDIS_URL: 'http://me:hunter2@host' }, /^REDIS_URL is http:\/\/\*\*\*@host\/: expected a URL/],
    [{ REDIS_URL: 'redis://me:hunter2@host/db' }, /^REDIS_URL .*expected the number of a database/],
    [{ REDIS_URL: 'redis://me:hunter2@host/?tls=hunter2' }, /^REDIS_URL .*expected nothing after/],
    [{ REDIS_SENTINELS: 's1' }, /^REDIS_SENTINEL_NAME is missing/],
    [{ REDIS_SENTINEL_NAME: 'main' }, /^REDIS_SENTINELS is missing/],
    [
      { REDIS_SENTINELS: 's1,hunter2@s2', REDIS_SENTINEL_NAME: 'main' },
      /^REDIS_SENTINELS has a wrong entry at place 2/,
    ],
    [{ REDIS_SENTINELS: 's1,', REDIS_SENTINEL_NAME: 'main' }, /^REDIS_SENTINELS has a wrong entry at place 2/],
    [{ REDIS_CLUSTER: 'c1:70000' }, /^REDIS_CLUSTER has a wrong entry at place 1/],
    [{ REDIS_CLUSTER: 'c1', REDIS_SENTINELS: 's1', REDIS_SENTINEL_NAME: 'main' }, /^REDIS_CLUSTER and REDIS_SENTINELS/],
    [{ REDIS_CLUSTER: 'c1', REDIS_URL: 'redis://:hunter2@host/2' }, /^REDIS_URL names database 2/],
    [{ REDIS_REQUIRED: 'true' }, /^REDIS_REQUIRED is true, and no Redis is named/],
  ]
  for (const [env, line] of wrong) {
    const lines = faultsOf({ ...NODE, ...env })
    assert.equal(lines.length, 1, JSON.stringify({ env, lines }))
    assert.match(lines[0] ?? '', line)
    assert.ok(!lines.join().includes('hunter2'), lines.join())
  }
})

test('a node does everything, or what it is told where others share its database', (t) => {
  const DATA_DIR = dataDir(t)
  assert.deepEqual([...readConfig({ DATA_DIR }).roles], ['web', 'bots', 'donations'])
  assert.deepEqual([...readConfig({ ...NODE, ROLES: 'Bots, donations' }).roles], ['bots', 'donations'])
  assert.match(
    faultsOf({ ...NODE, ROLES: 'web,chat' }).join(),
    /^ROLES is "web,chat": expected one or more of web, bots/,
  )
  assert.match(faultsOf({ ...NODE, ROLES: ',' }).join(), /^ROLES is ","/)
  assert.match(faultsOf({ ROLES: 'web' }).join(), /^DATABASE_URL is missing: ROLES leaves something to other nodes/)
})

test('the watchdog looks every 30 seconds, or as often as it is told', (t) => {
  const DATA_DIR = dataDir(t)
  assert.equal(readConfig({ DATA_DIR }).watchdogIntervalMs, 30_000)
  assert.equal(readConfig({ DATA_DIR, WATCHDOG_INTERVAL_S: '5' }).watchdogIntervalMs, 5_000)
  assert.match(faultsOf({ WATCHDOG_INTERVAL_S: '0' }).join(), /^WATCHDOG_INTERVAL_S is "0": expected/)
})
