import type { Recording } from './recording.ts'

const FROM = 1_000_000

/** A short run in which all went well, made up: the checker's tests spoil it in one place each. */
export function flawless(): Recording {
  const channels = ['s1', 's2'].map((mark, index) => ({
    mark,
    channelId: `channel-${mark}`,
    twitchId: `tw-${index + 1}`,
    daId: `da-${index + 1}`,
    bot: true,
    donations: true,
  }))
  const numbers = [1, 2, 3]
  const given = channels.flatMap(({ mark, channelId, daId }, place) =>
    numbers.map((number) => ({
      mark,
      channelId,
      daId,
      id: 100 * (place + 1) + number,
      at: FROM + number * 1_000,
    })),
  )
  const commands = channels.flatMap(({ mark }) =>
    numbers.map((number) => ({ id: `${mark}-${number}`, mark, at: FROM + number * 1_000 })),
  )
  const series = (donations: number, replies: number) => ({
    'chatfolk_donations_total{source="push",result="new"}': donations,
    'chatfolk_donations_total{source="push",result="duplicate"}': 4,
    'chatfolk_chat_replies_total{result="sent"}': replies,
    process_resident_memory_bytes: 100 * 2 ** 20,
    'nodejs_active_resources{type="Timeout"}': 20,
    'nodejs_active_resources{type="TCPSocketWrap"}': 30,
  })
  return {
    seed: 1,
    rateWindowMs: 60_000,
    from: FROM,
    until: FROM + 60_000,
    expected: { donations: 6, commands: 6, messages: 6, frames: 10, restarts: 1, refreshes: 2 },
    channels,
    lives: [
      {
        nodeId: 'node-1',
        pid: 1,
        startedAt: FROM - 5_000,
        readyAt: FROM - 4_000,
        endedAt: FROM + 20_000,
        end: 'SIGKILL',
        exitCode: null,
      },
      {
        nodeId: 'node-1',
        pid: 2,
        startedAt: FROM + 20_000,
        readyAt: FROM + 21_000,
        endedAt: null,
        end: null,
        exitCode: null,
      },
      {
        nodeId: 'node-2',
        pid: 3,
        startedAt: FROM - 5_000,
        readyAt: FROM - 4_000,
        endedAt: null,
        end: null,
        exitCode: null,
      },
    ],
    faults: [
      {
        name: 'SIGKILL of node-1',
        at: FROM + 20_000,
        over: FROM + 30_000,
        proofs: [{ what: 'the process ended', holds: true }],
        recoveries: [
          { what: 'its bots answer again', boundMs: 15_000, least: 1, measure: 'taken', tookMs: [9_000] },
          {
            what: 'asked and answered',
            boundMs: 2_000,
            least: 2,
            measure: 'first-answer',
            of: { marks: null, from: FROM, until: FROM + 10_000 },
          },
          {
            what: 'the longest silence',
            boundMs: 1_000,
            least: 2,
            measure: 'slowest-answer',
            of: { marks: null, from: FROM, until: FROM + 10_000 },
            usual: { marks: null, from: FROM, until: FROM + 2_000 },
          },
          {
            what: 'donations',
            boundMs: 1_000,
            least: 6,
            measure: 'donations',
            of: { marks: null, from: FROM, until: FROM + 10_000 },
          },
        ],
        mayLose: [],
      },
    ],
    overlays: channels.map(({ mark }) => ({
      mark,
      kind: 'primary' as const,
      openedAt: FROM,
      closedAt: FROM + 60_000,
      crashed: false,
      log: given
        .filter((donation) => donation.mark === mark)
        .flatMap(({ id, at }) =>
          ['offered', 'drawn', 'done'].map((event, index) => ({
            at: at + 100 * (index + 1),
            event,
            alertId: `alert-${id}`,
          })),
        ),
      frames: 20,
      marked: 10,
      foreign: [],
    })),
    commands,
    simulator: {
      donations: given.map(({ id, daId, at }) => ({ id, daId, at, push: 'normal', listeners: 1 })),
      messages: commands.map(({ id, mark, at }) => ({
        id,
        channel: mark,
        at,
        fates: [{ fate: 'delivered', shard: '0', retried: false }],
      })),
      sent: commands.map(({ id, mark, at }) => ({ at: at + 50, channel: mark, replyTo: id, outcome: 'sent' })),
      requests: Array.from({ length: 60 }, (_, n) => ({
        at: FROM + n * 100,
        doneAt: FROM + n * 100 + 50,
        application: 'da-1',
        user: 'da-1',
        endpoint: n < 2 ? 'da.token' : 'da.rest',
        status: 200,
        fault: null,
      })),
    },
    database: {
      donations: given.map(({ id, daId, channelId }) => ({
        externalId: String(id),
        accountId: daId,
        channelId,
        arrival: 'push',
        history: false,
      })),
      alerts: given.map(({ id, channelId, at }) => ({
        id: `alert-${id}`,
        channelId,
        externalId: String(id),
        state: 'shown',
        madeAt: at,
        externalOrder: id,
        queuedAt: at + 10,
        offeredAt: at + 100,
      })),
      bots: channels.map(({ channelId }) => ({ channelId, desired: true, state: 'active' })),
    },
    ownership: channels.flatMap(({ channelId }) => [
      { at: FROM - 1_000, kind: 'bot', key: channelId, owner: '1', epoch: 1, state: 'active' },
      { at: FROM + 25_000, kind: 'bot', key: channelId, owner: null, epoch: 1, state: 'active' },
      { at: FROM + 26_000, kind: 'bot', key: channelId, owner: '2', epoch: 2, state: 'active' },
    ]),
    // The dead one was looked at last when it had counted two donations of its three: the third went with it.
    scrapes: [
      { at: FROM + 500, nodeId: 'node-1', pid: 1, series: series(0, 0) },
      { at: FROM + 3_500, nodeId: 'node-1', pid: 1, series: series(2, 2) },
      { at: FROM + 30_000, nodeId: 'node-1', pid: 2, series: series(0, 0) },
      { at: FROM + 59_000, nodeId: 'node-1', pid: 2, series: series(0, 0) },
      { at: FROM + 500, nodeId: 'node-2', pid: 3, series: series(0, 0) },
      { at: FROM + 59_000, nodeId: 'node-2', pid: 3, series: series(3, 3) },
    ],
    staleWrites: { tried: 4, accepted: 0 },
    signInRaces: [{ nodes: 3, accepted: 1, replayed: false }],
  }
}
