import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Bus, NodeAnswer, NodeMessage, NodeQuestion } from '../coordination/bus.ts'
import type { NodeSession } from './assignments/assignment-runner.ts'

/** Questions from one node to another, over a bus that may lose both the question and the answer. */
export interface AskNode {
  /**
   * @returns what the node with this session answered, as JSON made it.
   * @throws AppError with the code that was answered; `unavailable` where no answer came in time.
   */
  ask(session: number, about: string, question: unknown, timeoutMs?: number): Promise<unknown>
  /** Answers what others ask this node about. `from`: the same for all that one process asks. */
  answer(about: string, reply: (question: unknown, from: string) => unknown): void
  /** Can be asked under the session that is this node's now. To be called when it may have changed. */
  listen(): void
  stop(): void
}

export interface AskNodeOptions {
  bus: Bus
  session: NodeSession
  clock: Pick<Clock, 'after'>
}

const TIMEOUT_MS = 2_000
/** A node that answers nobody must not fill our memory. */
const MOST_PENDING = 5_000

export function createAskNode({ bus, session, clock }: AskNodeOptions): AskNode {
  const replies = new Map<string, (question: unknown, from: string) => unknown>()
  const pending = new Map<string, (message: NodeAnswer) => void>()
  const me: string = crypto.randomUUID()
  const stopHearing = bus.subscribe(`node:${me}`, hear)
  let heardAs: number | null = null
  let unsubscribe = () => {}

  return {
    async ask(to, about, question, timeoutMs = TIMEOUT_MS) {
      if (pending.size >= MOST_PENDING) throw new AppError('unavailable', { about, to })
      const id = crypto.randomUUID()
      return new Promise((resolve, reject) => {
        const cancel = clock.after(timeoutMs, () => {
          pending.delete(id)
          reject(new AppError('unavailable', { message: 'Another node did not answer in time.', about, to }))
        })
        pending.set(id, (message) => {
          pending.delete(id)
          cancel()
          if ('code' in message) reject(new AppError(message.code, { message: message.message }))
          else resolve(message.answer)
        })
        send(to, { type: 'ask', id, from: me, about, question })
      })
    },
    answer: (about, reply) => void replies.set(about, reply),
    listen,
    stop() {
      stopHearing()
      unsubscribe()
    },
  }

  function listen(): void {
    const now = session.session()
    if (now === heardAs) return
    unsubscribe()
    heardAs = now
    unsubscribe = now === null ? () => {} : bus.subscribe(`node:${now}`, hear)
  }

  function send(to: number | string, message: NodeMessage): void {
    bus.publish(`node:${to}`, message)
  }

  function hear(message: NodeMessage): void {
    if (message.type === 'answer') pending.get(message.id)?.(message)
    else if (message.type === 'ask') void reply(message)
  }

  async function reply({ id, from, about, question }: NodeQuestion): Promise<void> {
    try {
      const answer = await replies.get(about)?.(question, from)
      send(from, { type: 'answer', id, answer })
    } catch (error) {
      const { code, message } = error instanceof AppError ? error : new AppError('internal')
      send(from, { type: 'answer', id, code, message })
    }
  }
}
