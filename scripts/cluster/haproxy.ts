import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Processes } from './processes.ts'
import { answersHttp, createSupervised, type Supervised, type SupervisedOptions } from './supervised.ts'

const PLACE = join(import.meta.dirname, '..', '..', 'deploy', 'haproxy')

export interface HaproxyAddresses {
  /** Where visitors come in. */
  bind: string
  /** Where its own figures are. */
  metrics: string
  servers: ReadonlyArray<{ name: string; address: string }>
}

/** The configuration that is deployed, with other addresses: nothing else is changed, so that what runs here runs there. */
function renderHaproxy(text: string, { bind, metrics, servers }: HaproxyAddresses): string {
  const swap = (from: RegExp, to: string) => {
    if (!from.test(text)) throw new Error(`haproxy.cfg has nothing like ${from}`)
    text = text.replace(from, () => to)
  }
  swap(/^ {2}bind :8080$/m, `  bind ${bind}`)
  swap(/^ {2}bind :8405$/m, `  bind ${metrics}`)
  swap(/(^ {2}server web-.*\n)+/m, servers.map(({ name, address }) => `  server ${name} ${address}\n`).join(''))
  return text
}

export interface HaproxyOptions {
  processes: Processes
  /** Made where it is missing. */
  directory: string
  port: number
  metricsPort: number
  servers: HaproxyAddresses['servers']
  restart?: SupervisedOptions['restart']
  onDeath?: SupervisedOptions['onDeath']
}

export async function createHaproxy(options: HaproxyOptions): Promise<Supervised> {
  const { processes, directory, port, metricsPort, servers, restart = null, onDeath } = options
  await mkdir(directory, { recursive: true })
  const file = join(directory, 'haproxy.cfg')
  const template = await readFile(join(PLACE, 'haproxy.cfg'), 'utf8')
  const addresses = { bind: `127.0.0.1:${port}`, metrics: `127.0.0.1:${metricsPort}`, servers }
  await writeFile(file, renderHaproxy(template, addresses))
  await copyFile(join(PLACE, '503.http'), join(directory, '503.http'))
  return createSupervised({
    name: 'haproxy',
    port,
    restart,
    ...(onDeath ? { onDeath } : {}),
    isReady: () => answersHttp(`http://127.0.0.1:${metricsPort}/alive`),
    // In the foreground. USR1 would wait for all streams to end; TERM does not.
    spawn: () => processes.start({ name: 'haproxy', program: 'haproxy', args: ['-db', '-f', file] }),
  })
}
