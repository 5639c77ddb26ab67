/** How long an answer stays to be read. */
const SAID_MS = 4_000

export const $ = (id) => document.getElementById(id)
export const number = new Intl.NumberFormat('en')

/** Everything here is made with text nodes: what people call themselves is never markup. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

export async function control(method, path, body) {
  const response = await fetch(`/control/${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const reply = await response.json()
  if (!response.ok) throw new Error(reply.message)
  return reply
}

let silence
function say(words, isBad = false) {
  clearTimeout(silence)
  $('said').textContent = words
  $('said').classList.toggle('bad', isBad)
  silence = setTimeout(() => say(''), SAID_MS)
  if (words === '') clearTimeout(silence)
}

export async function act(method, path, body) {
  try {
    const reply = await control(method, path, body)
    const [what, count] = Object.entries(reply)[0] ?? ['done', '']
    say(['string', 'number'].includes(typeof count) ? `${what}: ${count}` : 'done')
    document.dispatchEvent(new Event('changed'))
  } catch (error) {
    say(error.message, true)
  }
}
