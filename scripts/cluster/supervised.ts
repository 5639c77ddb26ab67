import { lastWords, type Exit, type RunningProcess } from './processes.ts'

/** A process that comes back when it dies, as under systemd or Kubernetes. */
export interface Supervised {
  name: string
  port: number
  logFile: string
  pid(): number | undefined
  /** How often it was started again by itself. */
  restarts(): number
  isReady(): Promise<boolean>
  /** Begins it and waits until it is ready. */
  start(): Promise<void>
  /** Ends it in order, and for good: until {@link start}. */
  stop(): Promise<void>
  /** Takes it away, as a crash would; whether it comes back is the supervisor's affair. Returns when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
  pause(): void
  resume(): void
  send(message: object): void
}

export interface SupervisedOptions {
  name: string
  port: number
  spawn(): RunningProcess
  isReady(): Promise<boolean>
  /** How long to wait before it is begun anew: doubled with each death that follows soon. `null`: it stays dead. */
  restart: { firstMs: number; maxMs: number } | null
  readyWithinMs?: number
  onDeath?: (death: { name: string; exit: Exit; againInMs: number | null }) => void
}

const READY_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 25
/** Who lived this long died of something else than the last time. */
const FORGIVEN_AFTER_MS = 30_000

export function createSupervised(options: SupervisedOptions): Supervised {
  const { name, port, spawn, isReady, restart, readyWithinMs = READY_WITHIN_MS, onDeath } = options
  let running: RunningProcess | undefined
  let logFile = ''
  let wanted = false
  let restarts = 0
  let failures = 0
  let timer: NodeJS.Timeout | undefined

  const begin = () => {
    const bornAt = performance.now()
    const current = spawn()
    running = current
    logFile = current.logFile
    void current.exited.then((exit) => {
      if (running !== current || !wanted) return
      failures = performance.now() - bornAt > FORGIVEN_AFTER_MS ? 0 : failures
      const againInMs = restart ? Math.min(restart.maxMs, restart.firstMs * 2 ** failures) : null
      failures += 1
      onDeath?.({ name, exit, againInMs })
      if (againInMs === null) return
      timer = setTimeout(() => {
        restarts += 1
        begin()
      }, againInMs)
    })
    return current
  }

  return {
    name,
    port,
    get logFile() {
      return logFile
    },
    pid: () => (running?.isRunning() ? running.pid : undefined),
    restarts: () => restarts,
    isReady,
    async start() {
      wanted = true
      clearTimeout(timer)
      const current = running?.isRunning() ? running : begin()
      const deadline = performance.now() + readyWithinMs
      while (!(await isReady())) {
        if (current.isRunning() && performance.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
          continue
        }
        const how = current.isRunning() ? `was not ready within ${readyWithinMs} ms` : 'ended while it started'
        throw new Error(`${name} ${how}. The end of ${current.logFile}:\n${await lastWords(current.logFile)}`)
      }
    },
    async stop() {
      wanted = false
      clearTimeout(timer)
      await running?.stop()
    },
    async kill(signal = 'SIGKILL') {
      running?.signal(signal)
      await running?.exited
    },
    pause: () => running?.signal('SIGSTOP'),
    resume: () => running?.signal('SIGCONT'),
    send: (message) => running?.send(message),
  }
}

export const answersHttp = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    async (answer) => {
      await answer.body?.cancel()
      return answer.ok
    },
    () => false,
  )
