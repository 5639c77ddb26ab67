import { enableCompileCache } from 'node:module'
import { StartError } from './base/errors.ts'
import { createLogger } from './base/logger.ts'
import { readConfig, type Config } from './config.ts'

/**
 * A process that was told to stop is gone after this, whatever hangs. Orchestrators send SIGKILL after 10 s or more; a
 * node that may have others to hand over to is to be given 30 s there.
 */
const STOP_WITHIN_MS = { alone: 9_000, amongOthers: 25_000 }

/** Ctrl+C reaches us from the terminal and from npm; only later is it somebody who does not want to wait. */
const SAME_WISH_MS = 1_000

const PARENT_CHECK_MS = 500

// Type stripping costs about as much as starting; the cache brings it to that of compiled JavaScript.
enableCompileCache()
await main()

async function main() {
  const config = tryTo(() => readConfig(process.env, { isTerminal: process.stdout.isTTY }))
  const logger = createLogger({ ...config.log, nodeId: config.nodeId })
  const stops: Array<() => Promise<void>> = []
  let stopping = false
  let stoppingSinceMs = Infinity

  const stop = async (why: string, exitCode: number) => {
    if (stopping) return
    stopping = true
    stoppingSinceMs = performance.now()
    logger.info({ why }, 'stopping')
    const withinMs = STOP_WITHIN_MS[config.databaseUrl === null ? 'alone' : 'amongOthers']
    setTimeout(() => {
      logger.error({ withinMs }, 'the stop took too long and is cut off')
      process.exit(exitCode || 1)
    }, withinMs).unref()
    for (const part of stops.toReversed()) await part()
    logger.info('stopped')
    process.exit(exitCode)
  }
  const onSignal = (signal: string) => {
    if (performance.now() - stoppingSinceMs > SAME_WISH_MS) {
      logger.warn({ why: signal }, 'told to stop a second time: the stop is cut off')
      process.exit(1)
    }
    void stop(signal, 0)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  if (process.env['npm_lifecycle_event'] === 'start') stopWithParent(() => void stop('the end of npm start', 0))
  // A promise that nobody awaited belongs to one channel's work; the others must not pay for it.
  process.on('unhandledRejection', (error) =>
    logger.error({ err: error }, 'a rejection was not handled: this is a bug'),
  )
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'an exception was not caught: this is a bug')
    void stop('an uncaught exception', 1)
  })

  try {
    const demo = config.demo ? await startSimulator(config, stops) : undefined
    const { compose } = await import('./compose.ts')
    const service = compose(demo?.config ?? config, logger)
    stops.push(service.stop)
    await service.start()
    if (demo && !stopping) {
      const { openDemo } = await import('./demo.ts')
      const { dashboardUrl, overlayUrl } = await openDemo(demo)
      process.stdout.write(demoWords(dashboardUrl, overlayUrl, demo.config))
    }
  } catch (error) {
    if (stopping) return
    const exitCode = error instanceof StartError ? error.exitCode : 1
    if (error instanceof StartError) for (const line of error.lines) process.stderr.write(`${line}\n`)
    else logger.fatal({ err: error }, 'the start failed')
    await stop('the start failed', exitCode)
  }
}

/**
 * npm passes SIGTERM to the shell it runs us in, and the shell to nobody: whoever stops `npm start`, in a container or
 * a service, would leave us behind. The shell's end is the sign. (On Windows a process keeps its parent's number.)
 */
function stopWithParent(stop: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, PARENT_CHECK_MS)
  timer.unref()
}

async function startSimulator(config: Config, stops: Array<() => Promise<void>>) {
  const { startDemoPlatforms } = await import('./demo.ts')
  const platforms = await startDemoPlatforms(config)
  stops.push(platforms.stop)
  return platforms
}

function tryTo<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    for (const line of error.lines) process.stderr.write(`${line}\n`)
    process.exit(error.exitCode)
  }
}

function demoWords(dashboardUrl: string, overlayUrl: string, config: Config): string {
  return `
  Chatfolk runs in demo mode: no accounts, simulated platforms, 25 viewers who talk,
  and a donation every ten seconds while you watch.

    Dashboard  ${dashboardUrl}
    Overlay    ${overlayUrl}
    Wardrobe   ${new URL('/me', dashboardUrl).href}
    Simulator  ${config.donationAlerts.url}

  Open the overlay in a browser or as an OBS browser source (1920×1080). Stop with Ctrl+C.
  To go live, set TWITCH_CLIENT_ID and the other variables of the README.

`
}
