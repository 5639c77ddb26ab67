import type { TestContext } from 'node:test'
import { createLogger, type Logger } from '../../src/base/logger.ts'
import type { StreamPosition } from '../../src/domain/donation.ts'
import type { DonationSocket, Publication, SocketEnd, SubscribeResult } from '../../src/platforms/donation-source.ts'
import { openDonationSocket } from '../../src/platforms/donationalerts/socket.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { startScriptedServer, type ScriptedConnection } from './scripted-socket.ts'

/** A donation socket in front of a server whose words the test says. */
export interface TestedSocket {
  socket: DonationSocket
  server: ScriptedConnection
  clock: ManualClock
  /** What the owner was told, in order. */
  events: ({ subscribed: SubscribeResult } | { publication: Publication })[]
  publications(): Publication[]
  /** The clients for which a signature was asked. */
  signed: string[]
  logged: Record<string, unknown>[]
  end(): Promise<SocketEnd>
  /** Answers connect and subscribe as the platform does. */
  goLive(reply?: object): Promise<void>
}

export interface TestedSocketOptions {
  accountId?: string
  random?: () => number
  position?: () => StreamPosition | null
  sign?: (client: string) => Promise<string>
  onSubscribed?: () => void
  onPublication?: () => void
}

export async function openTestedSocket(
  t: Pick<TestContext, 'after'>,
  options: TestedSocketOptions = {},
): Promise<TestedSocket> {
  const scripted = await startScriptedServer(t)
  const clock = createManualClock()
  const events: TestedSocket['events'] = []
  const signed: string[] = []
  const logged: Record<string, unknown>[] = []
  const socket = openDonationSocket(
    { socketUrl: scripted.url, clock, random: options.random ?? (() => 1), logger: loggerInto(logged) },
    {
      accountId: options.accountId ?? '1',
      socketToken: '<jwt>',
      position: options.position ?? (() => null),
      sign: (client) => {
        signed.push(client)
        return options.sign ? options.sign(client) : Promise.resolve('<jwt>')
      },
      onSubscribed: (subscribed) => {
        events.push({ subscribed })
        options.onSubscribed?.()
      },
      onPublication: (publication) => {
        events.push({ publication })
        options.onPublication?.()
      },
    },
  )
  const server = await scripted.accept()
  t.after(async () => {
    socket.close()
    server.terminate()
    await socket.closed
  })
  return {
    socket,
    server,
    clock,
    events,
    publications: () => events.flatMap((event) => ('publication' in event ? [event.publication] : [])),
    signed,
    logged,
    end: () => socket.closed,
    async goLive(reply = { recoverable: true, epoch: 'PDqf' }) {
      await server.next()
      server.sendLines({ id: 1, result: { client: CLIENT, version: '2.6.2' } })
      await server.next()
      server.sendLines({ id: 2, result: reply })
    },
  }
}

export const CLIENT = 'ac7ce43f-d323-4b29-8a2e-55e3c34b608e'

/** Answers connect, and lets the test answer what follows. */
export async function connectOnly({ server }: TestedSocket): Promise<void> {
  await server.next()
  server.sendLines({ id: 1, result: { client: CLIENT, version: '2.6.2' } })
}

/** The published donations by their ids, and the reasons of those that could not be read. */
export function idsOf(tested: TestedSocket): string[] {
  return tested.publications().map(({ item }) => (item.ok ? item.donation.externalId : item.reason))
}

/** A push of this item to the account's channel, as a line. */
export function pushed(seq: number | null, item: unknown, accountId = '1'): object {
  const data = seq === null ? { data: item } : { seq, data: item }
  return { result: { channel: `$alerts:donation_${accountId}`, data } }
}

/** A donation with the fields of a live push. */
export function donationItem(id: number, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id,
    name: 'Donations',
    username: 'Ivan',
    message: 'Hello!',
    message_type: 'text',
    payin_system: null,
    amount: 500,
    currency: 'RUB',
    is_shown: 1,
    amount_in_user_currency: 500,
    recipient_name: 'jogaboga86',
    recipient: { user_id: 1, code: 'jogaboga86', name: 'jogaboga86', avatar: 'https://example.org/a.png' },
    created_at: '2026-01-01 00:00:00',
    shown_at: null,
    reason: 'default',
    ...fields,
  }
}

function loggerInto(lines: Record<string, unknown>[]): Logger {
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }
  return createLogger({ level: 'debug', pretty: false, nodeId: 'test', destination })
}
