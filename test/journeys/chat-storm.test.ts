import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '../support/eventually.ts'
import { startNode } from '../support/node.ts'
import { openOverlay } from '../support/overlay-client.ts'
import { joinAsStreamer } from '../support/streamer.ts'

const CHANNELS = 50
const MESSAGES = 10_000
/** A part of the storm, and what happens after it. */
const PARTS = 10
const COMMAND_EVERY = 10
const DUPLICATE_EVERY = 7
const WORKERS = 20

/**
 * The whole of it: ten thousand messages, some twice, while sockets are moved, left half-open and killed. What counts is
 * the platform's own account of what it delivered: each of those is handled once, and each command answered once.
 */
test('in a storm each message is handled once and each command answered once', { timeout: 240_000 }, async (t) => {
  const { baseUrl, simulator, logs } = await startNode(t, {
    simulatorOptions: { switches: { helixPointsPerMinute: 1_000_000 } },
  })
  const { twitch } = simulator
  const streamers = []
  for (let n = 0; n < CHANNELS; n++) {
    const streamer = await joinAsStreamer({
      baseUrl,
      simulatorUrl: simulator.url,
      login: `s${n}`,
      withoutDonations: true,
    })
    await streamer.turnBotOn()
    streamers.push(streamer)
  }
  const channels = streamers.map(({ login }) => twitch.chatters.find(login) ?? assert.fail())
  const viewers = Array.from({ length: 40 }, (_, n) => {
    const made = twitch.chatters.add({ login: `viewer${n}`, name: `Viewer${n}` })
    return 'taken' in made ? assert.fail() : made
  })
  await eventually(
    'all bots are active',
    async () => /chatfolk_bots\{state="active"\} 50\b/.test(await metricsOf(baseUrl)),
    30_000,
  )
  const overlay = openOverlay({ overlayUrl: streamers[0]?.overlayUrl ?? '' })
  t.after(() => overlay.close())
  await eventually('an overlay is there', () => overlay.frames().length > 0)

  const sessions = () => twitch.sockets.sessions()
  const holderOf = (shard: string) =>
    sessions().find((session) => twitch.conduits.heldBy(session).some(({ id }) => id === shard)) ??
    assert.fail(`nobody holds shard ${shard}`)
  const whole = () =>
    eventually(
      'both shards deliver',
      () => {
        const [conduit] = twitch.conduits.all()
        const enabled = [...(conduit?.shards.values() ?? [])].filter(({ status }) => status === 'enabled')
        return enabled.length === 2 && enabled.every(({ session }) => session.state().state === 'connected')
      },
      60_000,
    )

  const commands = new Set<string>()
  let sent = 0
  const talk = async (count: number) => {
    for (let n = 0; n < count; n++, sent++) {
      const channel = channels[sent % CHANNELS]
      const round = Math.floor(sent / CHANNELS)
      const isCommand = round % COMMAND_EVERY === 0
      // Each viewer commands once a channel: no cooldown and no limit takes an answer away.
      const viewer = viewers[isCommand ? round / COMMAND_EVERY : round % WORKERS]
      assert.ok(channel && viewer)
      const said = twitch.chat.say(channel, viewer, {
        text: isCommand ? '!ping' : `message ${sent} 💜`,
        ...(sent % DUPLICATE_EVERY === 0
          ? { repeat: sent % 2 === 0 ? ('same-id' as const) : ('two-ids' as const) }
          : {}),
      })
      assert.ok('id' in said)
      if (isCommand) commands.add(said.id)
      if (n % 50 === 49) await pause(5)
    }
  }

  for (let part = 0; part < PARTS; part++) {
    await talk(MESSAGES / PARTS)
    if (part === 1) simulator.twitch.sockets.askToReconnect(holderOf('0'))
    if (part === 3) simulator.twitch.sockets.askToReconnect(holderOf('1'))
    if (part === 5) holderOf('0').halfOpen(false)
    if (part === 6) await whole()
    if (part === 7) {
      // A cable is pulled: what was on the wire in this moment is nobody's fault.
      await pause(50)
      holderOf('1').breakOff(0)
    }
    if (part === 8) await whole()
  }

  const deliveredOnce = () => {
    const messages = twitch.ledger.messages().filter(({ user }) => viewers.some(({ id }) => id === user))
    return messages.filter(({ notifications }) => notifications.some(({ fate }) => fate === 'delivered'))
  }
  const delivered = deliveredOnce()
  const answerable = delivered.filter(({ id }) => commands.has(id)).map(({ id }) => id)
  const viewersIds = new Set(viewers.map(({ id }) => id))
  await eventually(
    'all that was delivered is handled',
    async () => (await counted(baseUrl, 'chatfolk_chat_messages_total', 'handled')) >= delivered.length,
    30_000,
  )
  await eventually('all commands are answered', () => twitch.outbox.all().length >= answerable.length, 30_000)
  // Whatever is answered twice, or answers itself, would come now.
  await pause(500)

  const answers = new Map<string, number>()
  for (const { replyTo } of twitch.outbox.all()) answers.set(replyTo ?? '', (answers.get(replyTo ?? '') ?? 0) + 1)
  const handled = await counted(baseUrl, 'chatfolk_chat_messages_total', 'handled')
  const duplicates = await counted(baseUrl, 'chatfolk_chat_messages_total', 'duplicate')
  const all = twitch.ledger.messages().filter(({ user }) => viewersIds.has(user))
  const fates = all.flatMap(({ notifications }) => notifications)
  t.diagnostic(
    `${all.length} messages, ${delivered.length} delivered, ${handled} handled, ${duplicates} duplicates set aside; ` +
      `${answerable.length} commands delivered, ${twitch.outbox.all().length} answers; ` +
      `${fates.filter(({ retried }) => retried).length} notifications by the other shard, ` +
      `${fates.filter(({ fate }) => fate === 'lost').length} into a half-open socket`,
  )
  assert.equal(handled, delivered.length, 'each once')
  assert.deepEqual(
    answerable.filter((id) => answers.get(id) !== 1),
    [],
    'exactly one answer each',
  )
  assert.equal(twitch.outbox.all().length, answerable.length, 'and to nothing else, least of all to itself')
  const lost = all.filter(({ notifications }) => notifications.every(({ fate }) => fate !== 'delivered'))
  assert.ok(
    lost.every(({ notifications }) => notifications.some(({ fate }) => fate === 'lost')),
    'only what went into the half-open socket is missing: while a shard was reachable nothing was dropped',
  )

  // A storm that did not happen proves nothing.
  assert.equal(all.length, MESSAGES)
  assert.ok(lost.length > 0, 'the half-open socket swallowed something')
  assert.ok(duplicates > 1_000, 'many came twice')
  assert.ok(
    fates.some(({ retried, fate }) => retried && fate === 'delivered'),
    'the other shard stood in',
  )
  assert.ok(answerable.length > 900)
  assert.deepEqual(
    logs.filter(({ level }) => level === 'error' || level === 'fatal'),
    [],
  )
})

async function metricsOf(baseUrl: string): Promise<string> {
  return (await fetch(`${baseUrl}/metrics`)).text()
}

async function counted(baseUrl: string, name: string, result: string): Promise<number> {
  const match = new RegExp(`^${name}\\{result="${result}"\\} (\\d+)`, 'm').exec(await metricsOf(baseUrl))
  return Number(match?.[1] ?? 0)
}
