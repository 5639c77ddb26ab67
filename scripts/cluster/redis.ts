import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Processes } from './processes.ts'
import { createSupervised, type Supervised, type SupervisedOptions } from './supervised.ts'

export interface RedisOptions {
  processes: Processes
  name: string
  /** Made where it is missing. */
  directory: string
  port: number
  restart?: SupervisedOptions['restart']
  onDeath?: SupervisedOptions['onDeath']
}

/** A Redis without a memory of its own: what a killed one knew is gone. A replica where `replicaOf` names the primary. */
export function createRedis(options: RedisOptions & { replicaOf?: number }): Promise<Supervised> {
  const { port, directory, replicaOf } = options
  const settings: Record<string, string> = {
    port: String(port),
    bind: '127.0.0.1',
    dir: directory,
    save: '',
    appendonly: 'no',
    // A replica that comes back needs not wait for others to come back too.
    'repl-diskless-sync': 'yes',
    'repl-diskless-sync-delay': '0',
    ...(replicaOf === undefined ? {} : { replicaof: `127.0.0.1 ${replicaOf}` }),
  }
  return create(
    options,
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
  )
}

/** One of the watchers that agree on who is primary. */
export async function createSentinel(
  options: RedisOptions & { primaryName: string; primaryPort: number; quorum: number; downAfterMs: number },
): Promise<Supervised> {
  const { port, directory, primaryName, primaryPort, quorum, downAfterMs } = options
  await mkdir(directory, { recursive: true })
  // It writes into its configuration what it learns.
  const file = join(directory, 'sentinel.conf')
  await writeFile(
    file,
    `port ${port}
bind 127.0.0.1
dir ${directory}
sentinel monitor ${primaryName} 127.0.0.1 ${primaryPort} ${quorum}
sentinel down-after-milliseconds ${primaryName} ${downAfterMs}
sentinel failover-timeout ${primaryName} 5000
`,
  )
  return create(options, [file, '--sentinel'])
}

async function create(options: RedisOptions, args: string[]): Promise<Supervised> {
  const { processes, name, directory, port, restart = null, onDeath } = options
  await mkdir(directory, { recursive: true })
  return createSupervised({
    name,
    port,
    restart,
    ...(onDeath ? { onDeath } : {}),
    isReady: async () => (await askRedis(port, 'PING')) === '+PONG',
    spawn: () => processes.start({ name, program: 'redis-server', args }),
  })
}

/** One command without a client's help, and the first line of its answer; `undefined` where nobody answers. */
function askRedis(port: number, command: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`))
    let answer = ''
    const end = () => {
      socket.destroy()
      resolve(answer.split('\r\n')[0] || undefined)
    }
    socket.setTimeout(2_000, end)
    socket.on('error', end)
    socket.on('close', end)
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (answer.includes('\r\n')) end()
    })
  })
}
