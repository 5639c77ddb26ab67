import { $, act, control, element, number } from './parts.js'

const LOG_LENGTH = 40
const PRESETS = {
  Greeting: 'Привет всем! 👋',
  Hello: 'hi everyone',
  Laughter: 'ахахаха 😂',
  Emotes: 'Kappa PogChamp LUL',
  Emoji: '🔥🔥🔥',
  '!join': '!join',
  '!ping': '!ping',
  '!help': '!help',
  '!look': '!look',
  Mention: '@demo как дела?',
  Cheer: 'Cheer100 держи',
  Link: 'смотри https://example.org/free-skins',
  Zalgo: 'z̷̢̛a̸̡͝l̴̨͠g̵̢͘o̶͜͝ c̷̨͠o̸̢͝m̴̡͘e̵̛͢s̶̨͠',
  Long: 'Очень длинное сообщение, которое никак не кончается. '.repeat(9).slice(0, 500),
  Markup: '<img src=x onerror=alert(1)> & "кавычки"',
}
const CHEER_BITS = 100
const BURST_VIEWERS = 50

/** The message that is answered next. */
let replyTo = null

const form = $('say')
const { channel, as, text, perSecond, count, repeat } = form.elements
const chosen = () => channel.value

export function showChannels(streamers) {
  const shown = [...channel.options].map(({ value }) => value).join()
  if (shown === streamers.map(({ login }) => login).join()) return
  const before = chosen()
  channel.replaceChildren(...streamers.map(({ login, name }) => new Option(`${name} (${login})`, login)))
  if (streamers.some(({ login }) => login === before)) channel.value = before
}

export async function showChat() {
  const [{ messages, totals, live }, { conduits, sockets }] = await Promise.all([
    control('GET', `twitch/recent?limit=${LOG_LENGTH}`),
    control('GET', 'twitch/conduits'),
  ])
  showLog(messages)
  $('fates').replaceChildren(
    ...Object.entries(totals).flatMap(([name, count]) => [
      element('dt', {}, name),
      element('dd', {}, number.format(count)),
    ]),
  )
  const isLive = live.includes(chosen())
  $('live').textContent = isLive ? 'Go off air' : 'Go on air'
  $('live').dataset.live = String(!isLive)
  showConduits(conduits, sockets)
}

let shownLog = ''
function showLog(messages) {
  // As long as nothing new is said, the buttons under the pointer stay what they are.
  const now = messages.map(({ id, fate }) => `${id}${fate}`).join()
  if (now === shownLog) return
  shownLog = now
  const log = $('log')
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
  log.replaceChildren(...messages.map(messageLine))
  if (isAtEnd) log.scrollTop = log.scrollHeight
}

function messageLine({ id, channel: place, login, name, color, text: words, fate, isReply }) {
  const who = element('b', {}, name)
  if (color) who.style.setProperty('--color', color)
  const button = (label, title, run) => element('button', { type: 'button', title, onclick: run }, label)
  const moderate = { channel: place, user: login }
  return element(
    'li',
    {},
    element('span', { className: 'place' }, `#${place}`),
    element('span', { className: 'words' }, who, isReply ? ' ↩ ' : ': ', words),
    element('span', { className: `fate ${fate}` }, fate),
    element(
      'span',
      { className: 'tools' },
      button('Reply', 'Answer this message', () => answer({ id, name, words })),
      button('Delete', 'Take this message away', () => act('POST', 'twitch/delete-message', { id })),
      button('60 s', 'Time this person out', () => act('POST', 'twitch/ban', { ...moderate, forS: 60 })),
      button('Ban', 'Ban this person', () => act('POST', 'twitch/ban', moderate)),
    ),
  )
}

function answer(message) {
  replyTo = message
  $('answering').textContent = message ? `Answers ${message.name}: “${message.words.slice(0, 60)}”` : ''
  text.focus()
}

function showConduits(conduits, sockets) {
  const byId = new Map(sockets.map((socket) => [socket.id, socket]))
  $('shards').replaceChildren(
    ...conduits.flatMap((conduit) => [
      element(
        'tr',
        { className: 'conduit' },
        element(
          'td',
          { colSpan: 5 },
          `${conduit.client} · ${conduit.id.slice(0, 8)} · ${number.format(conduit.subscriptions)} subscriptions · ${number.format(conduit.shardCount)} shards `,
        ),
        element(
          'td',
          {},
          element(
            'button',
            { type: 'button', onclick: () => act('POST', 'twitch/conduits/delete', { id: conduit.id }) },
            'Delete the conduit',
          ),
        ),
      ),
      ...conduit.shards.map((shard) => shardRow(shard, byId.get(shard.transport.session_id))),
    ]),
  )
  $('no-shards').hidden = conduits.length > 0
}

const BREAKS = [
  { label: 'Reconnect', path: 'reconnect' },
  { label: '4000', path: 'close', fields: { code: 4000 } },
  { label: '4002', path: 'close', fields: { code: 4002 } },
  { label: 'Break off', path: 'close', fields: { code: 1006 } },
  { label: '… unnoticed 10 s', path: 'close', fields: { code: 1006, noticedAfterMs: 10_000 } },
  { label: 'Half-open', path: 'half-open' },
  { label: 'Pings only', path: 'half-open', fields: { pings: true } },
  { label: 'Notice', path: 'notice' },
]

function shardRow({ id, status, transport }, socket) {
  const state = status === 'enabled' ? (socket?.state ?? 'gone') : status.replace('websocket_', '').replaceAll('_', ' ')
  const isWell = state === 'connected'
  return element(
    'tr',
    {},
    element('td', {}, id),
    element('td', {}, element('span', { className: `light ${isWell ? 'on' : ''}` }), ` ${state}`),
    element('td', {}, element('code', {}, transport.session_id.slice(4, 12))),
    element('td', { className: 'number' }, socket ? number.format(socket.sent) : '–'),
    element('td', { className: 'number' }, socket ? number.format(socket.lost) : '–'),
    element(
      'td',
      { className: 'buttons' },
      ...BREAKS.map(({ label, path, fields }) =>
        element(
          'button',
          {
            type: 'button',
            disabled: !socket,
            onclick: () => act('POST', `twitch/sockets/${path}`, { session: transport.session_id, ...fields }),
          },
          label,
        ),
      ),
    ),
  )
}

async function say(words) {
  const bits = /\bCheer\d/.test(words) ? { bits: CHEER_BITS } : {}
  await act('POST', 'twitch/say', {
    channel: chosen(),
    as: as.value,
    text: words,
    repeat: repeat.value,
    ...bits,
    ...(replyTo ? { replyTo: replyTo.id } : {}),
  })
  answer(null)
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  void say(text.value)
})
$('burst').addEventListener('click', () => {
  const viewers = Array.from({ length: BURST_VIEWERS }, (_, index) => `crowd${index + 1}`)
  void act('POST', 'twitch/say', {
    channel: chosen(),
    viewers,
    text: text.value,
    count: Number(count.value),
    perSecond: Number(perSecond.value),
  })
})
$('presets').append(
  ...Object.entries(PRESETS).map(([name, words]) =>
    element('button', { type: 'button', onclick: () => void say(words) }, name),
  ),
)
$('answering').addEventListener('click', () => answer(null))
$('chat').addEventListener('click', (event) => {
  const { act: what, live } = event.target.closest('button')?.dataset ?? {}
  const place = { channel: chosen() }
  if (what === 'clear') void act('POST', 'twitch/clear', place)
  if (what === 'stream') void act('POST', 'twitch/stream', { ...place, live: live === 'true' })
  if (what === 'sub') void act('POST', 'twitch/notice', { ...place, as: as.value, type: 'sub' })
  if (what === 'raid') void act('POST', 'twitch/notice', { ...place, as: as.value, type: 'raid', count: 42 })
  if (what === 'revoke') void act('POST', 'twitch/revoke', { user: chosen() })
  if (what === 'drop') void act('POST', 'twitch/refusals', { ...place, times: 5, code: 'not_today' })
  if (what === 'refuse') void act('POST', 'twitch/refusals', { ...place, times: 5, status: 403 })
})
