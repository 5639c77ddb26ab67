import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { idsOf, openLiveSession, openTestedSession, type TestedSession } from '../../support/eventsub-client.ts'
import { chatEvent, keepalive, notification, reconnect, revocation, welcome } from '../../support/eventsub-frames.ts'
import { eventually } from '../../support/eventually.ts'

const chat = (id: string) => notification('channel.chat.message', chatEvent(), { message_id: id })

/** Moves the session by the platform's own wish; the test goes on from there. */
async function sendAway(tested: TestedSession, path = '/ws?challenge=ab%2Bc&id=1+2') {
  tested.server.send(reconnect(`${tested.scripted.url}${path}`))
  return tested.scripted.accept()
}

test('a welcome names the session, and what comes then is delivered with the time of its coming', async (t) => {
  const tested = await openTestedSession(t)
  tested.server.send(welcome('session-1'))
  tested.server.send(chat('a'))
  await eventually('the first', () => tested.received.length === 1)
  await tested.clock.advance(700)
  tested.server.send(revocation('channel.chat.message', 'authorization_revoked', { broadcaster_user_id: '1' }))
  await eventually('the second', () => tested.received.length === 2)
  assert.deepEqual(tested.welcomed, [['session-1', false]])
  assert.deepEqual(tested.receivedAt, [0, 700])
  assert.deepEqual(
    tested.received.map(({ kind }) => kind),
    ['notification', 'revocation'],
  )
})

test('nothing is ever sent, whatever happens', async (t) => {
  const tested = await openLiveSession(t)
  tested.server.send(keepalive())
  tested.server.ping()
  tested.server.send(chat('a'))
  const next = await sendAway(tested)
  next.send(welcome('session-2'))
  await eventually('the move', () => tested.welcomed.length === 2)
  await tested.clock.advance(9_000)
  next.send(chat('b'))
  await eventually('both', () => tested.received.length === 2)
  assert.deepEqual([tested.server.waiting(), next.waiting()], [[], []])
})

test('silence longer than the keepalive window and a little is a lost connection', async (t) => {
  const tested = await openLiveSession(t)
  await tested.clock.advance(11_999)
  assert.ok(tested.server.isOpen())
  await tested.clock.advance(1)
  assert.deepEqual(await tested.end(), { code: 1006, why: 'silent' })
  assert.equal(tested.clock.pendingTimers(), 0)
})

test('a half-open connection is noticed: nobody closes it and nobody talks', async (t) => {
  const tested = await openLiveSession(t)
  tested.server.freeze()
  await tested.clock.advance(12_000)
  assert.equal((await tested.end()).why, 'silent')
})

test('pings alone do not keep the client calm', async (t) => {
  const tested = await openLiveSession(t)
  for (let second = 0; second < 12; second++) {
    tested.server.ping()
    await tested.clock.advance(1_000)
  }
  assert.equal((await tested.end()).why, 'silent')
})

test('each keepalive and each event begins the window anew, by one timer for all of them', async (t) => {
  const tested = await openLiveSession(t)
  for (let round = 1; round <= 20; round++) {
    await tested.clock.advance(9_000)
    tested.server.send(keepalive())
    tested.server.send(chat(`${round}`))
    await eventually('the event', () => tested.received.length === round)
    assert.equal(tested.clock.pendingTimers(), 1)
  }
  assert.ok(tested.server.isOpen())
})

test('the window is the one that the welcome names', async (t) => {
  const tested = await openTestedSession(t)
  tested.server.send(welcome('session-1', 60))
  await eventually('the welcome', () => tested.welcomed.length === 1)
  await tested.clock.advance(61_999)
  assert.ok(tested.server.isOpen())
  await tested.clock.advance(1)
  assert.equal((await tested.end()).why, 'silent')
})

test('a server without a welcome is given up after ten seconds', async (t) => {
  const tested = await openTestedSession(t)
  await tested.clock.advance(10_000)
  assert.deepEqual(await tested.end(), { code: 1006, why: 'unreachable', detail: 'no-welcome' })
})

const CLOSES: [code: number, why: string][] = [
  [4000, 'internal-error'],
  [4001, 'client-sent-traffic'],
  [4002, 'failed-ping-pong'],
  [4003, 'unused'],
  [4004, 'reconnect-grace-expired'],
  [4005, 'network-timeout'],
  [4006, 'network-error'],
  [4007, 'invalid-reconnect'],
  [4999, 'closed-by-twitch'],
  [1001, 'closed-by-twitch'],
]
for (const [code, why] of CLOSES) {
  test(`a close with ${code} ends the session as ${why}`, async (t) => {
    const tested = await openLiveSession(t)
    tested.server.close(code)
    assert.deepEqual(await tested.end(), { code, why })
    assert.equal(tested.clock.pendingTimers(), 0)
  })
}

test('a connection that is cut ends the session', async (t) => {
  const tested = await openLiveSession(t)
  tested.server.terminate()
  assert.deepEqual(await tested.end(), { code: 1006, why: 'cut' })
})

test('a message beyond all measure ends the session, not the process', async (t) => {
  const tested = await openLiveSession(t)
  tested.server.send('x'.repeat(5 * 1024 * 1024))
  assert.equal((await tested.end()).why, 'protocol')
})

test('the reconnect address is opened letter by letter, and both sockets deliver until the new one is welcomed', async (t) => {
  const tested = await openLiveSession(t)
  const next = await sendAway(tested)
  assert.equal(next.path, '/ws?challenge=ab%2Bc&id=1+2')
  tested.server.send(chat('on the old one'))
  await eventually('the event', () => tested.received.length === 1)
  assert.ok(tested.server.isOpen())
  next.send(welcome('session-2'))
  await eventually('the move', () => tested.welcomed.length === 2)
  assert.deepEqual(tested.welcomed[1], ['session-2', true])
  await eventually('the old one’s end', () => !tested.server.isOpen())
  next.send(chat('on the new one'))
  await eventually('the event', () => tested.received.length === 2)
  assert.deepEqual(idsOf(tested), ['on the old one', 'on the new one'])
})

test('what the old socket sent before our goodbye reached it is still delivered', async (t) => {
  const tested = await openLiveSession(t, {
    // At this moment the goodbye has left, and the server has not read it yet.
    onSession: (sessionId) => void (sessionId === 'session-2' && tested.server.send(chat('late'))),
  })
  const next = await sendAway(tested)
  next.send(welcome('session-2'))
  await eventually('the late event', () => idsOf(tested).includes('late'))
})

test('a session is moved again and again', async (t) => {
  const tested = await openLiveSession(t)
  let server = tested.server
  for (let move = 2; move <= 4; move++) {
    server.send(reconnect(`${tested.scripted.url}/${move}`))
    const next = await tested.scripted.accept()
    next.send(welcome(`session-${move}`))
    await eventually('the move', () => tested.welcomed.length === move)
    await eventually('the former one’s end', () => !server.isOpen())
    server = next
  }
  server.send(chat('a'))
  await eventually('the event', () => tested.received.length === 1)
  await tested.clock.advance(2_000)
  assert.equal(tested.clock.pendingTimers(), 1)
})

test('the old socket may end before the new one is welcomed: the session goes on', async (t) => {
  const tested = await openLiveSession(t)
  const next = await sendAway(tested)
  tested.server.close(4004)
  // The timer of the new one is all that is left.
  await eventually('the old one’s end', () => tested.clock.pendingTimers() === 1)
  next.send(welcome('session-2'))
  await eventually('the move', () => tested.welcomed.length === 2)
  next.send(chat('a'))
  await eventually('the event', () => tested.received.length === 1)
})

test('where the new server fails it is tried again while the old one delivers', async (t) => {
  const tested = await openLiveSession(t)
  const deaf = await sendAway(tested)
  deaf.close(4000)
  await eventually('the second try being planned', () => tested.clock.pendingTimers() === 2)
  await tested.clock.advance(1_000)
  const next = await tested.scripted.accept()
  assert.equal(next.path, deaf.path)
  next.send(welcome('session-2'))
  await eventually('the move', () => tested.welcomed.length === 2)
})

test('the grace over without a new welcome, the session is lost', async (t) => {
  const tested = await openLiveSession(t)
  const next = await sendAway(tested)
  tested.server.close(4004)
  await eventually('the old one’s end', () => !tested.server.isOpen())
  next.close(4007)
  assert.deepEqual(await tested.end(), { code: 4004, why: 'reconnect-grace-expired' })
  await tested.clock.advance(0)
  assert.equal(tested.clock.pendingTimers(), 0)
})

test('an address that is none is no reason to leave', async (t) => {
  const tested = await openLiveSession(t)
  for (const url of ['', 'nonsense', 'https://example.org/ws', 'wss://']) tested.server.send(reconnect(url))
  tested.server.send(chat('a'))
  await eventually('the event', () => tested.received.length === 1)
  assert.ok(tested.server.isOpen())
})

test('what cannot be read is counted, logged without its words, and takes nothing else with it', async (t) => {
  const tested = await openLiveSession(t)
  for (const text of ['{"private words', '[1]', 'null', '7', '{"metadata":{"message_type":"session_welcome"}}'])
    tested.server.send(text)
  tested.server.send('{"metadata":{"message_type":"of later times"},"payload":{}}')
  tested.server.send(chat('a'))
  await eventually('the event', () => tested.received.length === 1)
  assert.deepEqual(
    tested.logs.flatMap((line) => line['unreadable'] ?? []),
    [1, 2, 4],
  )
  assert.doesNotMatch(JSON.stringify(tested.logs), /private words/)
})

test('an owner who throws loses one event, not the connection', async (t) => {
  const tested = await openLiveSession(t, {
    onMessage() {
      throw new Error('the owner failed')
    },
  })
  tested.server.send(chat('a'))
  tested.server.send(chat('b'))
  await eventually('both', () => tested.received.length === 2)
  assert.ok(tested.server.isOpen())
})

test('closing says goodbye on every socket, delivers nothing more and leaves no timer behind', async (t: TestContext) => {
  const tested = await openLiveSession(t)
  const next = await sendAway(tested)
  tested.session.close()
  tested.server.send(chat('a'))
  next.send(welcome('session-2'))
  assert.deepEqual(await tested.end(), { code: 1000, why: 'closed-by-us' })
  await eventually('both ends', () => !tested.server.isOpen() && !next.isOpen())
  assert.deepEqual([tested.received, tested.welcomed.length], [[], 1])
  assert.equal(tested.clock.pendingTimers(), 0)
})
