import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { createMetrics } from '../../src/base/metrics.ts'
import type { StreamPosition } from '../../src/domain/donation.ts'
import { createDonationAlerts } from '../../src/platforms/donationalerts/donation-alerts.ts'
import { createDonationAlertsOAuth } from '../../src/platforms/donationalerts/oauth.ts'
import type {
  DonationSocket,
  DonationSource,
  Publication,
  SubscribeResult,
} from '../../src/platforms/donation-source.ts'
import type { OAuthProvider, TokenPair } from '../../src/platforms/oauth-provider.ts'
import { createPlatformRequest } from '../../src/platforms/request.ts'
import { startSimulator } from '../../simulator/simulator.ts'
import { silentLogger } from './logger.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'

export const DA_APPLICATION = 'chatfolk-da'
export const SCOPES = ['oauth-user-show', 'oauth-donation-index', 'oauth-donation-subscribe']

/** A streamer of the simulator who has let us in, and our client in front of it. */
export interface SimulatedStreamer {
  url: string
  control: Control
  accountId: string
  oauth: OAuthProvider
  tokens: TokenPair
  source: DonationSource
  /** Moves only the client's own timers and deadlines. */
  clock: ManualClock
  open(options?: { position?: StreamPosition | null; socketToken?: string }): Promise<SimulatedStream>
}

export interface SimulatedStream {
  socket: DonationSocket
  subscriptions: SubscribeResult[]
  publications: Publication[]
  signatures: number
}

/** Asks the simulator's control API; its reply as it is. */
export type Control = <Reply = unknown>(method: string, path: string, body?: unknown) => Promise<Reply>

export async function startSimulatedStreamer(t: Pick<TestContext, 'after'>): Promise<SimulatedStreamer> {
  const simulator = await startSimulator({ port: 0 })
  t.after(() => simulator.close())
  const { url } = simulator
  const control = createControl(url)
  const { daId } = await control<{ daId: string }>('POST', '/control/streamers', { login: 'ivan', name: 'Ivan' })

  const clock = createManualClock()
  const request = createPlatformRequest({ clock, metrics: createMetrics() })
  const oauth = createDonationAlertsOAuth({
    url,
    applications: new Map([[DA_APPLICATION, `${DA_APPLICATION}-secret`]]),
    request,
  })
  const code = await letIn(oauth, 'ivan')
  const tokens = await oauth.exchangeCode({ application: DA_APPLICATION, redirectUri: CALLBACK, code })
  const source = createDonationAlerts({
    url,
    socketUrl: `${url.replace('http', 'ws')}/connection/websocket`,
    request,
    clock,
    random: () => 1,
    logger: silentLogger,
  })
  return {
    url,
    control,
    accountId: daId,
    oauth,
    tokens,
    source,
    clock,
    async open({ position = null, socketToken } = {}) {
      const { accessToken } = tokens
      const token = socketToken ?? (await source.profile(accessToken)).socketToken
      const stream: Omit<SimulatedStream, 'socket'> = { subscriptions: [], publications: [], signatures: 0 }
      const socket = source.openSocket({
        accountId: daId,
        socketToken: token,
        position: () => position,
        sign(client) {
          stream.signatures += 1
          return source.signSubscription({ accessToken, accountId: daId, client })
        },
        onSubscribed: (result) => void stream.subscriptions.push(result),
        onPublication: (publication) => void stream.publications.push(publication),
      })
      t.after(() => socket.close())
      return Object.assign(stream, { socket })
    },
  }
}

const CALLBACK = 'http://127.0.0.1:3000/auth/donationalerts/callback'

/** Goes through the consent page as the streamer does, and comes back with the code. */
export async function letIn(oauth: OAuthProvider, login: string): Promise<string> {
  const url = oauth.authorizeUrl({ application: DA_APPLICATION, redirectUri: CALLBACK, state: 's', scopes: SCOPES })
  return codeOf(`${url}&login_as=${login}`)
}

export async function codeOf(authorizeUrl: string): Promise<string> {
  const response = await fetch(authorizeUrl, { redirect: 'manual' })
  const back = new URL(response.headers.get('location') ?? assert.fail(`no redirect but ${response.status}`))
  return back.searchParams.get('code') ?? assert.fail(back.search)
}

/** The control API of the simulator at this address. */
export function createControl(url: string): Control {
  return async <Reply>(method: string, path: string, body?: unknown) => {
    const response = await fetch(url + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return (text === '' ? null : JSON.parse(text)) as Reply
  }
}
