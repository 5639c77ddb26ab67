import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'

/**
 * An overlay page reduced to the question whether donations come through: it takes the first alert that is offered,
 * draws nothing, and goes. It speaks the protocol of docs/overlay-protocol.md.
 */
export async function firstAlert(overlayUrl: string, withinMs: number): Promise<{ donor: string; amount: string }> {
  const { hash, origin } = new URL(overlayUrl)
  const signal = AbortSignal.timeout(withinMs)
  const post = (path: string, body: unknown) =>
    fetch(new URL(path, origin), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    })
  const key = new URLSearchParams(hash.slice(1)).get('k')
  const session = await post('/api/overlay/session', { key, instance: crypto.randomUUID(), obs: true, visible: true })
  if (!session.ok) throw new Error(`/api/overlay/session answered ${session.status}`)
  const { ticket, streamUrl } = (await session.json()) as { ticket: string; streamUrl: string }

  const request = get(new URL(streamUrl, origin), { agent: false, signal })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`/api/overlay/stream answered ${response.statusCode}`)
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string
    const [, data] = /^event: alert\.offer\ndata: (.*)$/m.exec(text) ?? []
    if (data === undefined) continue
    const { d } = JSON.parse(data) as {
      d: { id: string; token: string; donor: string | null; amount: string; currency: string }
    }
    const answer = await post(`/api/overlay/alerts/${d.id}/start`, { ticket, token: d.token })
    request.destroy()
    if (!answer.ok) throw new Error(`/api/overlay/alerts/…/start answered ${answer.status}`)
    return { donor: d.donor ?? 'anonymous', amount: `${d.amount} ${d.currency}` }
  }
  throw new Error('the stream ended before an alert came')
}
