import { showChat, showChannels } from './chat.js'
import { $, act, control, element, number } from './parts.js'

const TARGETS = [
  'da.rest',
  'da.token',
  'da.user',
  'da.subscribe',
  'da.socket',
  'da.authorize',
  'da',
  'twitch.token',
  'twitch.validate',
  'twitch.users',
  'twitch.revoke',
  'twitch.authorize',
  'twitch.subscriptions',
  'twitch.conduits',
  'twitch.shards',
  'twitch.chat',
  'twitch.socket',
  'twitch',
]
const KINDS = ['429', '500', '502', 'html', 'empty', 'slow', 'hang', 'reset', 'reply-lost']
const CHOICES = {
  deadRefreshStatus: [400, 401],
  missingScopeStatus: [401, 403],
  twitchDeadRefreshStatus: [400, 401],
  subscribeReply: ['normal', 'empty', 'refused'],
  grouping: ['random', 'single', 'full'],
  sendForbiddenStatus: [401, 403],
  retryShard: ['next', 'random'],
}
const REFRESH_MS = 1_000

const chosenStreamer = () => $('donate').elements.daId.value

function showStreamers(streamers) {
  $('streamers').replaceChildren(
    ...streamers.map(({ login, twitchId, daId, donations, sockets, position }) =>
      element(
        'tr',
        {},
        element('td', {}, login),
        element('td', {}, twitchId),
        element('td', {}, daId),
        element('td', { className: 'number' }, number.format(donations)),
        element('td', { className: 'number' }, number.format(sockets)),
        element('td', {}, position ? `${position.epoch} ${position.seq}` : '–'),
      ),
    ),
  )
  const { daId } = $('donate').elements
  const shown = [...daId.options].map(({ value }) => value).join()
  if (shown === streamers.map((streamer) => streamer.daId).join()) return
  const chosen = daId.value
  daId.replaceChildren(...streamers.map((streamer) => new Option(`${streamer.name} (${streamer.daId})`, streamer.daId)))
  if (streamers.some((streamer) => streamer.daId === chosen)) daId.value = chosen
}

async function show() {
  const state = await control('GET', 'state')
  $('light').classList.add('on')
  $('clock').textContent =
    `${state.now.slice(0, 19).replace('T', ' ')} UTC${state.advancedMs ? `, pushed by ${number.format(state.advancedMs / 1000)} s` : ''}`
  showStreamers(state.streamers)
  showChannels(state.streamers)
  const { twitch } = state
  const numbers = {
    Requests: state.requests,
    Donations: state.donations,
    'Chat messages': twitch.chat.messages,
    'Said by bots': twitch.sent,
    Subscriptions: twitch.subscriptions,
    'Open sockets': state.sockets.length + twitch.sockets,
  }
  $('numbers').replaceChildren(
    ...Object.entries(numbers).flatMap(([name, count]) => [
      element('dt', {}, name),
      element('dd', {}, number.format(count)),
    ]),
  )
  $('windows').replaceChildren(
    ...Object.entries(state.rateWindow).map(([application, { count, limit, resetMs }]) =>
      element('li', {}, `${application}: ${count} of ${limit}, ${Math.ceil(resetMs / 1000)} s left`),
    ),
  )
  $('sockets').replaceChildren(
    ...state.sockets.map(({ client, user, channels, halfOpen }) =>
      element(
        'li',
        {},
        `${user ?? 'not signed in'} · ${channels.join(', ') || 'no channel'} · ${client.slice(0, 8)}${halfOpen ? ' · half-open' : ''}`,
      ),
    ),
  )
  $('faults').replaceChildren(...state.faults.map(({ target, kind }) => element('li', {}, `${target}: ${kind}`)))
}

/** A control for a switch, by what it holds now. `null` is an empty field. */
function switchControl(name, now) {
  const turn = (to) => act('PATCH', 'switches', { [name]: to })
  if (name in CHOICES) {
    const select = element('select', { onchange: () => turn(CHOICES[name][select.selectedIndex]) })
    select.append(...CHOICES[name].map((choice) => new Option(choice, choice, false, choice === now)))
    return select
  }
  if (typeof now === 'boolean')
    return element('input', { type: 'checkbox', checked: now, onchange: (event) => turn(event.target.checked) })
  const isText = typeof now === 'string'
  const read = (written) => (isText ? written : written === '' ? null : Number(written))
  return element('input', {
    value: now ?? '',
    type: isText ? 'text' : 'number',
    onchange: (event) => turn(read(event.target.value)),
  })
}

async function showSwitches() {
  const switches = await control('GET', 'switches')
  $('switches').replaceChildren(
    ...Object.entries(switches).map(([name, now]) => element('label', {}, name, switchControl(name, now))),
  )
}

$('donate').addEventListener('submit', (event) => {
  event.preventDefault()
  const { restDelayS, count, username, ...given } = Object.fromEntries(new FormData(event.target))
  void act('POST', 'donations', {
    ...given,
    username: username === '' ? null : username,
    amount: Number.isFinite(Number(given.amount)) ? Number(given.amount) : given.amount,
    count: Number(count),
    restDelayMs: Number(restDelayS) * 1000,
  })
})
$('streamer').addEventListener('submit', (event) => {
  event.preventDefault()
  void act('POST', 'streamers', Object.fromEntries(new FormData(event.target)))
})
$('fault').addEventListener('submit', (event) => {
  event.preventDefault()
  const { target, kind, durationS, times } = Object.fromEntries(new FormData(event.target))
  void act('POST', 'faults', {
    target,
    kind,
    ...(Number(durationS) > 0 ? { durationMs: Number(durationS) * 1000 } : {}),
    ...(Number(times) > 0 ? { times: Number(times) } : {}),
  })
})
document.addEventListener('changed', () => void Promise.all([show(), showChat()]).catch(() => {}))
document.addEventListener('click', (event) => {
  const button = event.target.closest('button')
  const { post, body, sure, kill, delete: path } = button?.dataset ?? {}
  if (sure && !confirm(sure)) return
  if (kill) void act('POST', 'tokens', { platform: 'da', userId: chosenStreamer(), kill })
  if (path) void act('DELETE', path)
  if (post) {
    const streamer = 'streamer' in button.dataset ? { daId: chosenStreamer() } : {}
    void act('POST', post, { ...JSON.parse(body), ...streamer }).then(() =>
      post === 'reset' ? showSwitches() : undefined,
    )
  }
})

$('fault').elements.target.append(...TARGETS.map((target) => new Option(target)))
$('fault').elements.kind.append(...KINDS.map((kind) => new Option(kind)))
await showSwitches()
for (;;) {
  await Promise.all([show(), showChat()]).catch(() => {
    $('light').classList.remove('on')
    $('clock').textContent = 'the simulator does not answer'
  })
  await new Promise((resolve) => setTimeout(resolve, REFRESH_MS))
}
