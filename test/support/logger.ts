import { createLogger } from '../../src/base/logger.ts'

/** For tests that are not about what is logged. */
export const silentLogger = createLogger({ level: 'silent', pretty: false, nodeId: 'test' })
