import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { StreamPosition } from '../../../src/domain/donation.ts'
import { openTestedSocket, type TestedSocket } from '../../support/donation-client.ts'
import { eventually } from '../../support/eventually.ts'
import { readFrames, type FrameStep } from '../../support/frames.ts'

/** One connection of the recording, cut out of its sections, and what its owner must have been told in the end. */
interface Conversation {
  title: string
  steps: FrameStep[]
  position: StreamPosition | null
  told: unknown[]
  end?: { code: number; why: string; reconnect: boolean; dropSocketToken: boolean }
}

const sections = readFrames()

/** The client only ever subscribes to donations: other channels of the recording are played under that name. */
function cut(ids: string[], conn: string, rewrite: [RegExp, string][] = []): FrameStep[] {
  return ids
    .flatMap((id) => sections.find((section) => section.id === id)?.steps ?? assert.fail(`no section ${id}`))
    .filter((step) => step.conn === conn)
    .map((step) => reworded(step, rewrite))
}

function reworded(step: FrameStep, rewrite: [RegExp, string][]): FrameStep {
  return { ...step, text: rewrite.reduce((text, [from, to]) => text.replaceAll(from, to), step.text) }
}

const served = (steps: FrameStep[]) => steps.filter((step) => step.dir !== '>')
const subscribed = (epoch: string | null, seq: number, recovered: boolean, ...ids: [seq: number, raw: string][]) => ({
  position: epoch === null ? null : { epoch, seq },
  recovered,
  publications: ids,
})
const leftovers = (ids: number[]): [number, string][] => ids.map((id) => [id, JSON.stringify({ id })])
const goal9: [RegExp, string][] = [[/\$goals:goal_9/g, '$alerts:donation_1']]
const asSecondCommand = (channel: RegExp): [RegExp, string][] => [
  [channel, '$alerts:donation_1'],
  [/"id":2[01]([,}])/g, '"id":2$1'],
]

const conversations: Conversation[] = [
  {
    title: 'connect, subscribe, own join, first publication; then another streamer’s channel, which is not ours',
    steps: [...cut(['normal'], 'A'), ...served(cut(['two-streamers'], 'A'))],
    position: null,
    told: [subscribed('PDqf', 0, false), [1, '{"id":101,"name":"Donations"}']],
  },
  {
    title: 'recovered after a drop, newest first on the wire',
    steps: cut(['recovery'], 'B'),
    position: { epoch: 'PDqf', seq: 1 },
    told: [subscribed('PDqf', 4, true, [2, '{"id":102}'], [3, '{"id":103}'], [4, '{"id":104}'])],
  },
  {
    title: 'not recovered because of a foreign epoch, leftovers listed',
    steps: cut(['recovery'], 'B2'),
    position: { epoch: 'zzzz', seq: 1 },
    told: [subscribed('PDqf', 4, false, [2, '{"id":102}'], [3, '{"id":103}'], [4, '{"id":104}'])],
  },
  {
    title: 'a first subscription to an empty channel, reply and join in one message',
    steps: cut(['overflow'], 'D', goal9),
    position: null,
    told: [subscribed('TEGj', 0, false)],
  },
  {
    title: 'recovery from seq 0 of a history that was trimmed',
    steps: cut(['overflow'], 'E', goal9),
    position: { epoch: 'TEGj', seq: 0 },
    told: [subscribed('TEGj', 15, false, ...leftovers([6, 7, 8, 9, 10, 11, 12, 13, 14, 15]))],
  },
  {
    title: 'a fresh subscription to a channel with a history, then a forced disconnect',
    steps: cut(['fresh-subscribe', 'force-disconnect'], 'F', goal9),
    position: null,
    told: [subscribed('TEGj', 15, false)],
    end: { code: 3012, why: 'closed-by-platform', reconnect: false, dropSocketToken: false },
  },
  {
    title: 'a channel with a history that cannot be recovered',
    steps: [
      ...cut(['part2-connect'], 'A'),
      ...cut(['namespaces'], 'A', asSecondCommand(/\$histonly:x_1/g)).slice(0, 3),
    ],
    position: null,
    told: [subscribed(null, 0, false), [1, '{"id":1}']],
  },
  {
    title: 'a channel without history',
    steps: [...cut(['part2-connect'], 'A'), ...cut(['namespaces'], 'A', asSecondCommand(/\$nohist:x_1/g)).slice(3)],
    position: null,
    told: [subscribed(null, 0, false), [null, '{"id":1}']],
  },
  {
    title: 'a subscription with an end',
    steps: [...cut(['part2-connect'], 'A'), ...cut(['subscribe-exp'], 'A', asSecondCommand(/\$goals:goal_5/g))],
    position: null,
    told: [subscribed('uKAI', 0, false)],
  },
  {
    title: 'a token that is garbage',
    steps: served(cut(['malformed'], 'C3')),
    position: null,
    told: [],
    end: { code: 3002, why: 'token-refused', reconnect: true, dropSocketToken: true },
  },
  {
    title: 'a token that is expired, the socket left open by the server',
    steps: cut(['malformed'], 'C4'),
    position: null,
    told: [],
    end: { code: 1000, why: 'token-refused', reconnect: true, dropSocketToken: true },
  },
  {
    title: 'a command that the server could not read',
    steps: served(cut(['malformed'], 'C6')),
    position: null,
    told: [],
    end: { code: 1000, why: 'protocol', reconnect: false, dropSocketToken: false },
  },
  {
    title: 'a connection that never authenticated',
    steps: served(cut(['timers'], 'C12')),
    position: null,
    told: [],
    end: { code: 3007, why: 'closed-by-platform', reconnect: false, dropSocketToken: false },
  },
  {
    title: 'a token with an end that has come',
    steps: cut(['timers'], 'C11'),
    position: null,
    told: [],
    end: { code: 3005, why: 'closed-by-platform', reconnect: true, dropSocketToken: true },
  },
]

/** How the server's lines between two words of the client are divided into messages. */
type Grouping = (lines: FrameStep[]) => FrameStep[][]

const asRecorded: Grouping = (lines) => {
  const messages: FrameStep[][] = []
  for (const line of lines) {
    if (line.group && line.group.index > 1) messages.at(-1)?.push(line)
    else messages.push([line])
  }
  return messages
}

async function play({ server }: TestedSocket, steps: FrameStep[], group: Grouping): Promise<void> {
  const unsent: FrameStep[] = []
  const flush = () => {
    for (const message of group(unsent.splice(0))) server.sendLines(...message.map((step) => step.text))
  }
  for (const step of steps) {
    if (step.dir === '<') unsent.push(step)
    if (step.dir === '>') {
      flush()
      assert.equal(await server.next(), step.text, step.note)
    }
    if (step.dir === 'x') {
      flush()
      server.close(step.code ?? 0, step.text)
    }
  }
  flush()
}

function told({ events }: TestedSocket): unknown[] {
  return events.map((event) => {
    if ('publication' in event) return [event.publication.seq, rawOf(event.publication.item)]
    const { publications, ...rest } = event.subscribed
    return { ...rest, publications: publications.map(({ seq, item }) => [seq, rawOf(item)]) }
  })
}

function rawOf(item: { ok: true; donation: { raw: string } } | { ok: false; raw: string }): string {
  return item.ok ? item.donation.raw : item.raw
}

async function check(t: { after(run: () => unknown): void }, conversation: Conversation, group: Grouping) {
  const tested = await openTestedSocket(t, { position: () => conversation.position })
  await play(tested, conversation.steps, group)
  if (conversation.end) {
    const { code, why, reconnect, dropSocketToken } = await tested.end()
    assert.deepEqual({ code, why, reconnect, dropSocketToken }, conversation.end)
  } else {
    await eventually('all that was pushed', () => tested.events.length >= conversation.told.length)
  }
  assert.deepEqual(told(tested), conversation.told)
  tested.socket.close()
  await tested.end()
}

for (const conversation of conversations) {
  test(`the recording “${conversation.title}” is understood as it was grouped`, async (t) => {
    await check(t, conversation, asRecorded)
  })
}

test('the grouping of replies into messages changes nothing', async (t) => {
  const groupings = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...conversations), groupings, async (conversation, sizes) => {
      let next = 0
      await check(t, conversation, (lines) => {
        const messages: FrameStep[][] = []
        for (let at = 0; at < lines.length;) {
          const size = sizes[next++ % sizes.length] ?? 1
          messages.push(lines.slice(at, at + size))
          at += size
        }
        return messages
      })
    }),
    { numRuns: 60 },
  )
})
