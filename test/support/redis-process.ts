import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { quickPlace } from './postgres-server.ts'

/** One `redis-server` of this process's own, on a port of the loopback, without a disk behind it. */
export interface RedisProcess {
  readonly port: number
  /** `null` while it does not run. */
  pid(): number | null
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGSTOP: it holds its connections and answers nothing. */
  pause(): void
  resume(): void
  /** Starts it again on its port, empty; resolves when it answers. */
  restart(): Promise<void>
  /** Asks it directly. Rejects where it does not answer. */
  ask(...command: Array<string | number>): Promise<unknown>
}

export interface RedisProcessOptions {
  home: string
  /** What stands on the command line, in pairs. */
  settings: Record<string, string | number>
  sentinel?: string[]
  password?: string | undefined
  /** The path of a file with a key and its certificate: it then speaks TLS alone. */
  pem?: string | undefined
}

const START_WITHIN_MS = 20_000

/** A directory for servers that is removed, and they are ended, when this process is gone, even by SIGKILL. */
export async function openRedisHome(): Promise<{ home: string; close(): Promise<void> }> {
  const home = await mkdtemp(join(await quickPlace(), 'chatfolk-redis-'))
  const script = `exec 2>/dev/null
    read -r _
    for file in "$1"/*/pid; do kill -9 "$(cat "$file")"; done
    rm -rf "$1"`
  // A process group of its own: Ctrl-C must not end it before us.
  const guard = spawn('sh', ['-c', script, 'sh', home], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  guard.unref()
  const pipe = guard.stdin as unknown as { unref(): void; end(): void }
  pipe.unref()
  return {
    home,
    async close() {
      pipe.end()
      guard.ref()
      if (guard.exitCode === null) await once(guard, 'exit')
    },
  }
}

export async function startRedisProcess({
  home,
  settings,
  sentinel,
  password,
  pem,
}: RedisProcessOptions): Promise<RedisProcess> {
  const port = await freePort()
  const directory = join(home, String(port))
  await mkdir(directory)
  // Sentinels rewrite theirs.
  const file = join(directory, 'conf')
  await writeFile(file, [`port ${pem ? 0 : port}`, `bind 127.0.0.1`, ...(sentinel ?? [])].join('\n'))
  const everywhere = {
    dir: directory,
    logfile: join(directory, 'log'),
    ...(password === undefined ? {} : { requirepass: password, masterauth: password }),
    ...(pem === undefined
      ? {}
      : {
          'tls-port': port,
          'tls-cert-file': pem,
          'tls-key-file': pem,
          'tls-ca-cert-file': pem,
          'tls-auth-clients': 'no',
        }),
    ...(sentinel ? {} : { save: '', appendonly: 'no', 'repl-diskless-sync-delay': 0, 'shutdown-timeout': 0 }),
    ...settings,
  }
  const options = Object.entries(everywhere).flatMap(([name, value]) => [`--${name}`, String(value)])
  const ca = pem === undefined ? null : await readFile(pem)

  let child: ReturnType<typeof spawn> | null = null
  const run = async () => {
    const started = spawn('redis-server', [file, ...(sentinel ? ['--sentinel'] : []), ...options], {
      stdio: 'ignore',
      // A process group of its own: Ctrl-C is for us, and we end it.
      detached: true,
    })
    started.once('error', () => undefined)
    started.unref()
    child = started
    await writeFile(join(directory, 'pid'), String(started.pid))
    const deadline = performance.now() + START_WITHIN_MS
    while (!(await answers())) {
      if (started.exitCode === null && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        continue
      }
      await kill()
      const log = await readFile(join(directory, 'log'), 'utf8').catch(() => 'it wrote nothing')
      throw new Error(`The Redis of the tests did not start: ${log.slice(-2_000)}`)
    }
  }
  const kill = async () => {
    const running = child
    child = null
    if (running?.exitCode !== null || running.signalCode !== null) return
    running.ref()
    running.kill('SIGKILL')
    await once(running, 'exit')
    await rm(join(directory, 'pid'), { force: true })
  }
  const ask = async (...[name, ...args]: Array<string | number>): Promise<unknown> => {
    const client = new Redis({
      host: '127.0.0.1',
      port,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      connectTimeout: 2_000,
      commandTimeout: 2_000,
      enableReadyCheck: false,
      ...(password === undefined ? {} : { password }),
      ...(ca ? { tls: { ca } } : {}),
    })
    client.on('error', () => undefined)
    try {
      return await client.call(String(name), ...args)
    } finally {
      client.disconnect()
    }
  }
  const answers = () => ask('ping').then(Boolean, () => false)

  await run()
  return {
    port,
    pid: () => child?.pid ?? null,
    kill,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    restart: async () => {
      await kill()
      await run()
    },
    ask,
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  return port
}
