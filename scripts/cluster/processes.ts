import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, openSync, closeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface RunningProcess {
  pid: number
  logFile: string
  exited: Promise<Exit>
  isRunning(): boolean
  /** Harmless where it has ended. */
  signal(name: NodeJS.Signals): void
  /** Ends in order; by force where that takes longer than `withinMs`. A paused process ends too. */
  stop(withinMs?: number): Promise<Exit>
  /** To a process that was started with a channel. */
  send(message: object): void
}

export interface Command {
  name: string
  program: string
  args: readonly string[]
  cwd?: string
  /** All that the process gets to see of an environment, besides PATH. */
  env?: Readonly<Record<string, string>>
  /** Opens a channel to it, for {@link RunningProcess.send}. */
  channel?: boolean
  /** How it is told to end. */
  endSignal?: NodeJS.Signals
}

/** Processes that end when we do, however we end. */
export interface Processes {
  start(command: Command): RunningProcess
  /** Takes over a process that somebody else began, with its output in `logFile`. */
  adopt(child: ChildProcess, options: { logFile: string; endSignal: NodeJS.Signals }): RunningProcess
  logFile(name: string): string
  /** When all of them have been stopped: nobody watches over them any more. */
  close(): Promise<void>
}

/** A node hands over what it has for up to 25 s. */
const STOP_WITHIN_MS = 28_000

/** One log file a name in `logs`. What is in `remove` goes when we do. */
export function createProcesses({ logs, remove }: { logs: string; remove: readonly string[] }): Processes {
  mkdirSync(logs, { recursive: true })
  const guard = startGuard(remove)
  const logFile = (name: string) => join(logs, `${name}.log`)

  const adopt: Processes['adopt'] = (child, { logFile, endSignal }) => {
    const { pid } = child
    const exited = new Promise<Exit>((resolve) => {
      child.once('error', () => resolve({ code: 127, signal: null }))
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    if (pid !== undefined) {
      guard.add(pid, endSignal)
      void exited.then(() => guard.remove(pid))
    }
    const isRunning = () => pid !== undefined && child.exitCode === null && child.signalCode === null
    return {
      pid: pid ?? 0,
      logFile,
      exited,
      isRunning,
      signal: (name) => void (isRunning() && child.kill(name)),
      send: (message) => void (child.connected && child.send(message, () => {})),
      async stop(withinMs = STOP_WITHIN_MS) {
        if (!isRunning()) return exited
        child.kill(endSignal)
        child.kill('SIGCONT')
        const force = setTimeout(() => child.kill('SIGKILL'), withinMs)
        const exit = await exited
        clearTimeout(force)
        return exit
      },
    }
  }

  return {
    adopt,
    logFile,
    start({ name, program, args, cwd, env = {}, channel = false, endSignal = 'SIGTERM' }) {
      const file = logFile(name)
      const log = openSync(file, 'a')
      const child = spawn(program, args, {
        // A process group of its own: Ctrl-C in the terminal is for us, who then end everything in order.
        detached: true,
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', log, log, ...(channel ? (['ipc'] as const) : [])],
        ...(cwd === undefined ? {} : { cwd }),
      })
      closeSync(log)
      return adopt(child, { logFile: file, endSignal })
    },
    close: guard.close,
  }
}

/** The last words of a process, for somebody who asks why it ended. */
export async function lastWords(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  return text.slice(-1_500).trim()
}

/**
 * A shell that reads from us whom to end: `add <pid> <signal>`, `remove <pid>`. The pipe closes when we are gone, were
 * it by SIGKILL; then it ends who is left.
 */
function startGuard(remove: readonly string[]) {
  const script = `exec 2>/dev/null
    pids=
    while read -r what pid signal; do
      case $what in
        add) pids="$pids $pid:$signal" ;;
        remove) left=; for each in $pids; do [ "\${each%%:*}" = "$pid" ] || left="$left $each"; done; pids=$left ;;
      esac
    done
    for each in $pids; do kill -s "\${each#*:}" "\${each%%:*}"; kill -s CONT "\${each%%:*}"; done
    for turn in $(seq 100); do
      left=
      for each in $pids; do kill -0 "\${each%%:*}" && left="$left \${each%%:*}"; done
      [ -z "$left" ] && break
      sleep 0.1
    done
    [ -n "$left" ] && kill -s KILL $left
    rm -rf "$@"`
  const child = spawn('sh', ['-c', script, 'sh', ...remove], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  child.unref()
  ;(child.stdin as unknown as { unref(): void }).unref()
  child.stdin.on('error', () => {})
  return {
    add: (pid: number, signal: NodeJS.Signals) => void child.stdin.write(`add ${pid} ${signal.slice(3)}\n`),
    remove: (pid: number) => void child.stdin.write(`remove ${pid}\n`),
    close() {
      child.ref()
      child.stdin.end()
      return gone
    },
  }
}
