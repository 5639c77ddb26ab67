import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBrowser } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { startTwitch } from '../support/simulated-twitch.ts'

test('on the control page one talks, answers, bans and breaks a shard by clicks, and what people write is never markup', async (t) => {
  const { openConduit, subscribe, url, simulator, say } = await startTwitch(t)
  const { id, sockets } = await openConduit(1)
  await subscribe(id, 'channel.chat.message')
  const browser = await openBrowser(t)
  const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } })
  const troubles: string[] = []
  page.on('pageerror', (error) => troubles.push(error.message))
  page.on('console', (message) => void (message.type() === 'error' && troubles.push(message.text())))
  await page.goto(url)
  const log = page.locator('#log')

  await page.getByLabel('As', { exact: true }).fill('maria')
  await page.getByLabel('Message').first().fill('Hello from the page')
  await page.getByRole('button', { name: 'Say it' }).click()
  await log.getByText('Hello from the page').waitFor()
  await eventually('the shard hears', () => sockets[0]?.texts().includes('Hello from the page'))

  await say({ text: '<b id="planted">x</b>', as: 'ivan' })
  await log.getByText('<b id="planted">').waitFor()
  assert.equal(await page.locator('#planted').count(), 0)

  const first = log.locator('li').first()
  await first.hover()
  await first.getByRole('button', { name: 'Reply' }).click()
  await page.getByRole('button', { name: 'Emotes' }).click()
  await log.getByText('PogChamp').waitFor()
  const [asked, , answered] = simulator.twitch.ledger.messages()
  assert.equal(answered?.replyTo, asked?.id)

  await first.hover()
  await first.getByRole('button', { name: 'Ban' }).click()
  await eventually('the ban', () => simulator.twitch.standings.exclusion('107', '108') === 'banned')

  await page.getByRole('button', { name: 'Break off', exact: true }).click()
  assert.equal(await sockets[0]?.closed, 1006)
  await page.locator('#shards').getByText('disconnected').waitFor()
  assert.deepEqual(troubles, [])
})
