import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createAppToken } from '../../../src/platforms/twitch/app-token.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { createTestRequest, failureOf } from '../../support/platform-request.ts'
import { startScriptedHttp, type Answer } from '../../support/scripted-http.ts'

const granted = (token: string): Answer => ({
  status: 200,
  json: { access_token: token, expires_in: 5_011_271, token_type: 'bearer' },
})

async function setUp(t: TestContext, ...answers: Answer[]) {
  const http = await startScriptedHttp(t, ...answers)
  const clock = createManualClock()
  const token = createAppToken({
    authUrl: `${http.url}/oauth2`,
    application: { clientId: 'an-id', clientSecret: 'canary-secret' },
    request: createTestRequest(),
    clock,
    random: () => 1,
  })
  return { http, clock, token }
}

test('all who ask at once share one request, and all later ones its token', async (t) => {
  const { http, token } = await setUp(t, granted('one'))
  assert.deepEqual(await Promise.all([token.get(), token.get(), token.get()]), ['one', 'one', 'one'])
  assert.equal(await token.get(), 'one')
  assert.deepEqual(
    http.received.map(({ method, path, form }) => [method, path, form]),
    [
      [
        'POST',
        '/oauth2/token',
        { client_id: 'an-id', client_secret: 'canary-secret', grant_type: 'client_credentials' },
      ],
    ],
  )
})

test('a refused token is replaced once, however many were refused with it', async (t) => {
  const { http, token } = await setUp(t, granted('one'), granted('two'))
  await token.get()
  token.drop('one')
  assert.equal(await token.get(), 'two')
  token.drop('one')
  assert.equal(await token.get(), 'two')
  assert.equal(http.received.length, 2)
})

test('a token that was just made is not replaced again: what it was refused for is another matter', async (t) => {
  const { http, token, clock } = await setUp(t, granted('one'), granted('two'), granted('three'))
  await token.get()
  token.drop('one')
  await token.get()
  await clock.advance(9_999)
  token.drop('two')
  assert.equal(await token.get(), 'two')
  await clock.advance(1)
  token.drop('two')
  assert.equal(await token.get(), 'three')
  assert.equal(http.received.length, 3)
})

test('after a failure nobody asks for a while, and the next one may succeed', async (t) => {
  const { http, token, clock } = await setUp(t, { status: 500 }, { status: 500 }, granted('one'))
  assert.equal((await failureOf(token.get())).code, 'platform-server')
  assert.equal((await failureOf(token.get())).code, 'platform-server')
  await clock.advance(999)
  await failureOf(token.get())
  assert.equal(http.received.length, 1)
  await clock.advance(1)
  await failureOf(token.get())
  await clock.advance(1_999)
  await failureOf(token.get())
  assert.equal(http.received.length, 2)
  await clock.advance(1)
  assert.equal(await token.get(), 'one')
})

test('a wrong secret is told in Twitch’s word, and in no other of ours', async (t) => {
  const { token } = await setUp(t, { status: 403, json: { status: 403, message: 'invalid client secret' } })
  const failure = await failureOf(token.get())
  assert.deepEqual([failure.code, failure.reason], ['platform-invalid', 'invalid client secret'])
  assert.doesNotMatch(failure.everything, /canary/)
})

test('who does not want it any more leaves the others their request', async (t) => {
  const came = Promise.withResolvers<() => void>()
  const { token } = await setUp(t, (response) => came.resolve(() => response.end('{"access_token":"one"}')))
  const controller = new AbortController()
  const [impatient, patient] = [token.get(controller.signal), token.get()]
  const answer = await came.promise
  controller.abort(new Error('enough'))
  await assert.rejects(impatient, /enough/)
  answer()
  assert.equal(await patient, 'one')
})
