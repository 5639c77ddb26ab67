import type { TestContext } from 'node:test'
import type { SocketEnd } from '../../src/platforms/twitch/eventsub-end.ts'
import { openEventSubSession, type EventSubSession } from '../../src/platforms/twitch/eventsub-session.ts'
import type { Notification, Revocation } from '../../src/platforms/twitch/eventsub-wire.ts'
import { welcome } from './eventsub-frames.ts'
import { eventually } from './eventually.ts'
import { recordingLogger } from './logger.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { startScriptedServer, type ScriptedConnection, type ScriptedServer } from './scripted-socket.ts'

/** A session of EventSub in front of a server whose words the test says. */
export interface TestedSession {
  session: EventSubSession
  scripted: ScriptedServer
  server: ScriptedConnection
  clock: ManualClock
  /** The sessions that the owner was told of, and whether it was moved there. */
  welcomed: [sessionId: string, moved: boolean][]
  received: (Notification | Revocation)[]
  receivedAt: number[]
  logs: Record<string, unknown>[]
  end(): Promise<SocketEnd>
}

export async function openTestedSession(
  t: Pick<TestContext, 'after'>,
  {
    onMessage = () => {},
    onSession = () => {},
  }: { onMessage?: () => void; onSession?: (sessionId: string) => void } = {},
): Promise<TestedSession> {
  const scripted = await startScriptedServer(t)
  const clock = createManualClock()
  const { logger, logs } = recordingLogger()
  const welcomed: TestedSession['welcomed'] = []
  const received: TestedSession['received'] = []
  const receivedAt: number[] = []
  const session = openEventSubSession({
    url: scripted.url,
    clock,
    logger,
    onSession(sessionId, { moved }) {
      welcomed.push([sessionId, moved])
      onSession(sessionId)
    },
    onMessage(message, receivedAtMs) {
      received.push(message)
      receivedAt.push(receivedAtMs)
      onMessage()
    },
  })
  const server = await scripted.accept()
  t.after(async () => {
    session.close()
    server.terminate()
    await session.closed
  })
  return { session, scripted, server, clock, welcomed, received, receivedAt, logs, end: () => session.closed }
}

export async function openLiveSession(...options: Parameters<typeof openTestedSession>): Promise<TestedSession> {
  const tested = await openTestedSession(...options)
  tested.server.send(welcome('session-1'))
  await eventually('the welcome', () => tested.welcomed.length === 1)
  return tested
}

export function idsOf({ received }: TestedSession): string[] {
  return received.map(({ messageId }) => messageId)
}
