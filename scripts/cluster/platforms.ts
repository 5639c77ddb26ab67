import { join } from 'node:path'
import type { Processes } from './processes.ts'
import { answersHttp, createSupervised, type Supervised, type SupervisedOptions } from './supervised.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'simulator', 'main.ts')

export interface PlatformsOptions {
  processes: Processes
  port: number
  /** A streamer who is given something every few seconds, with a chat of 25. */
  demo?: boolean
  /** More of the simulator's own options. */
  args?: readonly string[]
  restart?: SupervisedOptions['restart']
  onDeath?: SupervisedOptions['onDeath']
}

/** Twitch and DonationAlerts, simulated, on one port. */
export function createPlatforms(options: PlatformsOptions): Supervised & { environment: Record<string, string> } {
  const { processes, port, demo = false, args = [], restart = null, onDeath } = options
  const url = `http://127.0.0.1:${port}`
  const supervised = createSupervised({
    name: 'simulator',
    port,
    restart,
    ...(onDeath ? { onDeath } : {}),
    isReady: () => answersHttp(`${url}/control/state`),
    spawn: () =>
      processes.start({
        name: 'simulator',
        program: process.execPath,
        args: [MAIN, '--port', String(port), ...(demo ? ['--demo'] : []), ...args],
        // It ends with us by itself as well, and the demo is told when to hold.
        channel: true,
      }),
  })
  return Object.assign(supervised, { environment: simulatedPlatforms(url) })
}

/** What points a node at the simulator. */
function simulatedPlatforms(url: string): Record<string, string> {
  const webSocketUrl = url.replace(/^http/, 'ws')
  return {
    TWITCH_CLIENT_ID: 'chatfolk-twitch',
    TWITCH_CLIENT_SECRET: 'chatfolk-twitch-secret',
    TWITCH_AUTH_URL: `${url}/oauth2`,
    TWITCH_API_URL: `${url}/helix`,
    TWITCH_EVENTSUB_URL: `${webSocketUrl}/ws`,
    DONATIONALERTS_CLIENT_ID: 'chatfolk-da',
    DONATIONALERTS_CLIENT_SECRET: 'chatfolk-da-secret',
    DONATIONALERTS_URL: url,
    DONATIONALERTS_SOCKET_URL: `${webSocketUrl}/connection/websocket`,
  }
}
