import { maskUrl } from './base/mask-url.ts'
import type { RedisAddress, RedisConfig } from './coordination/redis-config.ts'
import { quote, type Reader } from './environment.ts'

const PROTOCOLS = new Set(['redis:', 'rediss:'])
const ADDRESS = /^(?<host>[\w.-]+|\[[\da-fA-F:.]+\])(?::(?<port>\d{1,5}))?$/
const ADDRESSES = 'host:port,host:port'

/**
 * `REDIS_URL` alone is one server. Beside Sentinels or a cluster it says how to sign in, to which database and whether
 * over TLS; its host is not used.
 */
export function readRedisConfig(read: Reader, faults: string[]): RedisConfig | null {
  const sentinels = readAddresses(read, faults, 'REDIS_SENTINELS', 26_379)
  const nodes = readAddresses(read, faults, 'REDIS_CLUSTER', 6_379)
  const name = read.text('REDIS_SENTINEL_NAME', '')
  const url = readUrl(read, faults)

  if (sentinels && nodes) {
    faults.push('REDIS_CLUSTER and REDIS_SENTINELS are both set: expected one of them, a cluster has no Sentinels.')
  }
  if (sentinels && name === '') {
    faults.push(
      'REDIS_SENTINEL_NAME is missing: expected the name under which the Sentinels of REDIS_SENTINELS know the primary.',
    )
  }
  if (!sentinels && name !== '') {
    faults.push(`REDIS_SENTINELS is missing: expected the Sentinels that know ${quote(name)}, ${ADDRESSES}.`)
  }
  if (nodes && url && url.db !== 0) {
    faults.push(`REDIS_URL names database ${url.db}: expected none, a cluster has only 0.`)
  }
  const access = {
    username: url?.username ?? null,
    password: url?.password ?? null,
    db: url?.db ?? 0,
    tls: url?.tls ?? null,
  }
  if (sentinels) return { kind: 'sentinel', sentinels, name, ...access }
  if (nodes) return { kind: 'cluster', nodes, ...access }
  return url ? { kind: 'single', address: url.address, ...access } : null
}

function readAddresses(read: Reader, faults: string[], name: string, defaultPort: number): RedisAddress[] | null {
  const given = read.text(name, '')
  if (given === '') return null
  const addresses: RedisAddress[] = []
  for (const [index, entry] of given.split(',').entries()) {
    const { host, port = String(defaultPort) } = ADDRESS.exec(entry.trim())?.groups ?? {}
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
      // Not repeated: somebody may have put a password in front of the host.
      faults.push(`${name} has a wrong entry at place ${index + 1}: expected ${ADDRESSES}.`)
    } else {
      addresses.push({ host: bare(host), port: Number(port) })
    }
  }
  return addresses
}

function readUrl(read: Reader, faults: string[]) {
  const given = read.text('REDIS_URL', '')
  if (given === '') return null
  const reject = (found: string, expected: string) => {
    faults.push(`REDIS_URL is ${found}: expected ${expected}.`)
    return null
  }
  const url = URL.canParse(given) ? new URL(given) : null
  if (!url || !PROTOCOLS.has(url.protocol) || url.hostname === '')
    return reject(maskUrl(given), 'a URL such as redis://host:6379 or rediss://user:password@host:6379/0')
  const db = /^\/?(\d{0,3})$/.exec(url.pathname)
  if (!db) return reject(maskUrl(given), 'the number of a database after the last slash, or nothing')
  // They would be passed over, and whoever wrote them believes that they are not.
  if (url.search !== '' || url.hash !== '') return reject(maskUrl(given), 'nothing after the database')
  return {
    address: { host: bare(url.hostname), port: url.port === '' ? 6_379 : Number(url.port) },
    username: decode(url.username),
    password: decode(url.password),
    db: Number(db[1]),
    tls: url.protocol === 'rediss:' ? {} : null,
  }
}

const bare = (host: string) => host.replace(/^\[|\]$/g, '')

function decode(part: string): string | null {
  if (part === '') return null
  try {
    return decodeURIComponent(part)
  } catch {
    // A lone percent sign: meant as it stands.
    return part
  }
}
