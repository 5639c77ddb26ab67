import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts'
import { eventually } from './eventually.ts'
import { openRawSocket, type RawSocket, type RawSocketOptions } from './raw-socket.ts'

type Platform = 'twitch' | 'da'

/** A reply, its body read as JSON where it is JSON. */
export interface Answer {
  status: number
  headers: Headers
  text: string
  body: Record<string, unknown>
}

export interface Tokens {
  access_token: string
  refresh_token: string
  expires_in: number
}

/** The simulator, and the words to speak with it as any client or script would. */
export interface SimulatedPlatforms {
  simulator: Simulator
  url: string
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>
  /** Fails the test where the control API refuses. */
  control(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  token(platform: Platform, fields: Record<string, string>): Promise<Answer>
  /** Through the consent page, as this person. */
  signIn(platform: Platform, login: string, options?: { scopes?: string; client?: string }): Promise<Tokens>
  consent(platform: Platform, fields: Record<string, string>): Promise<Answer>
  refresh(platform: Platform, refreshToken: string): Promise<Answer>
  open(options?: RawSocketOptions): Promise<RawSocket>
  /** A socket that listens to the person's donations. */
  listen(daId: string, options?: RawSocketOptions): Promise<RawSocket & { client: string }>
}

export interface AskOptions {
  token?: string
  body?: unknown
  headers?: Record<string, string>
}

export const DA_SCOPES = 'oauth-user-show oauth-donation-index oauth-donation-subscribe'

const PATHS = { twitch: '/oauth2', da: '/oauth' }
const CALLBACKS = {
  twitch: 'http://localhost:3000/auth/twitch/callback',
  da: 'http://localhost:3000/auth/donationalerts/callback',
}
export const CLIENTS = { twitch: 'chatfolk-twitch', da: 'chatfolk-da' }

/** Starts a simulator with two people: `ivan` (7 at DonationAlerts) and `maria` (8). */
export async function startPlatforms(
  t: Pick<TestContext, 'after'>,
  options: SimulatorOptions = {},
): Promise<SimulatedPlatforms> {
  const simulator = await startSimulator(options)
  t.after(() => simulator.close())
  const { url } = simulator
  simulator.people.add({ twitchId: '107', login: 'ivan', name: 'Иван', daId: '7' })
  simulator.people.add({ twitchId: '108', login: 'maria', name: 'Мария', daId: '8' })

  const ask: SimulatedPlatforms['ask'] = async (method, path, { token, body, headers } = {}) => {
    const isForm = body instanceof URLSearchParams
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isForm || typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') && text !== ''
    const read = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
    return { status: response.status, headers: response.headers, text, body: read }
  }
  const token: SimulatedPlatforms['token'] = (platform, fields) =>
    ask('POST', `${PATHS[platform]}/token`, {
      body: new URLSearchParams({
        client_id: CLIENTS[platform],
        client_secret: `${fields['client_id'] ?? CLIENTS[platform]}-secret`,
        ...fields,
      }),
    })
  const consent: SimulatedPlatforms['consent'] = (platform, fields) => {
    const query = new URLSearchParams({
      client_id: CLIENTS[platform],
      redirect_uri: CALLBACKS[platform],
      response_type: 'code',
      scope: platform === 'da' ? DA_SCOPES : '',
      state: 'a state',
      ...fields,
    })
    return ask('GET', `${PATHS[platform]}/authorize?${query.toString()}`)
  }
  const open = (options?: RawSocketOptions) => openRawSocket(t, url, options)

  return {
    simulator,
    url,
    ask,
    token,
    consent,
    open,
    async control(method, path, body) {
      const answer = await ask(method, `/control/${path}`, { body })
      assert.ok(answer.status < 300, `${method} /control/${path}: ${answer.status} ${answer.text}`)
      return answer.body
    },
    async signIn(platform, login, { scopes = platform === 'da' ? DA_SCOPES : '', client = CLIENTS[platform] } = {}) {
      const answer = await consent(platform, { login_as: login, scope: scopes, client_id: client })
      const { code } = backOf(answer)
      const tokens = await token(platform, {
        grant_type: 'authorization_code',
        client_id: client,
        code: code ?? assert.fail(answer.text),
        redirect_uri: CALLBACKS[platform],
      })
      assert.equal(tokens.status, 200, tokens.text)
      return tokens.body as unknown as Tokens
    },
    refresh: (platform, refreshToken) => token(platform, { grant_type: 'refresh_token', refresh_token: refreshToken }),
    async listen(daId, options) {
      const socket = await open(options)
      const tokens = simulator.socketTokens
      socket.send(JSON.stringify({ params: { token: tokens.connect({ user: daId }) }, id: 1 }))
      const { result } = JSON.parse(await socket.next()) as { result: { client: string } }
      const channel = `$alerts:donation_${daId}`
      const signature = tokens.subscribe({ client: result.client, channel })
      socket.send(JSON.stringify({ params: { channel, token: signature }, method: 1, id: 2 }))
      await eventually('the own join', () => socket.waiting().length >= 2)
      socket.waiting().length = 0
      return { ...socket, client: result.client }
    },
  }
}

/** What a consent page sends back with the person: the fields of the redirect. */
export function backOf({ headers, text, status }: Answer): Record<string, string> {
  const location = headers.get('location') ?? assert.fail(`no redirect but ${status} ${text}`)
  return Object.fromEntries(new URL(location).searchParams)
}

/** What was published, as the socket heard it so far. */
export function heard(socket: RawSocket): { seq: number; id: number }[] {
  return socket.waiting().flatMap((line) => {
    const { result } = JSON.parse(line) as { result?: { type?: number; data?: { seq: number; data: { id: number } } } }
    return result?.data && result.type === undefined ? [{ seq: result.data.seq, id: result.data.data.id }] : []
  })
}
