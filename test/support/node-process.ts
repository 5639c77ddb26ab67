/** A node as a process of its own, at the pace of journeys: for tests that kill it. Says `ready` to its parent. */
import { StartError } from '../../src/base/errors.ts'
import { createLogger } from '../../src/base/logger.ts'
import { compose } from '../../src/compose.ts'
import { readConfig } from '../../src/config.ts'
import { FAST } from './node.ts'

const config = readConfig(process.env)
const service = compose(config, createLogger({ ...config.log, nodeId: config.nodeId }), FAST)
process.on('disconnect', () => process.exit(1))
process.on('SIGTERM', () => void service.stop().then(() => process.exit(0)))
try {
  await service.start()
  process.send?.('ready')
} catch (error) {
  process.stderr.write(`${error instanceof StartError ? error.lines.join('\n') : String((error as Error).stack)}\n`)
  process.exit(error instanceof StartError ? error.exitCode : 1)
}
