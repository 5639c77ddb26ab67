import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { StartError } from './base/errors.ts'
import type { Config } from './config.ts'
import type { SettingsPatch } from './domain/settings.ts'

/** The simulator runs as a process of its own and speaks to us over the platforms' protocols alone. */
const SIMULATOR = join(import.meta.dirname, '..', 'simulator', 'main.ts')

const READY_WITHIN_MS = 15_000
/** The simulator's demo streamer, at both platforms. */
const STREAMER = 'demo'
/** The simulator gives something every 10 s: what is shown for 6 s leaves room for tests, and the queue stays short. */
const CALM: SettingsPatch = { alerts: { durationS: 6 } }

/** With so many in the queue nobody is watching: their evening stands still, and a test is not behind a hundred others. */
const ENOUGH_WAITING = 4
const LOOK_EVERY_MS = 2_000

export interface DemoPlatforms {
  /** Points at the simulated platforms. */
  config: Config
  /** Nobody donates while this is on. */
  hold(on: boolean): void
  stop(): Promise<void>
}

/** Starts the simulated platforms. */
export async function startDemoPlatforms(config: Config): Promise<DemoPlatforms> {
  const child = spawn(process.execPath, [SIMULATOR, '--port', '0', '--demo'], {
    // The open channel tells the simulator when we are gone, however we went.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  }) as ChildProcessByStdio<null, Readable, null>
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), 2_000)
    await gone
    clearTimeout(force)
  }
  const url = await Promise.race([readyUrl(child.stdout), failure(child), timeout()]).catch(async (cause: unknown) => {
    await stop()
    throw new StartError(69, ['The simulated platforms of the demo did not start.'], { cause })
  })
  const webSocketUrl = url.replace(/^http/, 'ws')
  return {
    stop,
    hold: (on) => void (child.connected && child.send({ hold: on }, () => {})),
    config: {
      ...config,
      twitch: {
        clientId: 'chatfolk-twitch',
        clientSecret: 'chatfolk-twitch-secret',
        authUrl: `${url}/oauth2`,
        apiUrl: `${url}/helix`,
        eventSubUrl: `${webSocketUrl}/ws`,
        botUserId: null,
        messagesPer30S: null,
      },
      donationAlerts: {
        applications: [{ clientId: 'chatfolk-da', clientSecret: 'chatfolk-da-secret' }],
        url,
        socketUrl: `${webSocketUrl}/connection/websocket`,
        secondSocket: false,
      },
    },
  }
}

export interface DemoLinks {
  dashboardUrl: string
  overlayUrl: string
}

/**
 * Signs the demo streamer in, turns the bot on and connects the donations, by the very requests that a person's browser
 * would make: there is no other door.
 */
export async function openDemo({ config, hold }: Pick<DemoPlatforms, 'config' | 'hold'>): Promise<DemoLinks> {
  const browser = createBrowser(config)
  await browser.signIn('/auth/twitch/login?permissions=chat&return=/dashboard')
  const { status } = await browser.send('POST', '/api/channel')
  // Once: what one has changed since then stays.
  if (status === 201) await browser.send('PATCH', '/api/channel', CALM)
  await browser.signIn('/auth/donationalerts/login?return=/dashboard')
  const look = async () =>
    JSON.parse((await browser.send('GET', '/api/channel')).body) as {
      overlayUrl: string
      alerts: { queued: number }
      bot: { since: string | null }
    }
  const { overlayUrl, bot } = await look()
  // Never touched: a new demo, or one from before there was a bot.
  if (bot.since === null) await browser.send('POST', '/api/channel/bot', { enabled: true })
  setInterval(() => {
    const enough = look().then(({ alerts }) => alerts.queued >= ENOUGH_WAITING)
    // Whoever broke the database by hand shall see donations arrive all the same.
    void enough.catch(() => false).then(hold)
  }, LOOK_EVERY_MS).unref()
  return { dashboardUrl: `${config.baseUrl}/dashboard`, overlayUrl }
}

interface Answer {
  status: number
  location: string
  body: string
}

function createBrowser({ baseUrl, host, port }: Config) {
  const cookies = new Map<string, string>()
  /** The public name may lead elsewhere, or nowhere yet; the node itself is here. */
  const hostname = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host

  const send = async (method: 'GET' | 'POST' | 'PATCH', path: string, content?: unknown): Promise<Answer> => {
    const outgoing = request({
      hostname,
      port,
      path,
      method,
      headers: {
        host: new URL(baseUrl).host,
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        // Of the terminal that the demo was started in: LANG on Linux and macOS, the user's own on Windows.
        'accept-language': Intl.DateTimeFormat().resolvedOptions().locale,
        ...(method === 'GET' ? {} : { origin: new URL(baseUrl).origin }),
        ...(content === undefined ? {} : { 'content-type': 'application/json' }),
      },
    }).end(content === undefined ? undefined : JSON.stringify(content))
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    for (const line of incoming.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (name !== undefined && value !== undefined) cookies.set(name, value)
    }
    const status = incoming.statusCode ?? 0
    if (status >= 400) throw new Error(`the demo could not be set up: ${path.split('?')[0]} answered ${status}`)
    return { status, location: incoming.headers.location ?? '', body: await text(incoming) }
  }
  return {
    send,
    /** To the platform and back. */
    async signIn(path: string) {
      const consent = new URL((await send('GET', path)).location)
      consent.searchParams.set('login_as', STREAMER)
      const answer = await fetch(consent, { redirect: 'manual' })
      const back = new URL(answer.headers.get('location') ?? '')
      const end = (await send('GET', back.pathname + back.search)).location
      const failure = new URL(end, baseUrl).searchParams.get('auth_error')
      if (failure) throw new Error(`the demo could not be set up: ${failure}`)
    },
  }
}

async function readyUrl(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const message = parse(line)
    if (message?.ready) return message.url
  }
  throw new Error('the simulator ended')
}

function parse(line: string): { ready: boolean; url: string } | undefined {
  try {
    return JSON.parse(line) as { ready: boolean; url: string }
  } catch {
    return undefined
  }
}

async function failure(child: ChildProcess): Promise<never> {
  const [error] = (await once(child, 'error')) as [Error]
  throw error
}

async function timeout(): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, READY_WITHIN_MS).unref())
  throw new Error(`the simulator was not ready within ${READY_WITHIN_MS} ms`)
}
