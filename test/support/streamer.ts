import assert from 'node:assert/strict'

/** A person's browser without the pictures: cookies, redirects, and the Origin header of our own pages. */
export interface Streamer {
  login: string
  daId: string
  channelId: string
  overlayUrl: string
  get<Body = Record<string, unknown>>(path: string): Promise<Body>
  send(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Response>
  connectDonations(): Promise<void>
  /** Once more, as after a session ended. */
  signIn(): Promise<void>
  /** Allows the bot all that it needs, and turns it on. */
  turnBotOn(): Promise<void>
  /** Allows the bot all that it needs. */
  allowChat(): Promise<void>
}

const ALLOW_CHAT = '/auth/twitch/login?return=/dashboard&permissions=chat'

export interface StreamerOptions {
  baseUrl: string
  simulatorUrl: string
  login: string
  /** Leaves DonationAlerts unconnected. */
  withoutDonations?: boolean
}

/** Creates a person on the simulated platforms and takes them through everything a new streamer does. */
export async function joinAsStreamer({
  baseUrl,
  simulatorUrl,
  login,
  withoutDonations = false,
}: StreamerOptions): Promise<Streamer> {
  const created = await fetch(`${simulatorUrl}/control/streamers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login, name: login.toUpperCase() }),
  })
  assert.ok(created.ok, `the simulator refused a streamer: ${created.status}`)
  const { daId } = (await created.json()) as { daId: string }
  const streamer = createBrowser(baseUrl)
  await streamer.signIn('/auth/twitch/login?return=/dashboard', login)
  const channel = (await (await streamer.send('POST', '/api/channel')).json()) as { id: string; overlayUrl: string }
  if (!withoutDonations) await streamer.signIn('/auth/donationalerts/login?return=/dashboard', login)
  return {
    login,
    daId,
    channelId: channel.id,
    overlayUrl: channel.overlayUrl,
    get: streamer.get,
    send: streamer.send,
    allowChat: () => streamer.signIn(ALLOW_CHAT, login),
    connectDonations: () => streamer.signIn('/auth/donationalerts/login?return=/dashboard', login),
    signIn: () => streamer.signIn('/auth/twitch/login?return=/dashboard', login),
    async turnBotOn() {
      await streamer.signIn(ALLOW_CHAT, login)
      const answer = await streamer.send('POST', '/api/channel/bot', { enabled: true })
      assert.ok(answer.ok, `the bot was not turned on: ${answer.status}`)
    },
  }
}

/** Cookies and redirects, nothing more. */
export function createBrowser(baseUrl: string) {
  const cookies = new Map<string, string>()

  const request = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const response = await fetch(new URL(path, baseUrl), {
      method,
      redirect: 'manual',
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(method === 'GET' ? {} : { origin: new URL(baseUrl).origin }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (name !== undefined && value !== undefined) cookies.set(name, value)
    }
    return response
  }

  return {
    async get<Body = Record<string, unknown>>(path: string): Promise<Body> {
      const response = await request('GET', path)
      assert.ok(response.ok, `GET ${path}: ${response.status} ${await response.clone().text()}`)
      return (await response.json()) as Body
    },
    send: (method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) => request(method, path, body),
    raw: request,
    /** Everything the site has stored in this browser. */
    cookies: (): ReadonlyMap<string, string> => cookies,
    async signIn(path: string, loginAs: string): Promise<void> {
      const consent = new URL((await request('GET', path)).headers.get('location') ?? '')
      consent.searchParams.set('login_as', loginAs)
      const callback = (await fetch(consent, { redirect: 'manual' })).headers.get('location')
      assert.ok(callback, `the simulator did not let ${loginAs} in`)
      const end = (await request('GET', callback)).headers.get('location') ?? ''
      assert.ok(!end.includes('auth_error'), `the sign-in ended at ${end}`)
    },
  }
}
