import { createLogger, type Logger } from '../../src/base/logger.ts'

/** For tests that are not about what is logged. */
export const silentLogger = createLogger({ level: 'silent', pretty: false, nodeId: 'test' })

/** Keeps every line for tests that look for secrets in them, or for what went wrong. */
export function recordingLogger(): { logger: Logger; logs: Array<Record<string, unknown>> } {
  const logs: Array<Record<string, unknown>> = []
  const destination = { write: (line: string) => void logs.push(JSON.parse(line) as Record<string, unknown>) }
  return { logger: createLogger({ level: 'debug', pretty: false, nodeId: 'test-node', destination }), logs }
}
