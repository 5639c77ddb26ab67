import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { StartError } from './base/errors.ts'
import type { RedisConfig } from './coordination/redis-config.ts'
import { NODE_ROLES, type NodeRole } from './domain/node-role.ts'
import { createReader, quote, type Environment, type Reader } from './environment.ts'
import type { OAuthApplication } from './platforms/oauth-provider.ts'
import { readRedisConfig } from './redis-settings.ts'

/** Everything an operator may set, read once and checked. No other file reads the environment. */
export interface Config {
  host: string
  port: number
  /** Public origin, without a trailing slash. */
  baseUrl: string
  secure: boolean
  /** `null`: a PostgreSQL of the node's own in `dataDir`. */
  databaseUrl: string | null
  dataDir: string
  nodeId: string
  secretKeys: Buffer[]
  adminToken: string | null
  trustedProxies: string[]
  /** Without a Twitch application the simulator runs beside the node. */
  demo: boolean
  twitch: OAuthApplication & {
    authUrl: string
    apiUrl: string
    eventSubUrl: string
    /** The account of a bot that all channels share; `null`: each streamer's own account speaks. */
    botUserId: string | null
    /** What one bot account may say in any 30 s, over all its channels; `null`: what Twitch documents. */
    messagesPer30S: number | null
  }
  donationAlerts: {
    applications: OAuthApplication[]
    url: string
    socketUrl: string
    /** Live channels have a second socket, on another node: one more request for each connection. */
    secondSocket: boolean
  }
  log: { level: string; pretty: boolean }
  /** `null`: this node is alone, or hears of others through the database only. */
  redis: RedisConfig | null
  /** No start without Redis. */
  redisRequired: boolean
  /** What this node does. */
  roles: ReadonlySet<NodeRole>
  watchdogIntervalMs: number
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/**
 * @throws StartError with exit code 78 and one line for each fault: the variable, what was found, what is expected.
 * Values of secret variables are never repeated.
 */
export function readConfig(env: Environment, { isTerminal = false } = {}): Config {
  const faults: string[] = []
  const read = createReader(env, faults)

  const clientId = read.text('TWITCH_CLIENT_ID', '')
  const demo = clientId === ''
  const port = read.integer('PORT', 3000, { min: 1, max: 65_535 })
  const baseUrl = originOf(
    read.url('BASE_URL', `http://localhost:${Number.isInteger(port) ? port : 3000}`, ['http:', 'https:']),
    faults,
  )
  const databaseUrl = read.optionalUrl('DATABASE_URL', ['postgres:', 'postgresql:'], { secret: true })
  const dataDir = resolve(read.text('DATA_DIR', './data'))
  const applications = readApplications(read, faults)

  const config: Omit<Config, 'secretKeys'> = {
    host: read.text('HOST', demo ? '127.0.0.1' : '0.0.0.0'),
    port,
    baseUrl,
    secure: baseUrl.startsWith('https:'),
    databaseUrl,
    dataDir,
    nodeId: read.matching(
      'NODE_ID',
      `${hostname()
        .slice(0, 40)
        .replaceAll(/[^\w.-]/g, '-')}-${randomBytes(3).toString('hex')}`,
      /^[\w.-]{1,64}$/,
      'at most 64 letters, digits, dots, dashes or underscores',
    ),
    adminToken: read.secret('ADMIN_TOKEN', 16),
    trustedProxies: read.list(
      'TRUSTED_PROXIES',
      /^[\da-fA-F.:]+(\/\d{1,3})?$/,
      'IP addresses or networks, such as 10.0.0.0/8',
    ),
    demo,
    twitch: {
      clientId,
      clientSecret: read.text('TWITCH_CLIENT_SECRET', ''),
      authUrl: read.url('TWITCH_AUTH_URL', 'https://id.twitch.tv/oauth2', ['http:', 'https:']).replace(/\/$/, ''),
      apiUrl: read.url('TWITCH_API_URL', 'https://api.twitch.tv/helix', ['http:', 'https:']).replace(/\/$/, ''),
      eventSubUrl: read.url('TWITCH_EVENTSUB_URL', 'wss://eventsub.wss.twitch.tv/ws', ['ws:', 'wss:']),
      messagesPer30S: read.optionalInteger('TWITCH_MESSAGES_PER_30_S', { min: 1, max: 7_500 }),
      botUserId:
        read.matching('TWITCH_BOT_USER_ID', '', /^\d{0,32}$/, 'the number by which Twitch knows the account') || null,
    },
    donationAlerts: {
      applications,
      url: read.url('DONATIONALERTS_URL', 'https://www.donationalerts.com', ['http:', 'https:']).replace(/\/$/, ''),
      socketUrl: read.url('DONATIONALERTS_SOCKET_URL', 'wss://centrifugo.donationalerts.com/connection/websocket', [
        'ws:',
        'wss:',
      ]),
      secondSocket: read.flag('DONATIONALERTS_SECOND_SOCKET', false),
    },
    redis: readRedisConfig(read, faults),
    redisRequired: read.flag('REDIS_REQUIRED', false),
    roles: readRoles(read, faults),
    watchdogIntervalMs: read.integer('WATCHDOG_INTERVAL_S', 30, { min: 1, max: 3_600 }) * 1_000,
    log: {
      level: read.oneOf('LOG_LEVEL', 'info', LOG_LEVELS),
      pretty: read.flag('LOG_PRETTY', isTerminal),
    },
  }
  if (!demo && config.twitch.clientSecret === '') {
    faults.push(
      'TWITCH_CLIENT_SECRET is missing: expected the secret of the Twitch application named by TWITCH_CLIENT_ID.',
    )
  }
  if (demo && config.twitch.clientSecret !== '') {
    faults.push(
      'TWITCH_CLIENT_ID is missing: expected the id of the Twitch application that TWITCH_CLIENT_SECRET belongs to.',
    )
  }
  if (config.redisRequired && config.redis === null && !faults.some((fault) => fault.startsWith('REDIS_'))) {
    faults.push(
      'REDIS_REQUIRED is true, and no Redis is named: expected REDIS_URL, or REDIS_SENTINELS with REDIS_SENTINEL_NAME, or REDIS_CLUSTER.',
    )
  }
  if (databaseUrl === null && config.roles.size < NODE_ROLES.length) {
    faults.push(
      'DATABASE_URL is missing: ROLES leaves something to other nodes, and nodes share their work through one PostgreSQL: expected its address.',
    )
  }
  const givenKeys = readSecretKeys(env['SECRET_KEYS'], faults)
  if (!givenKeys && databaseUrl) {
    faults.push(
      'SECRET_KEYS is missing: with DATABASE_URL expected comma-separated 32-byte base64 keys (openssl rand -base64 32), the same on every node.',
    )
  }
  if (faults.length > 0) throw new StartError(78, faults)
  return { ...config, secretKeys: givenKeys ?? ownSecretKeys(dataDir) }
}

/** Browsers say an origin in one way only, and it is compared with theirs: `HTTPS://Chat.Example:443` is no other. */
function originOf(baseUrl: string, faults: string[]): string {
  if (!URL.canParse(baseUrl)) return baseUrl
  const { origin, href } = new URL(baseUrl)
  if (href !== `${origin}/`) {
    faults.push(`BASE_URL is ${quote(baseUrl)}: expected an origin without a path, such as https://chatfolk.example.`)
  }
  return origin
}

function readRoles(read: Reader, faults: string[]): ReadonlySet<NodeRole> {
  const given = read.text('ROLES', NODE_ROLES.join(','))
  const names = given.split(',').map((name) => name.trim().toLowerCase())
  const roles = NODE_ROLES.filter((role) => names.includes(role))
  if (names.some((name) => name !== '' && !roles.some((role) => role === name)) || roles.length === 0)
    faults.push(`ROLES is ${quote(given)}: expected one or more of ${NODE_ROLES.join(', ')}, with commas between.`)
  return new Set(roles)
}

function readApplications(read: Reader, faults: string[]): OAuthApplication[] {
  const applications: OAuthApplication[] = []
  const clientId = read.text('DONATIONALERTS_CLIENT_ID', '')
  const clientSecret = read.text('DONATIONALERTS_CLIENT_SECRET', '')
  if (clientId !== '' && clientSecret !== '') applications.push({ clientId, clientSecret })
  if (clientId !== '' && clientSecret === '') {
    faults.push(
      'DONATIONALERTS_CLIENT_SECRET is missing: expected the secret of the application named by DONATIONALERTS_CLIENT_ID.',
    )
  }
  if (clientId === '' && clientSecret !== '') {
    faults.push(
      'DONATIONALERTS_CLIENT_ID is missing: expected the id of the application that DONATIONALERTS_CLIENT_SECRET belongs to.',
    )
  }
  for (const [index, entry] of read.text('DONATIONALERTS_APPS', '').split(',').entries()) {
    if (entry.trim() === '') continue
    const [id, secret, ...rest] = entry.trim().split(':')
    if (!id || !secret || rest.length > 0) {
      faults.push(`DONATIONALERTS_APPS has a wrong entry at place ${index + 1}: expected id:secret,id:secret.`)
    } else if (!applications.some((application) => application.clientId === id)) {
      applications.push({ clientId: id, clientSecret: secret })
    }
  }
  return applications
}

function readSecretKeys(given: string | undefined, faults: string[]): Buffer[] | null {
  if (given === undefined || given.trim() === '') return null
  const keys = given.split(',').map((key) => Buffer.from(key.trim(), 'base64'))
  for (const [index, key] of keys.entries()) {
    if (key.length !== 32) {
      faults.push(
        `SECRET_KEYS has a key of ${key.length} bytes at place ${index + 1}: expected 32 bytes in base64 (openssl rand -base64 32).`,
      )
    }
  }
  return keys
}

/** The key of a node that has its own database, made at the first start and kept beside it. */
function ownSecretKeys(dataDir: string): Buffer[] {
  const file = join(dataDir, 'secret-keys')
  try {
    if (!existsSync(dataDir)) mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
    chmodSync(file, 0o600)
    const faults: string[] = []
    const keys = readSecretKeys(readFileSync(file, 'utf8'), faults)
    if (!keys || faults.length > 0)
      throw new StartError(78, [
        `${file} holds no valid key. Restore it from a backup; without it the stored tokens cannot be read.`,
      ])
    return keys
  } catch (cause) {
    if (cause instanceof StartError) throw cause
    throw new StartError(
      78,
      [
        `DATA_DIR is ${quote(dataDir)}: expected a directory that this user may write to (${(cause as Error).message}).`,
      ],
      { cause },
    )
  }
}
