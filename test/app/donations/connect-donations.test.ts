import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createConnectDonations } from '../../../src/app/donations/connect-donations.ts'
import { createFakePlatform } from '../../support/fake-platform.ts'

/** The part of it that chooses an application, of four with so many accounts each. */
function chooserAmong(used: Record<string, number>, random: () => number) {
  const { provider } = createFakePlatform()
  return createConnectDonations({
    accounts: {
      ofUser: async () => null,
      countByApplication: async () => new Map(Object.entries(used)),
    },
    provider,
    source: { profile: () => assert.fail('nobody is asked') },
    applications: ['a', 'b', 'c', 'd'],
    payFor: (_application, request) => request(),
    connections: {
      connect: () => assert.fail('nobody connects'),
      disconnect: () => assert.fail('nobody disconnects'),
    },
    onChanged: () => {},
    random,
  })
}

test('people who come at the same time are spread over the applications that are used least', async () => {
  let turn = 0
  const { chooseApplication } = chooserAmong({ a: 5, b: 2, c: 2 }, () => (turn++ % 2) / 2)
  assert.equal(await chooseApplication('one'), 'd', 'nobody uses it yet')

  const alike = chooserAmong({ a: 2, b: 2, c: 2, d: 2 }, () => (turn++ % 4) / 4)
  const chosen = await Promise.all(['one', 'two', 'three', 'four'].map((user) => alike.chooseApplication(user)))
  assert.deepEqual(new Set(chosen), new Set(['a', 'b', 'c', 'd']))
})
