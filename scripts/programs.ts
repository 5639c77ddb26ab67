/**
 * Programs that npm does not bring. As root on Debian and Ubuntu what is missing is installed; elsewhere whoever needs
 * them ends with the list of what to install and how.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface Program {
  /** What it is for, in a list that a person reads. */
  name: string
  /** The package of Debian. */
  debian: string
  /** Takes away the service that the package brings up with the machine: we start our own. */
  calm?: () => unknown
  /** How to get it anywhere else. */
  otherwise: string
  isThere(): boolean
}

const POSTGRES_15 = process.env['POSTGRES15_BIN'] ?? '/usr/lib/postgresql/15/bin'
const CLUSTER_15 = '/etc/postgresql/15/main'
const hadCluster = existsSync(CLUSTER_15)

export const CHROMIUM: Program = {
  name: 'Chromium, for the tests of the pages',
  debian: 'chromium',
  otherwise: 'install Chromium or Chrome and set CHROMIUM to the path of its program',
  isThere: () => isProgram(process.env['CHROMIUM'] ?? '/usr/bin/chromium'),
}

export const EMOJI_FONT: Program = {
  name: 'Noto Color Emoji, for what those tests look at',
  debian: 'fonts-noto-color-emoji',
  otherwise: 'install the font Noto Color Emoji for all programs',
  isThere: hasEmojiFont,
}

export const POSTGRES: Program = {
  name: 'PostgreSQL 15, the oldest that must work',
  debian: 'postgresql-15',
  // The cluster that the package made, empty; one that was there before is somebody's data.
  calm: () => existsSync(CLUSTER_15) && !hadCluster && spawnSync('pg_dropcluster', ['--stop', '15', 'main']),
  otherwise:
    'install PostgreSQL 15 (where the system has another, from https://apt.postgresql.org), or set POSTGRES15_BIN to the directory of one’s programs',
  isThere: () => ['postgres', 'initdb'].every((name) => isProgram(join(POSTGRES_15, name))),
}

export const REDIS: Program = {
  name: 'Redis 7 or newer, which is its own Sentinel and cluster too',
  debian: 'redis-server',
  calm: () => disable('redis-server'),
  otherwise: 'install Redis 7 or newer, so that redis-server is in the PATH',
  // Sharded pub/sub came with 7.
  isThere: () => Number(/v=(\d+)/.exec(spawnSync('redis-server', ['--version']).stdout?.toString() ?? '')?.[1]) >= 7,
}

export const HAPROXY: Program = {
  name: 'HAProxy, in front of several nodes',
  debian: 'haproxy',
  calm: () => disable('haproxy'),
  otherwise: 'install HAProxy 2.6 or newer, so that haproxy is in the PATH',
  isThere: () => isProgram('haproxy'),
}

export const PROMETHEUS: Program = {
  name: 'Prometheus, whose promtool checks the alert rules',
  debian: 'prometheus',
  calm: () => disable('prometheus'),
  otherwise: 'install Prometheus 2.42 or newer, so that prometheus and promtool are in the PATH',
  isThere: () => ['prometheus', 'promtool'].every((name) => isProgram(name)),
}

/** Does what can be done about the programs that are missing, and ends the process with the list where some still are. */
export function requirePrograms(programs: readonly Program[], { who, verb }: { who: string; verb: string }): void {
  const missing = () => programs.filter((program) => !program.isThere())
  const wanted = missing()
  if (wanted.length === 0) return
  const refusal = installWithApt(wanted, verb)
  const still = missing()
  if (still.length === 0) return
  console.error(`${who} cannot run. Missing on this machine:`)
  for (const { name, debian, otherwise } of still) {
    console.error(`  - ${name}\n      Debian: apt-get install ${debian}\n      elsewhere: ${otherwise}`)
  }
  if (refusal !== null) console.error(`Not installed by itself: ${refusal}`)
  process.exit(1)
}

export function isProgram(name: string): boolean {
  const places = name.includes('/')
    ? [name]
    : (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, name))
  return places.some((path) => {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  })
}

/** @returns why not everything was installed, or null. */
function installWithApt(wanted: readonly Program[], verb: string): string | null {
  if (process.platform !== 'linux' || !isProgram('apt-get')) return 'that is only done on Debian and Ubuntu.'
  if (process.getuid?.() !== 0) return `that needs root. Run \`${verb}\` once as root, or install them by hand.`
  console.error(`Installing: ${wanted.map(({ debian }) => debian).join(', ')} …`)
  const allowServices = keepServicesFromStarting()
  try {
    // Lists that came only in part are still worth a try.
    apt('update')
    // One by one: what this system does not have must not keep the others away.
    const refusals = wanted.map(({ debian }) => apt('install', '--yes', '--no-install-recommends', debian))
    return refusals.find((refusal) => refusal !== null) ?? null
  } finally {
    allowServices()
    for (const { calm } of wanted) calm?.()
  }
}

/** @returns the last lines of what went wrong, or null. */
function apt(...args: string[]): string | null {
  // Another apt (an unattended upgrade) may hold the lock for a while.
  const { status, error, stderr } = spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    env: {
      ...process.env,
      // Scripts of packages need more than `su` leaves.
      PATH: `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin`,
      DEBIAN_FRONTEND: 'noninteractive',
      LC_ALL: 'C',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  })
  if (status === 0) return null
  return `apt-get ${args.at(-1)}: ${error?.message ?? stderr.trim().split('\n').slice(-3).join(' ')}`
}

function disable(service: string) {
  return spawnSync('systemctl', ['--quiet', 'disable', '--now', service], { stdio: 'ignore' })
}

/** Debian starts what it installs, unless a `policy-rc.d` says 101. One that the operator put there stays. */
function keepServicesFromStarting(): () => void {
  const policy = '/usr/sbin/policy-rc.d'
  if (existsSync(policy)) return () => {}
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  return () => rmSync(policy, { force: true })
}

function hasEmojiFont(): boolean {
  const file = '/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf'
  if (existsSync(file)) return true
  const { stdout } = spawnSync('fc-list', [':', 'family'], { encoding: 'utf8' })
  // macOS and Windows bring an emoji font of their own.
  return process.platform !== 'linux' || (stdout ?? '').includes('Noto Color Emoji')
}
