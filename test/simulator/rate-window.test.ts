import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startPlatforms, type SimulatedPlatforms } from '../support/simulated-platforms.ts'

const PROFILE = '/api/v1/user/oauth'

/** Statuses of so many requests, one after the other. */
async function spend({ ask }: SimulatedPlatforms, token: string, count: number): Promise<number[]> {
  const statuses = []
  for (let n = 0; n < count; n++) statuses.push((await ask('GET', PROFILE, { token })).status)
  return statuses
}

const refused = (statuses: number[]) => statuses.filter((status) => status === 429).length

test('60 requests of an application pass in a window, whoever’s they are; the rest fails until it ends', async (t) => {
  const platforms = await startPlatforms(t, { switches: { countTokenRequests: false } })
  const [ivan, maria] = [await platforms.signIn('da', 'ivan'), await platforms.signIn('da', 'maria')]
  const other = await platforms.signIn('da', 'ivan', { client: 'another' })
  assert.equal(refused(await spend(platforms, ivan.access_token, 40)), 0)
  assert.deepEqual(refused(await spend(platforms, maria.access_token, 30)), 10)
  assert.equal(refused(await spend(platforms, other.access_token, 1)), 0)

  const { status, headers, body } = await platforms.ask('GET', PROFILE, { token: ivan.access_token })
  assert.deepEqual([status, body], [429, { message: 'Too Many Attempts.' }])
  assert.deepEqual([headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')], ['60', '0'])
  const waitS = Number(headers.get('retry-after'))
  assert.ok(waitS > 50 && waitS <= 60, String(waitS))
  await platforms.control('POST', 'clock', { advanceMs: waitS * 1_000 })
  assert.equal(refused(await spend(platforms, ivan.access_token, 61)), 1)
})

test('the window begins with its first request and stands still', async (t) => {
  const platforms = await startPlatforms(t, { switches: { countTokenRequests: false } })
  const { access_token: token } = await platforms.signIn('da', 'ivan')
  const push = (advanceMs: number) => platforms.control('POST', 'clock', { advanceMs })
  await spend(platforms, token, 1)
  await push(50_000)
  assert.equal(refused(await spend(platforms, token, 60)), 1)
  await push(10_000)
  assert.equal(refused(await spend(platforms, token, 60)), 0, 'a new window right after')
  const { maxInWindow } = await platforms.control('GET', 'requests')
  const most = (maxInWindow as Record<string, number>)['chatfolk-da']
  assert.ok(most !== undefined && most >= 120, 'what a fixed window lets through, the sliding count shows')
})

test('a limit can be each user’s own, without headers, and at a faster scale', async (t) => {
  const platforms = await startPlatforms(t, {
    rateWindowMs: 5_000,
    switches: { ratePerUser: true, rateHeaders: false, rateLimit: 5, countTokenRequests: false },
  })
  const [ivan, maria] = [await platforms.signIn('da', 'ivan'), await platforms.signIn('da', 'maria')]
  assert.equal(refused(await spend(platforms, ivan.access_token, 6)), 1)
  assert.equal(refused(await spend(platforms, maria.access_token, 5)), 0)
  const { status, headers } = await platforms.ask('GET', PROFILE, { token: maria.access_token })
  assert.deepEqual([status, headers.get('retry-after'), headers.get('x-ratelimit-limit')], [429, null, null])
  await platforms.control('POST', 'clock', { advanceMs: 5_000 })
  assert.equal(refused(await spend(platforms, ivan.access_token, 5)), 0)
})

test('token requests count, unless switched off', async (t) => {
  const platforms = await startPlatforms(t, { switches: { rateLimit: 3 } })
  const tokens = await platforms.signIn('da', 'ivan')
  assert.deepEqual(await spend(platforms, tokens.access_token, 2), [200, 200])
  assert.equal((await platforms.refresh('da', tokens.refresh_token)).status, 429)
  await platforms.control('PATCH', 'switches', { countTokenRequests: false })
  assert.equal((await platforms.refresh('da', tokens.refresh_token)).status, 200)
})

test('requests with tokens that are none are refused for that, and use nothing up', async (t) => {
  const platforms = await startPlatforms(t, { switches: { rateLimit: 1 } })
  assert.deepEqual(await spend(platforms, 'nonsense', 5), [401, 401, 401, 401, 401])
})
