import { join } from 'node:path'
import type { Processes } from './processes.ts'
import { answersHttp, createSupervised, type Supervised, type SupervisedOptions } from './supervised.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts')

export interface NodeOptions {
  processes: Processes
  /** Its NODE_ID, which it keeps over restarts. */
  name: string
  /** Comma-separated, as in ROLES. */
  roles: string
  port: number
  /** All settings but those above. */
  environment: Readonly<Record<string, string>>
  restart?: SupervisedOptions['restart']
  onDeath?: SupervisedOptions['onDeath']
}

export interface ClusterNode extends Supervised {
  roles: string
  url: string
}

export function createNode(options: NodeOptions): ClusterNode {
  const { processes, name, roles, port, environment, restart = null, onDeath } = options
  const url = `http://127.0.0.1:${port}`
  const supervised = createSupervised({
    name,
    port,
    restart,
    ...(onDeath ? { onDeath } : {}),
    isReady: () => answersHttp(`${url}/health/ready`),
    spawn: () =>
      processes.start({
        name,
        program: process.execPath,
        args: [MAIN],
        env: {
          ...environment,
          NODE_ID: name,
          ROLES: roles,
          HOST: '127.0.0.1',
          PORT: String(port),
          LOG_PRETTY: 'false',
        },
      }),
  })
  return Object.assign(supervised, { roles, url })
}
