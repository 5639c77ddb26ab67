import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSimulator } from '../simulator/simulator.ts'
import { freePort, nodeEnvironment } from '../test/support/node.ts'
import { joinAsStreamer } from '../test/support/streamer.ts'
import { eventually } from '../test/support/eventually.ts'
import { measureLatency } from './donation-latency.ts'
import { line, megabytes, ms, quantile } from './figures.ts'
import { cpuMs, databasePids, privateBytes, startNodeUnderTest } from './node-under-test.ts'

const ROUNDS = 300
const IDLE_MS = 10_000
/** A fresh start writes a whole database cluster: the disk's mood shows. */
const STARTS = 5

/** One node as a streamer runs it at home, with its own database and fsync on: starts, rest, and a donation's way. */
export async function benchDonations(print: (text: string) => void): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'chatfolk-bench-'))
  const simulator = await startSimulator({ port: 0 })
  const environment = nodeEnvironment({ port: await freePort(), simulatorUrl: simulator.url, dataDir })
  environment['LOG_LEVEL'] = 'warn'
  try {
    const fresh: number[] = []
    for (let start = 0; start < STARTS; start++) {
      const directory = start === 0 ? dataDir : await mkdtemp(join(tmpdir(), 'chatfolk-bench-'))
      const started = await startNodeUnderTest({ ...environment, DATA_DIR: directory })
      fresh.push(started.readyAfterMs)
      await started.stop()
      if (directory !== dataDir) await rm(directory, { recursive: true, force: true })
    }
    const node = await startNodeUnderTest(environment)
    print(
      line(
        'start on an empty DATA_DIR, to /health/ready 200',
        ms(quantile(fresh, 0.5)),
        `median of ${STARTS}, worst ${ms(Math.max(...fresh))}`,
      ),
    )
    print(line('start on an existing one', ms(node.readyAfterMs)))

    const cpuBefore = await cpuMs(node.pid)
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
    const database = await databasePids(dataDir)
    const databaseBytes = (await Promise.all(database.map(privateBytes))).reduce((sum, bytes) => sum + bytes, 0)
    print(line('memory of an idle node, private', megabytes(await privateBytes(node.pid))))
    print(
      line('memory of its database, private, all processes', megabytes(databaseBytes), `${database.length} processes`),
    )
    print(line('CPU of an idle node', `${(((await cpuMs(node.pid)) - cpuBefore) / (IDLE_MS / 1_000)).toFixed(1)} ms/s`))

    const streamer = await joinAsStreamer({ baseUrl: node.baseUrl, simulatorUrl: simulator.url, login: 'bench' })
    await eventually(
      'the stream is live',
      async () => {
        const { donations } = await streamer.get<{ donations: { state: string } }>('/api/channel')
        return donations.state === 'live'
      },
      60_000,
    )
    await measureLatency(simulator, streamer, 20)
    const { pipeline, echo } = await measureLatency(simulator, streamer, ROUNDS)
    print(`\ndonation pushed → alert.offer at the overlay, ${ROUNDS} donations, one at a time\n`)
    for (const [name, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const [ours, bare] = [quantile(pipeline, share), quantile(echo, share)]
      print(line(`  ${name}`, ms(ours), `bare echo of the same bytes ${ms(bare)}, ${(ours / bare).toFixed(1)} ×`))
    }
    await node.stop()
  } finally {
    await simulator.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}
