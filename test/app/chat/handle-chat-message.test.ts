import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lookFromSeed } from '../../../src/domain/avatar-look.ts'
import { applySettings } from '../../../src/domain/settings.ts'
import { CHANNEL_ID, inShort, openChatRoom, STREAMER_ID } from '../../support/chat-room.ts'

test('whoever talks comes on stage with what they said above them', async () => {
  const { say } = openChatRoom()
  const events = await say('what a run')
  assert.deepEqual(inShort(events), ['join ann', 'say ann'])
  const [joined, said] = events
  assert.ok(joined?.type === 'avatar.join' && said?.type === 'avatar.say')
  assert.deepEqual([joined.d.name, joined.d.color, joined.d.by], ['ANN', '#ff69b4', 'chat'])
  assert.deepEqual(said.d.parts, [{ text: 'what a run' }])
})

test('whoever is on stage walks a little with each message', async () => {
  const { say, clock } = openChatRoom()
  await say('one')
  await clock.advance(5_000)
  assert.deepEqual(inShort(await say('two')), ['act ann walk', 'say ann'])
})

test('a greeting waves, laughter laughs, an emoji is held up and stands in no bubble', async () => {
  const { say, clock } = openChatRoom()
  await say('one')
  await clock.advance(5_000)
  assert.deepEqual(inShort(await say('привет всем')), ['act ann wave', 'say ann'])
  assert.deepEqual(inShort(await say('ахаха')), ['act ann laugh', 'say ann'])
  const [sign, ...more] = await say('🔥🔥')
  assert.deepEqual(more, [])
  assert.ok(sign?.type === 'avatar.emote')
  assert.deepEqual([sign.d.parts, sign.d.dur], [[{ text: '🔥' }], 3_000])
})

test('the first greeting waves as soon as its viewer has arrived', async () => {
  const { say, clock, told } = openChatRoom()
  assert.deepEqual(inShort(await say('hello')), ['join ann', 'say ann'])
  await clock.advance(3_000)
  assert.deepEqual(inShort(told).slice(2), ['act ann wave'])
})

test('!join brings in once, hops when there, and !leave stays away from further words', async () => {
  const { say, clock } = openChatRoom()
  assert.deepEqual(inShort(await say('!join')), ['join ann'])
  await clock.advance(6_000)
  assert.deepEqual(inShort(await say('!start')), ['act ann jump'])
  assert.deepEqual(inShort(await say('!уйти')), ['leave ann command'])
  assert.deepEqual(await say('I am still here'), [])
  await clock.advance(6_000)
  assert.deepEqual(inShort(await say('!старт')), ['join ann'])
})

test('where only commands bring in, words alone do not', async () => {
  const { say, clock } = openChatRoom({ settings: { chat: { joinByTalking: false } } })
  assert.deepEqual(await say('привет'), [])
  assert.deepEqual(inShort(await say('!join')), ['join ann'])
  await clock.advance(4_000)
  assert.deepEqual(inShort(await say('привет')), ['act ann wave', 'say ann'])
})

test('ping, help and look are answered once a cooldown and viewer, and shown in no bubble', async () => {
  const { say, answers, clock } = openChatRoom({ settings: { locale: 'en' } })
  await say('!ping')
  await say('!ping')
  await say('!ping', { who: 'bob' })
  assert.deepEqual(
    answers.map(({ viewerId, text, command }) => [viewerId, text, command]),
    [
      ['ann', 'pong', 'ping'],
      ['bob', 'pong', 'ping'],
    ],
  )
  await clock.advance(5_000)
  assert.deepEqual(inShort(await say('!look')), ['act ann walk'])
  await say('!команды')
  assert.match(answers[2]?.text ?? '', /https:\/\/chatfolk\.example\/me/)
  assert.match(answers[3]?.text ?? '', /!start.*!ping/)
})

test('a command of the games is answered by nobody yet', async () => {
  const { say, answers } = openChatRoom()
  for (const word of ['!race', '!гонка', '!catch', '!еда', '!planes', '!самолеты', '+', '1', '@ann', '!go ann'])
    await say(word, { who: 'bob', roles: ['streamer'] })
  assert.deepEqual(answers, [])
})

test('a command that somebody may not use does nothing and answers nothing', async () => {
  const { say, answers } = openChatRoom({
    settings: { chat: { commands: { ping: { permission: 'moderator' }, join: { permission: 'subscriber' } } } },
  })
  await say('!ping')
  await say('!ping', { who: 'mod', roles: ['moderator'] })
  assert.deepEqual(
    answers.map(({ viewerId }) => viewerId),
    ['mod'],
  )
})

test('other bots never get a character and are never answered', async () => {
  const { say, answers } = openChatRoom()
  assert.deepEqual(await say('!ping', { who: '9', login: 'nightbot' }), [])
  assert.deepEqual(answers, [])
})

test('what a viewer of another channel commands in a shared chat is for the bot over there', async () => {
  const { say, answers } = openChatRoom()
  assert.deepEqual(inShort(await say('!ping', { fromSharedChat: true })).slice(0, 1), ['join ann'])
  assert.deepEqual(answers, [])
})

test('the streamer’s own words count, the bot’s do not, also where they come before the sending was answered', async () => {
  const { say, answers, own } = openChatRoom()
  await say('!ping', { who: STREAMER_ID })
  assert.equal(answers.length, 1)
  const sent = Promise.withResolvers<string | null>()
  own.sending(CHANNEL_ID, 'pong', sent.promise)
  assert.deepEqual(await say('!look', { who: STREAMER_ID, id: 'mine' }), [], 'held back')
  await say('!help', { who: STREAMER_ID, id: 'typed' })
  sent.resolve('mine')
  await say('later', { who: 'bob' })
  assert.deepEqual(
    answers.map(({ command }) => command),
    ['ping', 'help'],
  )
})

test('a shared bot account never answers itself', async () => {
  const { say, answers } = openChatRoom({ sharedBotUserId: '7' })
  assert.deepEqual(await say('!ping', { who: '7' }), [])
  assert.deepEqual(answers, [])
})

test('a ban removes the character at once, a deletion its bubble, a cleared chat all bubbles', async () => {
  const { say, hear, told } = openChatRoom()
  await say('bad words', { id: 'bad' })
  await say('fine words', { who: 'bob' })
  told.length = 0
  await hear({ type: 'message-deleted', channelUserId: STREAMER_ID, messageId: 'bad', userId: 'ann' })
  assert.deepEqual(inShort(told), ['say ann'])
  await hear({ type: 'cleared', channelUserId: STREAMER_ID })
  assert.deepEqual(inShort(told).slice(1), ['say bob'])
  await hear({ type: 'user-cleared', channelUserId: STREAMER_ID, userId: 'ann' })
  const gone = told.at(-1)
  assert.ok(gone?.type === 'avatar.leave' && gone.d.dur === 0 && gone.d.why === 'banned')
})

test('when the stream is over the stage empties, and nothing is done until it begins again or somebody watches', async () => {
  const { say, hear, stages, state, bot, answers } = openChatRoom()
  await say('hello')
  state.watched = false
  bot.streamLive = false
  await hear({ type: 'stream-offline', channelUserId: STREAMER_ID })
  assert.equal(stages.viewers(CHANNEL_ID), 0)
  await say('!ping')
  assert.deepEqual(answers, [])
  state.watched = true
  await say('!ping', { who: 'bob' })
  assert.equal(answers.length, 1, 'an overlay is open: somebody tries it out')
  state.watched = false
  bot.streamLive = true
  await say('!ping', { who: 'eve' })
  assert.equal(answers.length, 2)
})

test('a viewer’s own look is put on before they are seen, and asked for once', async () => {
  const mine = { ...lookFromSeed(1), hat: 'crown' as const }
  const { say, clock } = openChatRoom({ storedLooks: new Map([['ann', mine]]) })
  assert.deepEqual(inShort(await say('one')), ['join ann', 'say ann', 'look ann'])
  await say('!leave')
  await clock.advance(10_000)
  const [joined] = await say('!join')
  assert.ok(joined?.type === 'avatar.join')
  assert.deepEqual(joined.d.look, mine)
})

test('settings are read once, and anew when they change', async () => {
  const { say, state, rules, stages, clock } = openChatRoom()
  for (let n = 0; n < 10; n++) await say('words', { who: `v${n}` })
  assert.equal(state.reads, 1)
  state.settings = { ...state.settings, chat: { ...state.settings.chat, bubbles: false, crowdLimit: 3 } }
  rules.changed(CHANNEL_ID)
  await clock.advance(1)
  assert.equal(stages.viewers(CHANNEL_ID), 3)
  await clock.advance(5_000)
  assert.deepEqual(inShort(await say('words', { who: 'v9' })), ['act v9 walk'])
  assert.equal(state.reads, 2)
})

test('the words of the channel’s list are starred and links cut, in bubbles as in donations', async () => {
  const { say } = openChatRoom({ settings: { alerts: { blockedWords: ['secret'] } } })
  const said = (await say('the secret is at evil.com/x')).at(-1)
  assert.ok(said?.type === 'avatar.say')
  assert.deepEqual(said.d.parts, [{ text: 'the ****** is at …' }])
})

test('words that waited for the settings are not heard where the bot was turned off meanwhile', async () => {
  const { say, state, stages, answers } = openChatRoom()
  const reading = Promise.withResolvers<void>()
  state.reading = reading.promise
  await say('!ping')
  state.on = false
  stages.clear(CHANNEL_ID, 'bot-off')
  reading.resolve()
  await say('hello', { who: 'bob' })
  assert.equal(stages.viewers(CHANNEL_ID), 0)
  assert.deepEqual(answers, [])
})

test('what moderators take away while the settings are read does not come on stage afterwards', async () => {
  const { say, hear, state, stages, told, clock } = openChatRoom()
  const reading = Promise.withResolvers<void>()
  state.reading = reading.promise
  await say('bad words', { id: 'bad' })
  await say('worse words', { who: 'bob' })
  await hear({ type: 'message-deleted', channelUserId: STREAMER_ID, messageId: 'bad', userId: 'ann' })
  await hear({ type: 'user-cleared', channelUserId: STREAMER_ID, userId: 'bob' })
  reading.resolve()
  await clock.advance(100)
  const bubble = told.findLast(({ type }) => type === 'avatar.say')
  const snapshot = stages.snapshot(CHANNEL_ID).avatars.map(({ id, say }) => ({ id, say }))
  assert.deepEqual(snapshot, [{ id: 'ann', say: null }])
  assert.ok(bubble, 'the line was run')
})

test('a stage lives by the newest settings, also where nobody talked for so long that they were forgotten', async () => {
  const { say, state, stages, clock, rules } = openChatRoom({ settings: { chat: { inactivityS: 3_600 } } })
  for (const who of ['ann', 'bob', 'cid']) await say('hello', { who })
  await clock.advance(11 * 60_000)
  state.settings = applySettings(state.settings, { chat: { crowdLimit: 1 } })
  rules.changed(CHANNEL_ID)
  await say('hello', { who: 'ann' })
  assert.equal(stages.viewers(CHANNEL_ID), 1)
})

test('a chat that nobody has spoken in is kept alive by no timer', async () => {
  const { clock, say, chat, stages, looks } = openChatRoom()
  assert.equal(clock.pendingTimers(), 0)
  await say('hello')
  for (const part of [chat, stages, looks]) part.stop()
  assert.equal(clock.pendingTimers(), 0)
})
