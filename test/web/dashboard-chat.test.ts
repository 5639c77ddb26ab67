import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { DEFAULT_COMMANDS } from '../../src/domain/chat-command.ts'
import { COMMON_BOTS, DEFAULT_SETTINGS, type ChannelSettings } from '../../src/domain/settings.ts'
import { openBrowser, type Ending } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { en } from '../../web/ui/texts.en.ts'
import { ru } from '../../web/ui/texts.ru.ts'
import { buildPages, type BuiltPages } from './built-pages.ts'
import { chatTest, newBot, sampleBot, troubledBot } from './dashboard-studio.ts'
import { createVisit, PHONE, widerThanItsWindow } from './dashboard-visit.ts'

/* The chat's side of the dashboard: the shipped pages in the real browser against a server played from memory. */

let browser: Browser
let pages: BuiltPages
const endings: Array<() => unknown> = []
before(async () => {
  const ending: Ending = { after: (run) => void endings.push(run) }
  ;[browser, pages] = await Promise.all([openBrowser(ending), buildPages()])
})
after(() => Promise.all(endings.map((end) => end())))

const visit = createVisit(() => ({ browser, pages }))
const path = '/dashboard#chat'

test('the bot is turned off and on by its switch, and Undo turns it back', async (t) => {
  const { server, page, faults, button } = await visit(t, { path })
  await page.getByRole('heading', { name: 'The bot is listening' }).waitFor()
  const bot = page.getByRole('switch', { name: 'Chat bot' })
  await bot.click()
  await page.getByText('The characters leave the stage').waitFor()
  await page.getByText('nobody appears on the stage').waitFor()
  assert.equal(await bot.isChecked(), false)
  await button('Undo').click()
  await page.getByText('Put back as it was').waitFor()
  await page.getByRole('heading', { name: 'The bot is coming into your chat' }).waitFor()
  assert.deepEqual(
    server.calls.map(({ path, body }) => [path, body]),
    [
      ['/api/channel/bot', { enabled: false }],
      ['/api/channel/bot', { enabled: true }],
    ],
  )
  assert.deepEqual(faults, [])
})

test('a switch that the server refuses goes back, and says so', async (t) => {
  const { page } = await visit(t, { path, studio: { refuseBot: true } })
  const bot = page.getByRole('switch', { name: 'Chat bot' })
  await bot.click()
  await page.getByText('The bot was not turned off').waitFor()
  assert.equal(await bot.isChecked(), true)
})

test('a bot that listens to an empty stage says who comes out next', async (t) => {
  const { page, faults, button } = await visit(t, { path, studio: { bot: sampleBot({ viewers: 0 }) } })
  await page.getByText('The stage is still empty: whoever writes next comes out.').waitFor()
  await button('Only by !start').click()
  await page.getByText('The stage is still empty: whoever writes !start comes out.').waitFor()
  await page.getByRole('switch', { name: '“Come on stage” is on' }).click()
  await page.getByText('Viewers come out on stage, and commands get their answers.').waitFor()
  assert.deepEqual(faults, [])
})

test('a bot without permission asks for it, and says what it may then do and what not', async (t) => {
  const { server, page, faults, button } = await visit(t, { path, studio: { bot: newBot() } })
  await button('Turn on the bot').click()
  await page.getByText('Needs permission', { exact: true }).waitFor()
  assert.equal(await page.getByRole('switch', { name: 'Chat bot' }).isChecked(), true)
  assert.equal(await page.locator('.bot-can li').count(), 3)
  await page.getByText('It may not ban anyone').waitFor()
  const link = page.getByRole('link', { name: 'Give the permission' })
  assert.equal(await link.getAttribute('href'), '/auth/twitch/login?permissions=chat&return=%2Fdashboard%23chat')
  assert.deepEqual(server.calls[0]?.body, { enabled: true })
  assert.deepEqual(faults, [])
})

test('whoever unticked something at Twitch reads what is missing and why, in the section that they left', async (t) => {
  const from = '/dashboard?auth_error=missing-scope&provider=twitch#chat'
  const { page, faults } = await visit(t, {
    path: from,
    locale: 'ru-RU',
    studio: { bot: troubledBot('missing-scope') },
  })
  await page.getByText('У бота чата всё ещё нет разрешения').waitFor()
  await page.getByText('Боту нужны три вещи: читать ваш чат').waitFor()
  assert.ok(!(await page.getByRole('alert').innerText()).includes('донат'))
  assert.equal(new URL(page.url()).search + new URL(page.url()).hash, '#chat')
  await page.getByRole('link', { name: 'Дать разрешение' }).waitFor()
  assert.deepEqual(faults, [])
})

test('whoever says no at Twitch reads that the bot has no permission, not that signing in failed', async (t) => {
  const from = '/dashboard?auth_error=oauth-denied&provider=twitch#chat'
  const { page, faults } = await visit(t, { path: from, studio: { bot: troubledBot('missing-scope') } })
  await page.getByText('The chat bot still has no permission').waitFor()
  await page.getByText('Try again when you are ready').waitFor()
  assert.equal(await page.getByText('sign-in did not work out').count(), 0)
  assert.deepEqual(faults, [])
})

test('a permission that was taken back turned the bot off: said in both languages, and first of all on the live page', async (t) => {
  const bot = troubledBot('permission-revoked', { desired: false })
  const { page, faults, button } = await visit(t, { path: '/dashboard', studio: { bot } })
  await page.getByText('We need your help').waitFor()
  await page.locator('.headline').getByRole('link', { name: 'To the bot' }).click()
  await page.getByText('or the password was changed').waitFor()
  await page.getByRole('link', { name: 'Give it again' }).waitFor()
  await button('Русский').click()
  await page.getByText('Разрешение отозвано', { exact: true }).waitFor()
  await page.getByText('Дайте разрешение снова, и он вернётся').waitFor()
  assert.deepEqual(faults, [])
})

test('each thing that stops a bot has words of its own', async (t) => {
  const { server, page } = await visit(t, { path, studio: { bot: troubledBot('banned') } })
  const told = async (code: string, words: string) => {
    server.studio.bot = troubledBot(code, { permission: 'granted' })
    await page.evaluate(`window.dispatchEvent(new Event('online'))`)
    await page.getByText(words).waitFor()
  }
  await told('banned', 'Lift the ban in your chat')
  await told('account-gone', 'deleted, suspended or renamed away')
  await told('bot-account-missing', 'Only whoever runs the server can do that')
  await told('unavailable', 'our database did not answer')
  await told('never-heard-of', 'Last trouble: something unexpected')
})

test('a bot that lost the chat says why and when it tries again', async (t) => {
  const retryAt = new Date(Date.now() + 40_000).toISOString()
  const facts = { state: 'backoff', permission: 'granted', retryAt } as const
  const bot = troubledBot('platform-server', { ...facts, speaker: { login: 'chatfolk_bot', own: false } })
  const { page, faults } = await visit(t, { path, studio: { bot } })
  await page.getByText('Last trouble: Twitch is having trouble').waitFor()
  await page.getByText(/Next try in \d+ sec/).waitFor()
  await page.getByText('The shared bot answers: chatfolk_bot').waitFor()
  assert.deepEqual(faults, [])
})

test('what the bot said and left out is counted, with the last reason', async (t) => {
  const { server, page } = await visit(t, { path })
  const figures = page.locator('.figures')
  await figures.getByText('one viewer asked too often, 3 min. ago').waitFor()
  assert.deepEqual(await figures.locator('.figure-value').allTextContents(), ['23', '148', '3'])
  const lastDropped = { why: 'sunspots', at: new Date().toISOString() }
  server.studio.bot = sampleBot({ replies: { sent: 1_500, dropped: 4, lastDropped } })
  await page.evaluate(`window.dispatchEvent(new Event('online'))`)
  await figures.getByText('last: something unexpected').waitFor()
})

test('who is on stage is chosen, saves itself, and Undo knows the old value', async (t) => {
  const { server, page, faults, button } = await visit(t, { path })
  await button('Only by !start').click()
  await page.getByText('Who gets a character: Only by !start').waitFor()
  await button('Undo').click()
  await page.getByText('Put back as it was').waitFor()
  const silence = page.getByRole('slider', { name: 'Leaves after silence of' })
  assert.equal((await silence.getAttribute('aria-valuetext'))?.replaceAll(/\s/g, ' '), '5 min')
  await silence.press('ArrowRight')
  await page.getByText(/Leaves after silence of: 7.min/).waitFor()
  await page.getByText(/after 3.min.30.s/).waitFor()
  await page.getByRole('slider', { name: 'Characters at a time' }).press('End')
  await page.getByText('Characters at a time: 200').waitFor()
  await page.getByRole('switch', { name: 'Speech bubbles' }).click()
  await page.getByText('Speech bubbles: off').waitFor()
  assert.deepEqual(
    server.calls.map((call) => call.body),
    [
      { chat: { joinByTalking: false } },
      { chat: { joinByTalking: true } },
      { chat: { inactivityS: 420 } },
      { chat: { crowdLimit: 200 } },
      { chat: { bubbles: false } },
    ],
  )
  assert.deepEqual(faults, [])
})

test('a stage that nobody can enter is warned of, and an odd time is kept as it is', async (t) => {
  const commands = { ...DEFAULT_COMMANDS, join: { ...DEFAULT_COMMANDS.join, enabled: false } }
  const settings = chatSettings({ joinByTalking: false, inactivityS: 137, commands })
  const { page } = await visit(t, { path, studio: { settings } })
  await page.getByText('nobody can come on stage').waitFor()
  const silence = page.getByRole('slider', { name: 'Leaves after silence of' })
  assert.equal((await silence.getAttribute('aria-valuetext'))?.replaceAll(/\s/g, ' '), '2 min 17 s')
})

test('a command is changed in every way, taken back, and put back to its default', async (t) => {
  const { server, page, faults, button } = await visit(t, { path })
  await page.getByRole('switch', { name: '“Is the bot there?” is on' }).click()
  await page.getByText('Is the bot there?: off').waitFor()
  await button('Undo').click()
  await page.getByText('Put back as it was').waitFor()
  assert.deepEqual(server.studio.settings.chat.commands, DEFAULT_COMMANDS)

  await button('Change “Leave the stage”').click()
  assert.equal(await button('Back to the default').count(), 0)
  await page.getByLabel('Words', { exact: true }).fill('!Bye, !пока')
  await button('Add').first().click()
  await button('Remove “!bye”').waitFor()
  await page.getByLabel('Who may use it').selectOption({ label: 'Moderators and you' })
  await page.getByText('Leave the stage, who may: moderators and you').waitFor()
  await page.getByLabel('Pause between uses').selectOption({ label: 'No pause' })
  await page.getByText('Leave the stage, pause: no pause').waitFor()
  assert.deepEqual(server.studio.settings.chat.commands.leave, {
    enabled: true,
    words: ['!leave', '!уйти', '!bye', '!пока'],
    cooldownS: 0,
    permission: 'moderator',
  })
  await button('Back to the default').click()
  await page.getByText('Leave the stage: as by default').waitFor()
  assert.deepEqual(server.studio.settings.chat.commands, DEFAULT_COMMANDS)
  // It took more than a field back at once, and so does its Undo.
  await page.locator('.toast', { hasText: 'as by default' }).getByRole('button', { name: 'Undo' }).click()
  await page.getByText('Put back as it was').waitFor()
  assert.equal(server.studio.settings.chat.commands.leave.cooldownS, 0)
  assert.deepEqual(faults, [])
})

test('words that cannot be a command’s are refused in words, and the last one stays', async (t) => {
  const { server, page, button } = await visit(t, { path })
  await button('Change “Is the bot there?”').click()
  const words = page.getByLabel('Words', { exact: true })
  const refused = async (typed: string, why: string) => {
    await words.fill(typed)
    await words.press('Enter')
    await page.getByRole('alert').filter({ hasText: why }).waitFor()
    assert.equal(await words.getAttribute('aria-invalid'), 'true')
  }
  await refused('!are you there', 'A word has no spaces')
  await refused(`!${'x'.repeat(25)}`, 'A word has up to 25 characters')
  await refused('!JOIN', '“!join” already belongs to “Come on stage”')
  await refused(Array.from({ length: 10 }, (_, n) => `!p${n}`).join(','), 'A command has up to 10 words')
  assert.equal(await button('Remove “!ping”').count(), 0)
  await page.getByText('At least one word has to stay').waitFor()
  assert.equal(server.calls.length, 0)
})

test('ignored accounts are kept as Twitch writes them, and the usual bots come back beside them', async (t) => {
  const { server, page, faults, button } = await visit(t, { path, studio: { settings: chatSettings({ ignored: [] }) } })
  await page.getByText('Everybody is noticed').waitFor()
  const names = page.getByLabel('Ignored accounts')
  await names.fill('@My_Bot2, кот')
  await names.press('Enter')
  await page.getByText('A name on Twitch: up to 25 Latin letters').waitFor()
  await names.fill('@My_Bot2, my_bot2')
  await names.press('Enter')
  await button('Remove “my_bot2”').waitFor()
  await button('Back to the usual bots').click()
  await button('Remove “nightbot”').waitFor()
  // The page shows it before the server has heard of it.
  await eventually('it is kept', () => server.studio.settings.chat.ignored.length > 1)
  assert.deepEqual(server.studio.settings.chat.ignored, ['my_bot2', ...COMMON_BOTS])
  assert.deepEqual(faults, [])
})

test('the word list is one for donations and bubbles, and each place says so', async (t) => {
  const { page } = await visit(t, { path })
  await page.getByText('One list for donations and for speech bubbles. 2 words in the list.').waitFor()
  await page.getByRole('link', { name: 'Change the list' }).click()
  await page.getByText('in donations and in chat bubbles alike').waitFor()
})

test('a test message goes out as written, and its answer tells what the bot understood', async (t) => {
  const { server, page, faults, button } = await visit(t, { path })
  const result = page.locator('.chat-result')
  await button('Greeting').click()
  await button('Say it').click()
  await result.getByText('A greeting: the character waves').waitFor()
  await result.getByText('The bot would not answer').waitFor()
  const message = 'Hello everyone, how is the run going?'
  assert.deepEqual(server.calls[0]?.body, { kind: 'chat', name: 'Nightfox', message })

  server.studio.chatTest = chatTest({ command: 'ping' }, { reply: '<b>pong</b>', joined: true })
  await button(/^Command$/).click()
  await page.getByLabel('Message').press('Enter')
  await result.getByText('The command !ping: is the bot there?').waitFor()
  await result.getByText('The character came on stage').waitFor()
  assert.equal(await result.locator('.chat-reply').textContent(), '<b>pong</b>')

  server.studio.chatTest = chatTest({ command: 'leave', permitted: false })
  await page.getByLabel('Message').fill('!leave now')
  await button('Say it').click()
  await result.getByText('Not allowed for a plain viewer: everyone').waitFor()

  server.studio.chatTest = chatTest({ reaction: 'wave' }, { onStage: false })
  await button('Say it').click()
  await result.getByText('The viewer is not on stage and comes out only by !start').waitFor()

  server.studio.chatTest = chatTest({ ignored: true }, { onStage: false })
  await button('Say it').click()
  await result.getByText('The account is in the ignore list').waitFor()
  assert.equal(await result.getByText('The bot would not answer').count(), 0)
  assert.deepEqual(faults, [])
})

test('a test without a name or words, or with too many, is not sent; one to a bot that is off says what to do', async (t) => {
  const { server, page, button } = await visit(t, { path, studio: { chatTest: null } })
  await page.getByLabel('Message').fill('я'.repeat(501))
  await page.getByText('1 character too many').waitFor()
  await button('Say it').click({ force: true })
  await page.getByLabel('Message').fill('  ')
  await button('Say it').click({ force: true })
  await page.getByText('Write what the viewer says').waitFor()
  await page.getByLabel('Viewer’s name').fill('')
  await page.getByText('The viewer needs a name').waitFor()
  assert.equal(server.calls.length, 0)
  await button('Laughter').click()
  await button('Say it').click()
  await page.getByText('Turn it on first').waitFor()
})

test('the live page shows the bot among its lights, and invites where it is off', async (t) => {
  const { server, page, faults } = await visit(t)
  await page.locator('.light', { hasText: 'In the chat' }).getByText('23 characters on stage').waitFor()
  assert.equal(await page.getByText('The stage is still empty').count(), 0)
  server.studio.bot = newBot()
  await page.evaluate(`window.dispatchEvent(new Event('online'))`)
  await page.getByText('Everything works').waitFor()
  await page.getByText('The stage is still empty').waitFor()
  await page.locator('.headline').getByRole('link', { name: 'Turn on the bot' }).click()
  await page.getByRole('heading', { name: 'The bot is off' }).waitFor()
  assert.deepEqual(faults, [])
})

test('while the server is out of reach nobody claims to know how the bot is', async (t) => {
  const { server, page } = await visit(t, { path })
  await page.getByRole('heading', { name: 'The bot is listening' }).waitFor()
  server.studio.down = true
  await page.evaluate(`window.dispatchEvent(new Event('online'))`)
  await page.locator('.bot').getByText('We cannot say how the bot is').waitFor()
  assert.equal(await page.locator('.bot .light-word').textContent(), 'Unknown')
})

test('every state of the section fits a phone of 360 px, in either language', async (t) => {
  const name = 'ДлинныйНикБезПробелов'
  for (const locale of ['ru-RU', 'en-US']) {
    const { server, page } = await visit(t, { path, locale, viewport: PHONE })
    await page.locator('.preview').waitFor()
    const words = (locale === 'ru-RU' ? ru : en).chat.status
    const states = {
      off: newBot(),
      permission: troubledBot('missing-scope'),
      backoff: troubledBot('platform-network', { state: 'backoff', permission: 'granted' }),
      active: sampleBot({ speaker: { login: 'a_login_of_25_characters__', own: true } }),
    }
    for (const [status, bot] of Object.entries(states)) {
      server.studio.bot = bot
      await page.evaluate(`window.dispatchEvent(new Event('online'))`)
      await page.getByRole('heading', { name: words[status as keyof typeof states].title }).waitFor()
      assert.ok((await widerThanItsWindow(page)) <= 0, `${locale} ${status}`)
    }
    server.studio.chatTest = chatTest({ command: 'help' }, { reply: '!start!join'.repeat(20), joined: true })
    await page.locator('input[name=name]').fill(name)
    await page.locator('textarea[name=message]').fill('!'.repeat(300))
    await page.locator('form.test-donation button[type=submit]').click()
    await page.locator('.chat-result').waitFor()
    for (const toggle of await page.locator('.command .way-button').all()) await toggle.click()
    assert.ok((await widerThanItsWindow(page)) <= 0, `${locale} unfolded`)
  }
})

function chatSettings(changes: Partial<ChannelSettings['chat']>): ChannelSettings {
  return { ...DEFAULT_SETTINGS, chat: { ...DEFAULT_SETTINGS.chat, ...changes } }
}
