import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { startAuthServer } from '../support/auth-server.ts'
import { openTestDatabase } from '../support/database.ts'
import { createInjectBrowser, redirectOf } from '../support/inject-browser.ts'
import { newTestBox } from '../support/people.ts'

const BASE_URL = 'https://chatfolk.test'
const COOKIES = ['__Host-chatfolk_session', '__Host-chatfolk_oauth_twitch', '__Host-chatfolk_oauth_donationalerts']

test('no cookie, state, code or query makes the sign-in fail on our side or let anybody in', async (t) => {
  const { db } = await openTestDatabase(t)
  const box = newTestBox()
  const { app } = await startAuthServer(t, { db, box })
  const browser = createInjectBrowser(app, BASE_URL)
  const state = redirectOf(await browser.get('/auth/twitch/login')).searchParams.get('state') ?? ''
  const binding = browser.cookies.get('__Host-chatfolk_oauth_twitch') ?? ''

  const nearly = (good: string) =>
    fc.oneof(
      fc.constant(good),
      fc.nat(good.length).map((cut) => good.slice(0, cut)),
      fc
        .tuple(fc.nat(good.length), fc.string({ maxLength: 3 }))
        .map(([at, put]) => good.slice(0, at) + put + good.slice(at + 1)),
    )
  const anything = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '[]', '{}', 'a.b', '..', '\0'),
  )
  const value = fc.oneof(anything, nearly(state), nearly(binding))
  const headerSafe = (text: string) => text.replaceAll(/[^\t -~]/g, '?')

  const route = fc.constantFrom(
    '/auth/twitch/login',
    '/auth/twitch/callback',
    '/auth/donationalerts/login',
    '/auth/donationalerts/callback',
    '/api/me',
  )
  const query = fc.array(fc.tuple(fc.constantFrom('state', 'code', 'error', 'return', 'state[]', '__proto__'), value), {
    maxLength: 4,
  })
  const cookies = fc.array(fc.tuple(fc.constantFrom(...COOKIES), value), { maxLength: 3 })

  await fc.assert(
    fc.asyncProperty(route, query, cookies, async (path, parameters, given) => {
      const search = parameters.map(([name, text]) => `${name}=${encodeURIComponent(text.toWellFormed())}`).join('&')
      const cookie = given.map(([name, text]) => `${name}=${headerSafe(text)}`).join('; ')
      const response = await app.inject({ url: `${path}?${search}`, headers: { cookie } })
      assert.ok([302, 401].includes(response.statusCode), `${response.statusCode} ${response.body}`)
      assert.ok(!response.cookies.some(({ name }) => name === '__Host-chatfolk_session'))
      if (path.endsWith('callback')) assert.match(response.headers.location ?? '', /^\/(?!\/).*auth_error=/)
    }),
    { numRuns: 600 },
  )
})
