import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signJwt } from '../../simulator/jwt.ts'
import { DISCONNECTS } from '../../simulator/donationalerts/close-codes.ts'
import { eventually } from '../support/eventually.ts'
import { readFrames, type FrameSection, type FrameStep } from '../support/frames.ts'
import type { RawSocket } from '../support/raw-socket.ts'
import { startPlatforms, type SimulatedPlatforms } from '../support/simulated-platforms.ts'

/**
 * The recording of a real server, played to the simulator: whatever the client said then is said again, and every line
 * must come back byte by byte, but for client ids and epochs, which must only be the same ones again where they were.
 */
const sections = readFrames().filter(({ id }) => id !== 'timers')

for (const grouping of ['random', 'single', 'full'] as const) {
  test(`the recorded frames come back byte by byte, replies grouped ${grouping}`, async (t) => {
    const platforms = await startPlatforms(t, { seed: 3, switches: { grouping } })
    const replay = createReplay(platforms)
    for (const section of sections) await t.test(`${section.id}: ${section.title}`, async () => replay.play(section))
    assert.deepEqual(replay.unread(), [], 'the server said more than was recorded')
    assert.ok(replay.messages().every((message) => message.endsWith('\n')))
    const sizes = new Set(replay.messages().map((message) => message.split('\n').length - 1))
    // How many replies meet in a message is a matter of the moment; 4 is the server's limit.
    assert.ok(Math.max(...sizes) <= (grouping === 'single' ? 1 : 4), [...sizes].join(' '))
    if (grouping !== 'single') assert.ok(sizes.size > 1, 'replies were grouped')
  })
}

test('the recording is there in full', () => {
  assert.equal(sections.length, 14)
})

function createReplay({ simulator, open }: SimulatedPlatforms) {
  const sockets = new Map<string, RawSocket>()
  const clients = new Map<string, string>()
  const spoken: RawSocket[] = []
  const recorded = createNames()
  const played = createNames()
  let lastChannel = ''

  const socketOf = (conn: string) => sockets.get(conn) ?? assert.fail(`${conn} was never opened`)
  const userOf = (conn: string) => ('DEF'.includes(conn) ? '9' : '1')
  const publish = (channel: string, ids: number[]) => {
    for (const id of ids) simulator.channels.publish(channel, JSON.stringify({ id }))
  }
  const drop = async (conn: string) => {
    const client = clients.get(conn)
    socketOf(conn).terminate()
    await eventually('the server notices', () =>
      simulator.sockets.sessions().every((session) => session.client !== client),
    )
  }

  const connectToken = ({ note, conn }: FrameStep) => {
    const user = userOf(conn)
    if (note.includes('wrong key')) return signJwt({ sub: user }, 'another key')
    const ttlS = note.includes('expired') ? -1 : note.includes('exp 3 s ahead') ? 3 : null
    return simulator.socketTokens.connect({ user, ttlS })
  }
  const subscribeToken = ({ note, conn }: FrameStep, channel: string) => {
    const client = note.includes('another client id') ? crypto.randomUUID() : (clients.get(conn) ?? '')
    const ttlS = note.includes('expired')
      ? -1
      : note.includes('exp 2 s ahead') || lastChannel === '$goals:goal_5'
        ? 2
        : null
    return simulator.socketTokens.subscribe({ client, channel, ttlS })
  }
  const worded = (step: FrameStep): string => {
    const [, channel] = /"channel":"([^"]+)"/.exec(step.text) ?? []
    if (channel !== undefined) lastChannel = channel
    return played
      .from(step.text, recorded)
      .replace('<jwt>', () => (channel === undefined ? connectToken(step) : subscribeToken(step, channel)))
  }

  /** Things that happened beside the frames. */
  const remark = async ({ note }: FrameStep): Promise<void> => {
    const [, data, channel = lastChannel] = /^server API publishes (\{.*\})(?: to (\S+))?$/.exec(note) ?? []
    const [, user, left] = /^server API unsubscribes user (\d+) from (\S+)$/.exec(note) ?? []
    if (data !== undefined) simulator.channels.publish(channel, data)
    else if (left !== undefined) {
      for (const session of simulator.sockets.sessions()) if (session.user === user) session.expel(left)
    } else if (note.startsWith('A drops its socket')) {
      await drop('A')
      publish('$alerts:donation_1', [102, 103, 104])
    } else if (note.startsWith('D drops its socket')) {
      await drop('D')
      publish(
        '$goals:goal_9',
        Array.from({ length: 15 }, (_, index) => index + 1),
      )
    } else if (note.startsWith('4 channels active')) await fillUp('A')
  }
  const fillUp = async (conn: string) => {
    const socket = socketOf(conn)
    const client = clients.get(conn) ?? ''
    for (let n = 0; n <= 124; n++) {
      const channel = `$alerts:donation_${1000 + n}`
      const token = simulator.socketTokens.subscribe({ client, channel })
      socket.send(JSON.stringify({ params: { channel, token }, method: 1, id: 1000 + n }))
    }
    for (let n = 0; n < 124; n++) {
      const reply = JSON.parse(await socket.next()) as { id: number; result: { recoverable: boolean } }
      assert.deepEqual([reply.id, reply.result.recoverable], [1000 + n, true])
      assert.match(await socket.next(), /"type":1,/)
    }
  }
  const forceDisconnect = (user: string) => {
    for (const session of simulator.sockets.sessions().toReversed())
      if (session.user === user) session.close(DISCONNECTS.forceDisconnect)
  }

  const say = async (steps: FrameStep[]): Promise<void> => {
    const [first] = steps
    assert.ok(first)
    // Each recorded connect, good or bad, was the first word of a new connection.
    if (!/"method"/.test(first.text) || /^C\d/.test(first.conn)) {
      const socket = await open()
      sockets.set(first.conn, socket)
      spoken.push(socket)
    }
    socketOf(first.conn).send(steps.map(worded).join('\n'))
  }
  const hear = async ({ conn, text, dir, code }: FrameStep): Promise<void> => {
    if (dir === 'x') {
      assert.deepEqual(await socketOf(conn).closed, { code, reason: text })
      return
    }
    const line = await socketOf(conn).next()
    const [, client] = /"client":"([^"]+)","version"/.exec(line) ?? []
    if (client !== undefined) clients.set(conn, client)
    assert.equal(played.to(line), recorded.to(text))
  }
  /** Joins may come in any order, but none before the reply that it belongs to. */
  const hearBatch = async (steps: FrameStep[]): Promise<void> => {
    const lines: string[] = []
    for (const { conn } of steps) lines.push(played.to(await socketOf(conn).next()))
    assert.deepEqual(lines.toSorted(), steps.map(({ text }) => recorded.to(text)).toSorted())
    const replies = lines.filter((line) => line.includes('"id"'))
    assert.deepEqual(
      replies.map((line) => /"id":(\d+)/.exec(line)?.[1]),
      ['33', '34', '35'],
    )
    for (const [index, channel] of ['poll_3', 'poll_4', 'poll_5'].entries())
      assert.ok(lines.findIndex((line) => line.includes(channel)) > lines.indexOf(replies[index] ?? ''))
  }

  return {
    async play({ id, steps }: FrameSection) {
      if (id === 'force-disconnect') forceDisconnect('9')
      for (let at = 0; at < steps.length; at++) {
        const step = steps[at] as FrameStep
        if (step.dir === '-') await remark(step)
        else if (step.dir === '>') {
          const together = step.group?.of ?? 1
          await say(steps.slice(at, at + together))
          at += together - 1
        } else if (id === 'batch') {
          await hearBatch(steps.slice(at))
          return
        } else await hear(step)
      }
    },
    unread: () => spoken.flatMap((socket) => socket.waiting()),
    messages: () => spoken.flatMap((socket) => socket.messages),
  }
}

/** Client ids and epochs by the order in which they first came up, so that two evenings can be laid side by side. */
function createNames() {
  const numbers = new Map<string, string>()
  const names = new Map<string, string>()
  const pattern = /(?<="(?:client|epoch)":")[^"]+/g
  return {
    to: (line: string) =>
      line.replace(pattern, (name) => {
        const known = numbers.get(name) ?? `#${numbers.size + 1}`
        numbers.set(name, known)
        names.set(known, name)
        return known
      }),
    /** A line of the other evening in our names; a name that never came up there stays as it is. */
    from: (line: string, other: { number: (name: string) => string | undefined }) =>
      line.replace(pattern, (name) => names.get(other.number(name) ?? '') ?? name),
    number: (name: string) => numbers.get(name),
  }
}
