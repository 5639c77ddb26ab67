import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino'

export type Logger = PinoLogger

/**
 * Paths that must never reach a log, whatever somebody passes. Donation words are among them: they are a person's
 * letter to a streamer. What is not listed here is kept out by not being passed.
 */
const SECRET_PATHS = [
  'token',
  'accessToken',
  'refreshToken',
  'clientSecret',
  'authorization',
  'cookie',
  'key',
  'ticket',
  'message_text',
  'donor',
  'words',
  'payload',
  'email',
].flatMap((name) => [name, `*.${name}`])

export interface LoggerOptions {
  level: string
  pretty: boolean
  nodeId: string
  destination?: DestinationStream
}

/** JSON lines with an ISO time, a level in words and the node's name; readable lines on a terminal. */
export function createLogger({ level, pretty, nodeId, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { node: nodeId },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_PATHS, censor: '[redacted]' },
  }
  if (destination) return pino(options, destination)
  if (!pretty) return pino(options)
  return pino({
    ...options,
    formatters: {},
    transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname,node', translateTime: 'SYS:HH:MM:ss' } },
  })
}
