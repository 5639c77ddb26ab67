import { get, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { Simulator } from '../simulator/simulator.ts'
import { pace } from '../simulator/pace.ts'
import type { SeededChannel } from './seed-bots.ts'

export interface ChatLoad {
  messages: number
  perSecond: number
  /** Looks at each so-many-th overlay only: at high rates whoever measures must not be what is measured. */
  lookAtEvery?: number
}

/**
 * Chat in, overlay out: messages over all channels in turn, each carrying its number, and an overlay for each channel
 * that reads its event stream. @returns milliseconds from the platform's write to the overlay's read, one a message.
 */
export async function measureChat(
  simulator: Simulator,
  channels: readonly SeededChannel[],
  baseUrl: string,
  { messages, perSecond, lookAtEvery = 1 }: ChatLoad,
): Promise<{ latencies: number[]; missing: number; tookMs: number }> {
  const { twitch } = simulator
  const places = channels.map(({ twitchId }) => {
    const place = twitch.chatters.byId(twitchId)
    if (!place) throw new Error(`${twitchId} is not on the platform`)
    return place
  })
  const viewers = Array.from({ length: 25 }, (_, n) => {
    const login = `talker${n}`
    const made = twitch.chatters.find(login) ?? twitch.chatters.add({ login, name: login })
    if ('taken' in made) throw new Error('taken')
    return made
  })
  const sentAt = new Float64Array(messages)
  const latencies: number[] = []
  // A snapshot tells of earlier runs' bubbles too.
  const run = Math.random().toString(36).slice(2, 8)
  const marked = new RegExp(`#${run}-(\\d+)#`, 'g')
  const seen = (text: string) => {
    const now = performance.now()
    for (const [, number] of text.matchAll(marked)) latencies.push(now - (sentAt[Number(number)] ?? Number.NaN))
  }
  const streams = await Promise.all(
    channels.map((channel, n) => openStream(baseUrl, channel.overlayKey, n % lookAtEvery === 0 ? seen : null)),
  )
  const began = performance.now()
  await new Promise<void>((done) => {
    pace(simulator.clock, {
      count: messages,
      perSecond,
      done,
      run(index) {
        const place = places[index % places.length]
        const viewer = viewers[Math.floor(index / places.length) % viewers.length]
        if (!place || !viewer) return
        sentAt[index] = performance.now()
        twitch.chat.say(place, viewer, { text: `привет из чата #${run}-${index}# what a run` })
      },
    })
  })
  const tookMs = performance.now() - began
  const deadline = performance.now() + 5_000
  const expected = Array.from({ length: messages }).filter((_, n) => (n % places.length) % lookAtEvery === 0).length
  while (latencies.length < expected && performance.now() < deadline) await new Promise((wait) => setTimeout(wait, 20))
  for (const stream of streams) stream.destroy()
  return { latencies, missing: expected - latencies.length, tookMs }
}

async function openStream(
  baseUrl: string,
  key: string,
  seen: ((text: string) => void) | null,
): Promise<IncomingMessage> {
  const session = await fetch(`${baseUrl}/api/overlay/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key, instance: crypto.randomUUID(), obs: true, w: 1920, h: 1080, ver: 'bench' }),
  })
  const { streamUrl } = (await session.json()) as { streamUrl: string }
  const request = get(new URL(streamUrl, baseUrl), { agent: false })
  request.on('error', () => {})
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.on('error', () => {})
  if (!seen) return response.resume()
  response.setEncoding('utf8')
  let rest = ''
  response.on('data', (chunk: string) => {
    const text = rest + chunk
    const whole = text.lastIndexOf('\n\n')
    rest = whole < 0 ? text : text.slice(whole + 2)
    if (whole >= 0) seen(text.slice(0, whole))
  })
  return response
}
