import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { AppError, type ErrorCode } from '../../src/base/errors.ts'
import { createMetrics } from '../../src/base/metrics.ts'
import { isRecord } from '../../src/platforms/json.ts'
import {
  createPlatformRequest,
  type PlatformRequest,
  type PlatformRequestOptions,
} from '../../src/platforms/request.ts'
import { eventually } from '../support/eventually.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { startScriptedHttp, type Answer } from '../support/scripted-http.ts'

const TOKEN = 'canary-token'
const WORDS = 'canary-words'

async function setUp(t: TestContext, answer: Answer, options: Partial<PlatformRequestOptions> = {}) {
  const http = await startScriptedHttp(t, answer)
  const metrics = createMetrics()
  const request = createPlatformRequest({ clock: systemClock, metrics, ...options })
  const ask = (extra: Partial<PlatformRequest<string>> = {}) =>
    request<string>({
      platform: 'donationalerts',
      endpoint: 'donations',
      url: `${http.url}/path?page=1`,
      headers: { authorization: `Bearer ${TOKEN}` },
      read: (body) => (isRecord(body) && typeof body['name'] === 'string' ? body['name'] : undefined),
      ...extra,
    })
  const counted = async (name: string) => {
    const metric = await metrics.registry.getSingleMetric(name)?.get()
    return metric?.values.filter(({ value }) => value > 0).map(({ labels, value }) => Object.assign({ value }, labels))
  }
  return { http, ask, counted }
}

async function failureOf(asked: Promise<unknown>): Promise<AppError> {
  const error = await asked.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof AppError, String(error))
  return error
}

/** All that an error could show to a log. */
function everythingOf(error: AppError): string {
  return [error.message, error.stack, JSON.stringify(error.details), String(error.cause)].join('\n')
}

test('a request carries its token, asks for JSON and comes back read', async (t) => {
  const { http, ask, counted } = await setUp(t, { status: 200, json: { name: 'Ivan' } })
  assert.equal(await ask(), 'Ivan')
  const [received] = http.received
  assert.equal(received?.headers.authorization, `Bearer ${TOKEN}`)
  assert.equal(received?.headers.accept, 'application/json')
  assert.deepEqual(await counted('chatfolk_platform_requests_total'), [
    { platform: 'donationalerts', endpoint: 'donations', status: '200', value: 1 },
  ])
  assert.deepEqual(await counted('chatfolk_platform_errors_total'), [])
})

test('a form and a JSON body are sent as what they are', async (t) => {
  const { http, ask } = await setUp(t, { status: 200, json: { name: 'Ivan' } })
  await ask({ method: 'POST', body: { form: { code: 'a b&c', client_id: '1' } } })
  await ask({ method: 'POST', body: { json: { channels: ['$alerts:donation_7'] } } })
  assert.deepEqual(
    http.received.map(({ method, headers, body }) => [method, headers['content-type'], body]),
    [
      ['POST', 'application/x-www-form-urlencoded', 'code=a+b%26c&client_id=1'],
      ['POST', 'application/json', '{"channels":["$alerts:donation_7"]}'],
    ],
  )
})

const HTML = `<!doctype html><p>${WORDS}`

const OUTCOMES: [what: string, answer: Answer, code: ErrorCode, type: string, details: Record<string, unknown>][] = [
  [
    '429 without a word on when',
    { status: 429, text: HTML },
    'platform-rate-limit',
    'rate_limit',
    { retryAfterMs: null },
  ],
  [
    '429 with Retry-After',
    { status: 429, json: { message: WORDS }, headers: { 'retry-after': '17' } },
    'platform-rate-limit',
    'rate_limit',
    { retryAfterMs: 17_000 },
  ],
  ['500', { status: 500, json: { message: WORDS } }, 'platform-server', 'server', {}],
  ['502 in HTML', { status: 502, text: HTML }, 'platform-server', 'server', {}],
  ['401', { status: 401, json: { message: 'Unauthenticated.' } }, 'platform-auth', 'auth', {}],
  ['an empty 401', { status: 401 }, 'platform-auth', 'auth', {}],
  ['403', { status: 403, json: { message: WORDS } }, 'missing-scope', 'auth', {}],
  [
    '403 in HTML, which a guard sends and no platform',
    { status: 403, text: HTML },
    'platform-invalid',
    'invalid',
    { reason: 'not-json' },
  ],
  ['401 in HTML', { status: 401, text: HTML }, 'platform-invalid', 'invalid', { reason: 'not-json' }],
  ['404', { status: 404, json: { message: WORDS } }, 'platform-invalid', 'invalid', { reason: 'status' }],
  ['200 in HTML', { status: 200, text: HTML }, 'platform-invalid', 'invalid', { reason: 'not-json' }],
  ['200 without a body', { status: 200 }, 'platform-invalid', 'invalid', { reason: 'empty' }],
  ['204', { status: 204 }, 'platform-invalid', 'invalid', { reason: 'empty' }],
  [
    '200 with half of a JSON text',
    { status: 200, text: `{"name":"${WORDS}` },
    'platform-invalid',
    'invalid',
    { reason: 'not-json' },
  ],
  [
    '200 with another shape',
    { status: 200, json: { name: 7, words: WORDS } },
    'platform-invalid',
    'invalid',
    { reason: 'shape' },
  ],
  ['200 with null', { status: 200, json: null }, 'platform-invalid', 'invalid', { reason: 'shape' }],
  [
    'a redirect',
    { status: 302, headers: { location: '/elsewhere' } },
    'platform-invalid',
    'invalid',
    { reason: 'status' },
  ],
  ['a reset connection', (response) => response.destroy(), 'platform-network', 'network', { reason: 'UND_ERR_SOCKET' }],
  [
    'a connection that is cut in the middle of the body',
    (response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"name":', () => response.destroy())
    },
    'platform-network',
    'network',
    { reason: 'UND_ERR_SOCKET' },
  ],
]

for (const [what, answer, code, type, details] of OUTCOMES) {
  test(`${what} is ${code}, counted as ${type}, and tells no token and no words`, async (t) => {
    const { http, ask, counted } = await setUp(t, answer)
    const error = await failureOf(ask())
    assert.equal(error.code, code)
    for (const [name, value] of Object.entries({ platform: 'donationalerts', endpoint: 'donations', ...details })) {
      assert.deepEqual(error.details[name], value, name)
    }
    assert.deepEqual(await counted('chatfolk_platform_errors_total'), [{ platform: 'donationalerts', type, value: 1 }])
    assert.doesNotMatch(everythingOf(error), /canary/)
    assert.equal(http.received.length, 1)
  })
}

test('a port where nobody listens is a network error', async (t) => {
  const { ask, counted } = await setUp(t, { status: 200 })
  const error = await failureOf(ask({ url: 'http://127.0.0.1:1/' }))
  assert.equal(error.code, 'platform-network')
  assert.deepEqual(await counted('chatfolk_platform_requests_total'), [
    { platform: 'donationalerts', endpoint: 'donations', status: 'network', value: 1 },
  ])
})

test('a token that cannot stand in a header is not quoted by the error', async (t) => {
  const { ask } = await setUp(t, { status: 200 })
  const error = await failureOf(ask({ headers: { authorization: `Bearer ${TOKEN}\nx` } }))
  assert.equal(error.code, 'platform-network')
  assert.doesNotMatch(everythingOf(error), /canary/)
})

for (const [what, answer] of [
  ['never comes', () => {}],
  ['begins and never ends', (response) => void response.writeHead(200).write('{"name":')],
] as [string, Answer][]) {
  test(`an answer that ${what} is a network error after ten seconds`, async (t) => {
    const clock = createManualClock()
    const { http, ask } = await setUp(t, answer, { clock })
    const failure = failureOf(ask())
    await eventually('the request', () => http.received.length === 1)
    await clock.advance(10_000)
    const { code, details } = await failure
    assert.deepEqual([code, details['reason']], ['platform-network', 'timeout'])
    assert.equal(clock.pendingTimers(), 0)
  })
}

test('a slow answer within the time is an answer', async (t) => {
  const clock = createManualClock()
  const { http, ask } = await setUp(t, (response) => void clock.after(9_000, () => response.end('{"name":"Ivan"}')), {
    clock,
  })
  const asked = ask()
  await eventually('the request', () => http.received.length === 1)
  await clock.advance(9_000)
  assert.equal(await asked, 'Ivan')
  assert.equal(clock.pendingTimers(), 0)
})

test('a process that hung has not read what came meanwhile: a time-out that fires late waits a second more', async (t) => {
  const clock = createManualClock()
  let hungMs = 0
  const hanging = { ...clock, monotonic: () => clock.monotonic() + hungMs }
  const came: Answer = (response) => void clock.after(10_500, () => response.end('{"name":"Ivan"}'))
  const { http, ask } = await setUp(t, came, { clock: hanging })
  http.answers.push(() => {})
  const asked = ask()
  await eventually('the request', () => http.received.length === 1)
  hungMs += 40_000
  await clock.advance(10_500)
  assert.equal(await asked, 'Ivan')

  const failure = failureOf(ask())
  await eventually('another one', () => http.received.length === 2)
  hungMs += 40_000
  await clock.advance(10_999)
  assert.equal(clock.pendingTimers(), 1)
  await clock.advance(1)
  assert.equal((await failure).details['reason'], 'timeout')
  assert.equal(clock.pendingTimers(), 0)
})

test('the caller’s signal ends the request with the caller’s reason, which is nobody’s error', async (t) => {
  const { http, ask, counted } = await setUp(t, () => {})
  const controller = new AbortController()
  const reason = new AppError('shutting-down')
  const asked = ask({ signal: controller.signal })
  await eventually('the request', () => http.received.length === 1)
  controller.abort(reason)
  await assert.rejects(asked, reason)
  await assert.rejects(ask({ signal: controller.signal }), reason)
  assert.equal(http.received.length, 1)
  assert.deepEqual(await counted('chatfolk_platform_errors_total'), [])
  assert.deepEqual(await counted('chatfolk_platform_requests_total'), [
    { platform: 'donationalerts', endpoint: 'donations', status: 'aborted', value: 1 },
  ])
})

test('a body beyond the cap is refused before it is read to its end', async (t) => {
  const { ask } = await setUp(
    t,
    (response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
        response.once('drain', more)
      }
      more()
    },
    { maxBodyBytes: 100_000 },
  )
  const error = await failureOf(ask())
  assert.deepEqual([error.code, error.details['reason']], ['platform-invalid', 'too-large'])
})

test('a body of many small pieces is read as one, letters that were cut in two included', async (t) => {
  const { ask } = await setUp(t, (response) => {
    const bytes = Buffer.from('{"name":"Иван 🎉"}')
    response.writeHead(200)
    const next = (at: number) => {
      if (at === bytes.length) response.end()
      else response.write(bytes.subarray(at, at + 1), () => next(at + 1))
    }
    next(0)
  })
  assert.equal(await ask(), 'Иван 🎉')
})

test('a refusal of the endpoint’s own goes before the general rules, and never sees HTML as words', async (t) => {
  const { http, ask } = await setUp(t, { status: 401, json: { error: 'invalid_client' } })
  const seen: unknown[] = []
  const refusal: PlatformRequest<string>['refusal'] = (status, body) => {
    seen.push([status, body])
    return body === undefined ? undefined : { code: 'oauth-failed', reason: 'invalid_client' }
  }
  const error = await failureOf(ask({ refusal }))
  assert.deepEqual([error.code, error.details['reason']], ['oauth-failed', 'invalid_client'])
  http.answers = [{ status: 400, text: HTML }]
  assert.equal((await failureOf(ask({ refusal }))).code, 'platform-invalid')
  assert.deepEqual(seen, [
    [401, { error: 'invalid_client' }],
    [400, undefined],
  ])
})

test('a 4xx that is as good as an answer is one, a 429 among them, and is nobody’s error', async (t) => {
  const { http, ask, counted } = await setUp(t, { status: 409, json: { id: 'there already' } })
  const answer: PlatformRequest<string>['answer'] = (status, body) =>
    isRecord(body) && typeof body['id'] === 'string' ? `${status} ${body['id']}` : undefined
  assert.equal(await ask({ answer }), '409 there already')
  http.answers = [{ status: 429, json: { id: 'no room' } }]
  assert.equal(await ask({ answer }), '429 no room')
  assert.deepEqual(await counted('chatfolk_platform_errors_total'), [])
  http.answers = [{ status: 429, json: { message: WORDS }, headers: { 'retry-after': '17' } }]
  const error = await failureOf(ask({ answer }))
  assert.deepEqual([error.code, error.details['retryAfterMs']], ['platform-rate-limit', 17_000])
  assert.doesNotMatch(everythingOf(error), /canary/)
})

test('the headers of every answer are shown, whatever becomes of it', async (t) => {
  const { http, ask } = await setUp(t, { status: 200, json: { name: 'Ivan' } })
  const seen: (string | null)[] = []
  const onHeaders = (headers: Headers) => void seen.push(headers.get('ratelimit-remaining'))
  for (const [status, left] of [
    [200, '3'],
    [404, '2'],
    [429, '1'],
    [500, '0'],
  ] as const) {
    http.answers = [{ status, json: { name: 'Ivan' }, headers: { 'ratelimit-remaining': left } }]
    await ask({ onHeaders, method: 'PATCH' }).catch(() => {})
  }
  assert.deepEqual(seen, ['3', '2', '1', '0'])
  assert.equal(http.received[0]?.method, 'PATCH')
})

test('an answer without a body is read where none is expected', async (t) => {
  const { ask } = await setUp(t, { status: 204 })
  assert.equal(await ask({ method: 'DELETE', read: () => 'gone' }), 'gone')
})
