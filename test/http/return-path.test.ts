import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { safeReturnPath, withParameters } from '../../src/http/return-path.ts'

test('a path of this site is kept with its query and fragment', () => {
  for (const path of ['/', '/dashboard', '/dashboard?part=alerts&x=1#top', '/a/../b']) {
    assert.equal(safeReturnPath(path), path.replace('/a/..', ''))
  }
})

test('whatever is asked for, a browser stays on this site', () => {
  const sly = fc.string({
    unit: fc.constantFrom('/', '\\', '.', ':', '@', '?', '#', '%', '\t', '\n', 'a', 'evil.example', '%2f', '%5c', '　'),
  })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        sly,
        sly.map((tail) => `/${tail}`),
        fc.anything(),
      ),
      (asked) => {
        const path = safeReturnPath(asked)
        assert.match(path, /^\/(?![/\\])/)
        const url = new URL(withParameters(path, { auth_error: 'oauth-failed' }), 'https://chatfolk.test')
        assert.equal(url.origin, 'https://chatfolk.test')
        assert.equal(url.searchParams.get('auth_error'), 'oauth-failed')
      },
    ),
    { numRuns: 3_000 },
  )
})
