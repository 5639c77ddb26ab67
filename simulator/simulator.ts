import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { APPLICATIONS } from './applications.ts'
import { createMovableClock, type Clock, type MovableClock } from './clock.ts'
import { createControl } from './control/control.ts'
import { pageRoutes } from './control/page.ts'
import { createChannels, type Channels } from './donationalerts/channels.ts'
import { createDonations, type Donations } from './donationalerts/donations.ts'
import { oauthRoutes } from './donationalerts/oauth.ts'
import { createRateWindow } from './donationalerts/rate-window.ts'
import { restRoutes } from './donationalerts/rest.ts'
import { createSocketTokens, type SocketTokens } from './donationalerts/socket-tokens.ts'
import { createSocketServer, type SocketServer } from './donationalerts/socket.ts'
import { createFaults, type Faults } from './faults.ts'
import { createGateway } from './gateway.ts'
import { createGrants, type Grants } from './grants.ts'
import { answer } from './http.ts'
import { createPeople, type People } from './people.ts'
import { createRandom } from './random.ts'
import { createRequestLog, type RequestLog } from './request-log.ts'
import { startDemoChat } from './scenarios/demo-chat.ts'
import { gatherViewers } from './scenarios/demo-viewers.ts'
import { DEMO_STREAMER, startDemo } from './scenarios/demo.ts'
import { DEFAULT_SWITCHES, type Switches } from './switches.ts'
import { createTwitch, type Twitch } from './twitch/twitch.ts'

export interface SimulatorOptions {
  /** 0 takes a free one. */
  port?: number
  host?: string
  /** What time is made of; the simulator's own can be pushed forward on top of it. */
  clock?: Clock
  /** Decides groups of replies, epochs and the demo's evening. */
  seed?: number
  /** One streamer who is given something every few seconds. */
  demo?: boolean
  strictApps?: boolean
  rateWindowMs?: number
  switches?: Partial<Switches>
  /** Signs all tokens. With a fixed one sign-ins outlive the simulator. */
  signingKey?: string
}

/** Twitch and DonationAlerts on one port. The handles are the same things that the control API turns. */
export interface Simulator {
  url: string
  close(): Promise<void>
  clock: MovableClock
  people: People
  donations: Donations
  channels: Channels
  sockets: SocketServer
  socketTokens: SocketTokens
  twitch: Twitch
  twitchGrants: Grants
  daGrants: Grants
  faults: Faults
  switches: Switches
  log: RequestLog
  /** As at the start. */
  reset(): void
}

/** How long the other side gets to answer our pings when time is pushed. Over loopback it takes less than one. */
const SETTLE_MS = 50

/** What a bot needs to read and to speak. */
const DEMO_SCOPES = ['user:read:chat', 'user:write:chat', 'user:bot', 'channel:bot']

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', demo = false, strictApps = false, seed = 1, rateWindowMs = 60_000 } = options
  const signingKey = options.signingKey ?? randomBytes(32).toString('base64url')
  const initialSwitches: Switches = {
    ...DEFAULT_SWITCHES,
    autoApprove: demo,
    strictApps,
    rateWindowMs,
    ...options.switches,
  }

  const clock = createMovableClock({ ...(options.clock ? { source: options.clock } : {}), settle })
  const random = createRandom(seed)
  const switches = { ...initialSwitches }
  const people = createPeople()
  const faults = createFaults(clock)
  const log = createRequestLog(clock)
  const gateway = createGateway({ clock, faults, log })
  const twitchGrants = createGrants({ clock, key: `${signingKey} twitch`, readable: false })
  const daGrants = createGrants({ clock, key: `${signingKey} da`, readable: true })
  const socketTokens = createSocketTokens(clock, `${signingKey} socket`)
  const channels = createChannels(clock, random, switches)
  const donations = createDonations(clock, channels)
  const rateWindow = createRateWindow(clock, switches)
  const twitch = createTwitch({ clock, random, people, grants: twitchGrants, switches, faults, log, gateway })
  const sockets = createSocketServer({ clock, random, switches, channels, tokens: socketTokens, faults, log })

  async function settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    const deadline = performance.now() + SETTLE_MS
    const awaitsPong = () =>
      [...sockets.sessions(), ...twitch.sockets.sessions()].some((session) => session.awaitsPong())
    while (awaitsPong() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 1))
  }

  const populate = () => {
    if (!demo) return
    people.add(DEMO_STREAMER)
    gatherViewers(twitch, DEMO_STREAMER.twitchId)
    // Sign-ins outlive a simulator of the demo, and so does what they allowed.
    twitch.authorizations.allow(DEMO_STREAMER.twitchId, APPLICATIONS.twitch, DEMO_SCOPES)
  }
  const reset = () => {
    for (const session of sockets.sessions()) session.terminate()
    for (const part of [people, faults, log, twitch, twitchGrants, daGrants, channels, donations, rateWindow])
      part.clear()
    Object.assign(switches, initialSwitches)
    populate()
  }
  populate()

  const da = { clock, people, grants: daGrants, switches, gateway, rateWindow }
  const routes = [
    ...twitch.routes,
    ...oauthRoutes(da),
    ...restRoutes({ ...da, donations, socketTokens, userOfClient: sockets.userOfClient }),
    ...createControl({
      clock,
      people,
      donations,
      channels,
      sockets,
      twitch,
      twitchGrants,
      daGrants,
      faults,
      switches,
      log,
      rateWindow,
      reset,
    }),
    ...pageRoutes(),
  ]

  const server = createServer((request, response) => void answer(routes, request, response))
  /** Connections that left HTTP, or hang on the way out of it: the server no longer knows them. */
  const upgrades = new Set<Duplex>()
  server.on('upgrade', (request, socket, head) => {
    upgrades.add(socket)
    socket.once('close', () => upgrades.delete(socket))
    const path = request.url?.split('?')[0]
    if (path === '/connection/websocket') sockets.upgrade(request, socket, head)
    else if (path === '/ws') twitch.sockets.upgrade(request, socket, head)
    else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  })
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    else socket.destroy()
  })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
  const stopDemo = demo ? startDemos() : () => {}
  function startDemos(): () => void {
    const stopDonations = startDemo({ clock, random: createRandom(seed + 1), sockets, donations, people })
    const channelId = DEMO_STREAMER.twitchId
    const stopChat = startDemoChat({ clock, random: createRandom(seed + 2), twitch, channelId })
    return () => {
      stopDonations()
      stopChat()
    }
  }

  return {
    url: `http://${name === '0.0.0.0' || name === '[::]' ? '127.0.0.1' : name}:${address.port}`,
    async close() {
      stopDemo()
      sockets.stop()
      twitch.sockets.stop()
      clock.stop()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      for (const socket of upgrades) socket.destroy()
      await closed
    },
    clock,
    people,
    donations,
    channels,
    sockets,
    socketTokens,
    twitch,
    twitchGrants,
    daGrants,
    faults,
    switches,
    log,
    reset,
  }
}
