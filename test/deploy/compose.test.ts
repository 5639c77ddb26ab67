import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { readConfig } from '../../src/config.ts'

const PLACE = join(import.meta.dirname, '..', '..', 'deploy')

interface Service {
  image: string
  build?: string
  user?: string
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  tmpfs?: string[]
  networks: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[] }
  restart?: string
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  stop_grace_period?: string
  logging?: object
  deploy?: { resources: { limits: { cpus: string; memory: string } } }
}

interface Compose {
  services: Record<string, Service>
  networks: Record<string, { internal?: boolean; ipam?: { config: Array<{ subnet: string }> } }>
  volumes: Record<string, object>
}

const read = (name: string) => readFileSync(join(PLACE, name), 'utf8')
const text = read('compose.yaml')
const named = readEnvironmentFile(read('.env.example'))
/** As somebody would fill it in. */
const filled = {
  BASE_URL: 'https://chatfolk.example',
  TWITCH_CLIENT_ID: 'an-id',
  TWITCH_CLIENT_SECRET: 'a-secret',
  DONATIONALERTS_CLIENT_ID: '1',
  DONATIONALERTS_CLIENT_SECRET: 'another-secret',
  SECRET_KEYS: Buffer.alloc(32, 1).toString('base64'),
  ADMIN_TOKEN: 'a'.repeat(48),
  POSTGRES_PASSWORD: 'b'.repeat(48),
  REDIS_PASSWORD: 'c'.repeat(48),
}
const { services, networks, volumes } = readCompose(filled)
const nodes = Object.entries(services).filter(([, { build }]) => build !== undefined)

test('the example of the settings names each variable that the file uses, and no other', () => {
  const used = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name ?? ''))
  assert.deepEqual([...named.keys()].sort(), [...used].sort())
  const required = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name ?? '')
  for (const name of required) assert.equal(named.get(name), '', `${name} must be filled in, so it stands there`)
  for (const name of Object.keys(filled)) assert.ok(named.has(name), name)
})

test('each node gets settings that it accepts, with a name and a role of its own', () => {
  const roles: Record<string, string> = {}
  for (const [name, { environment, stop_grace_period }] of nodes) {
    const config = readConfig({ ...environment, NODE_ENV: 'production', LOG_PRETTY: 'false', PORT: '3000' })
    assert.equal(config.nodeId, name)
    assert.equal(config.redis?.kind, 'sentinel')
    assert.equal(config.redis?.password, filled.REDIS_PASSWORD)
    assert.equal(config.demo, false)
    assert.equal(config.adminToken, filled.ADMIN_TOKEN)
    assert.equal(stop_grace_period, '30s')
    roles[name] = [...config.roles].join()
    const subnet = networks['visitors']?.ipam?.config[0]?.subnet ?? assert.fail('no subnet')
    assert.deepEqual(config.trustedProxies, [subnet])
    assert.equal(new URL(config.databaseUrl ?? '').hostname, 'postgres')
  }
  assert.deepEqual(roles, {
    'web-1': 'web',
    'web-2': 'web',
    'bots-1': 'bots',
    'bots-2': 'bots',
    'donations-1': 'donations',
  })
  const { POSTGRES_PASSWORD, POSTGRES_USER } = services['postgres']?.environment ?? {}
  const url = new URL(nodes[0]?.[1].environment?.['DATABASE_URL'] ?? '')
  assert.deepEqual([url.username, url.password], [POSTGRES_USER, POSTGRES_PASSWORD])
})

test('settings that nobody fills in are as good as not there', () => {
  const { DONATIONALERTS_CLIENT_ID, DONATIONALERTS_CLIENT_SECRET, ...least } = filled
  assert.ok(DONATIONALERTS_CLIENT_ID && DONATIONALERTS_CLIENT_SECRET)
  const without = readCompose(least)
  const config = readConfig(without.services['web-1']?.environment ?? {})
  assert.deepEqual(config.donationAlerts.applications, [])
  assert.equal(config.twitch.botUserId, null)
})

test('every container may do as little as it can do with, is looked after, and is limited', () => {
  for (const [name, service] of Object.entries(services)) {
    assert.equal(service.read_only, true, name)
    assert.deepEqual(service.cap_drop, ['ALL'], name)
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name)
    assert.equal(service.restart, 'unless-stopped', name)
    assert.ok(service.logging && service.stop_grace_period && service.deploy?.resources.limits.memory, name)
    assert.match(service.image, /:[\w.-]+$/, `${name} has a version`)
    assert.doesNotMatch(service.image, /:latest$/, name)
    // The image of a node brings a check of its own.
    assert.ok(service.healthcheck || service.build, name)
  }
})

test('one door to the world: HAProxy; databases are where nobody else gets to', () => {
  for (const [name, { ports = [], networks: own }] of Object.entries(services)) {
    const toAnybody = ports.filter((port) => !port.startsWith('127.0.0.1:'))
    assert.equal(toAnybody.length, name === 'haproxy' ? 1 : 0, name)
    for (const network of own) assert.ok(network in networks, `${name}: ${network}`)
    if (/^(postgres|redis|sentinel)/.test(name)) assert.deepEqual(own, ['inside'], name)
  }
  assert.equal(networks['inside']?.internal, true)
  assert.equal(networks['visitors']?.internal, true)
})

test('whatever the file speaks of is there: services that are waited for, volumes, files, addresses', () => {
  for (const [name, { depends_on = {}, volumes: mounts = [] }] of Object.entries(services)) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      assert.ok(services[other], `${name} waits for ${other}`)
      assert.equal(condition, 'service_healthy')
    }
    for (const mount of mounts) {
      const [source = ''] = mount.split(':')
      if (source.startsWith('.')) assert.ok(existsSync(join(PLACE, source)), mount)
      else assert.ok(source in volumes, mount)
    }
  }
  const web = nodes.filter(([, { environment }]) => environment?.['ROLES'] === 'web').map(([name]) => name)
  const balanced = [...read('haproxy/haproxy.cfg').matchAll(/^ {2}server ([\w-]+) ([\w-]+):3000 /gm)]
  assert.deepEqual(
    balanced.map(([, label, host]) => `${label} ${host}`),
    web.map((name) => `${name} ${name}`),
  )

  const prometheus = parse(read('prometheus/prometheus.yml')) as {
    scrape_configs: Array<{ job_name: string; static_configs: Array<{ targets: string[] }> }>
  }
  const targets = (job: string) =>
    prometheus.scrape_configs.find(({ job_name }) => job_name === job)?.static_configs.flatMap((each) => each.targets)
  assert.deepEqual(
    targets('chatfolk'),
    nodes.map(([name]) => `${name}:3000`),
  )
  assert.deepEqual(targets('haproxy'), ['haproxy:8405'])
})

function readCompose(values: Readonly<Record<string, string>>): Compose {
  const fill = (part: unknown): unknown => {
    if (typeof part === 'string') return interpolate(part, values)
    if (Array.isArray(part)) return part.map(fill)
    if (typeof part !== 'object' || part === null) return part
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, fill(value)]))
  }
  return fill(parse(text, { merge: true })) as Compose
}

/** As Compose does it: `${NAME}`, `${NAME:?why}`, `${NAME:-default}`, and two dollar signs for one. */
function interpolate(source: string, values: Readonly<Record<string, string>>): string {
  return source.replaceAll(
    /\$\$|\$\{(\w+)(?::([?-])([^}]*))?\}/g,
    (match, name: string, sign: string, rest: string) => {
      if (match === '$$') return '$'
      const value = values[name] ?? ''
      if (value !== '') return value
      assert.notEqual(sign, '?', `${name} is missing`)
      return sign === '-' ? rest : ''
    },
  )
}

/** Also what is commented out, as `#NAME=default`. */
function readEnvironmentFile(source: string): Map<string, string> {
  return new Map([...source.matchAll(/^#?([A-Z][A-Z\d_]*)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]))
}
