import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Processes } from './processes.ts'
import { answersHttp, createSupervised, type Supervised } from './supervised.ts'

const RULES = join(import.meta.dirname, '..', '..', 'deploy', 'prometheus', 'alerts.yml')

export interface PrometheusOptions {
  processes: Processes
  directory: string
  port: number
  adminToken: string
  nodes: ReadonlyArray<{ name: string; port: number }>
  haproxyMetricsPort: number
}

/** Scrapes all nodes and the balancer, for whoever wants to watch a fault in figures. */
export async function createPrometheus(options: PrometheusOptions): Promise<Supervised> {
  const { processes, directory, port, adminToken, nodes, haproxyMetricsPort } = options
  await mkdir(directory, { recursive: true })
  const config = {
    global: { scrape_interval: '5s', scrape_timeout: '4s', evaluation_interval: '5s' },
    rule_files: [RULES],
    scrape_configs: [
      {
        job_name: 'chatfolk',
        authorization: { credentials: adminToken },
        static_configs: nodes.map((node) => ({
          targets: [`127.0.0.1:${node.port}`],
          labels: { instance: node.name },
        })),
      },
      { job_name: 'haproxy', static_configs: [{ targets: [`127.0.0.1:${haproxyMetricsPort}`] }] },
    ],
  }
  const file = join(directory, 'prometheus.yml')
  // JSON is YAML.
  await writeFile(file, JSON.stringify(config, null, 2), { mode: 0o600 })
  return createSupervised({
    name: 'prometheus',
    port,
    restart: null,
    isReady: () => answersHttp(`http://127.0.0.1:${port}/-/ready`),
    spawn: () =>
      processes.start({
        name: 'prometheus',
        program: 'prometheus',
        args: [
          `--config.file=${file}`,
          `--storage.tsdb.path=${join(directory, 'figures')}`,
          '--storage.tsdb.retention.time=1d',
          `--web.listen-address=127.0.0.1:${port}`,
        ],
      }),
  })
}
