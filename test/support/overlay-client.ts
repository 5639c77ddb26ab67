import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** What an overlay saw and did, for the checker: one line an event, in order. */
export interface OverlayLog {
  at: number
  event: string
  alertId?: string
  donor?: string | null
  amount?: string
  text?: string
  attempt?: number
}

/** Which alerts a page has drawn, and the one that it was drawing, with what it takes to finish it. */
export interface OverlayMemory {
  shown: Set<string>
  kept: { alertId: string; token: unknown } | null
}

export interface OverlayClientOptions {
  overlayUrl: string
  /** How long a drawn alert stays, milliseconds: the wire says seconds, tests have no time. */
  drawMs?: number
  obs?: boolean
  visible?: boolean
  /** The build that the page says it is. */
  ver?: string
  /** The page's own id: another client with the same one is the same page that came back. */
  instance?: string
  /** Answers offers; a client that does not is a page that hangs. */
  draws?: boolean
  /** Before it asks again for a session, milliseconds. */
  retryMs?: number
  /** A stream that says nothing for so long is dead, whatever TCP says. */
  silenceMs?: number
  /** What the tab keeps over a reload: give a reloaded page that of the one before. */
  memory?: OverlayMemory
  log?: OverlayLog[]
  /** Hears every frame, as its text. */
  onFrame?: (event: string, data: string) => void
}

/**
 * An overlay page without a screen, written from the protocol's description alone: session, stream, start, done,
 * reconnect. It draws only what was answered with 200, as a page must.
 */
export interface OverlayClient {
  readonly log: OverlayLog[]
  /** Alerts that were drawn (start answered 200), in order. */
  drawn(): OverlayLog[]
  frames(): Array<{ id: string; event: string; data: { v: number; at: number; d: Record<string, unknown> } }>
  role(): string | undefined
  ticket(): string
  report(state: { visible: boolean }): Promise<Response>
  close(): void
}

export function openOverlay(options: OverlayClientOptions): OverlayClient {
  const { overlayUrl, drawMs = 5, obs = true, visible = true, ver = 'test', draws = true, log = [] } = options
  const { instance = crypto.randomUUID(), retryMs = 50, silenceMs, onFrame } = options
  const { memory = { shown: new Set(), kept: null } } = options
  const url = new URL(overlayUrl)
  const key = new URLSearchParams(url.hash.slice(1)).get('k') ?? ''
  const frames: ReturnType<OverlayClient['frames']> = []
  let ticket = ''
  let role: string | undefined
  let drawing: string | null = null
  const life = new AbortController()
  let stream: IncomingMessage | undefined

  const post = (path: string, body: unknown) =>
    fetch(new URL(path, url.origin), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  /** Ends with the client: a page that is closed waits for nothing. */
  const pause = (forMs: number) => sleep(forMs, undefined, { signal: life.signal }).catch(() => undefined)
  const note = (event: string, more: Partial<OverlayLog> = {}) => log.push({ at: performance.now(), event, ...more })

  void live()

  return {
    log,
    drawn: () => log.filter((entry) => entry.event === 'drawn'),
    frames: () => frames,
    role: () => role,
    ticket: () => ticket,
    report: (state) => post('/api/overlay/state', { ticket, active: state.visible, fps: 60, tier: 'test', ...state }),
    close() {
      life.abort()
      stream?.destroy()
    },
  }

  async function live() {
    while (!life.signal.aborted) {
      try {
        const session = await post('/api/overlay/session', {
          key,
          instance,
          obs,
          w: 1920,
          h: 1080,
          ver,
          visible,
        })
        if (session.status === 404) {
          note('unknown-key')
          return
        }
        if (!session.ok) throw new Error(`session ${session.status}`)
        const answer = (await session.json()) as { ticket: string; streamUrl: string; role: string }
        ticket = answer.ticket
        role = answer.role
        await readStream(answer.streamUrl)
      } catch {
        note('lost')
      }
      if (!life.signal.aborted) await pause(retryMs)
    }
  }

  async function readStream(streamUrl: string) {
    const request = get(new URL(streamUrl, url.origin), { agent: false })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    if (response.statusCode !== 200) throw new Error(`stream ${response.statusCode}`)
    stream = response
    if (silenceMs !== undefined) response.setTimeout(silenceMs, () => response.destroy())
    response.setEncoding('utf8')
    note('connected')
    let rest = ''
    for await (const chunk of response) {
      rest += chunk as string
      const parts = rest.split('\n\n')
      rest = parts.pop() ?? ''
      for (const part of parts) take(part)
    }
    note('disconnected')
  }

  function take(text: string) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]
    const [id, event, data] = [field('id'), field('event'), field('data')]
    if (id === undefined || event === undefined || data === undefined) return
    const frame = { id, event, data: JSON.parse(data) as { v: number; at: number; d: Record<string, unknown> } }
    frames.push(frame)
    onFrame?.(event, data)
    if (event === 'role') role = String(frame.data.d['role'])
    if (event === 'alert.offer') void answerOffer(frame.data.d)
    if (event === 'snapshot') goOn(frame.data.d)
    if (event === 'alert.cancel') note('cancelled', { alertId: String(frame.data.d['id']) })
  }

  async function answerOffer(offer: Record<string, unknown>) {
    const parts = offer['parts'] as Array<{ text?: string }>
    const told = {
      alertId: String(offer['id']),
      donor: offer['donor'] as string | null,
      amount: String(offer['amount']),
      text: parts.map((part) => part.text ?? '').join(''),
      attempt: Number(offer['attempt']),
    }
    note('offered', told)
    if (!draws || role === 'mirror' || memory.shown.has(told.alertId)) return
    const mine = ticket
    try {
      const start = await insist(`/api/overlay/alerts/${told.alertId}/start`, { ticket: mine, token: offer['token'] })
      note(start?.status === 200 ? 'drawn' : 'refused', told)
      if (start?.status !== 200) return
      memory.shown.add(told.alertId)
      memory.kept = { alertId: told.alertId, token: offer['token'] }
      drawing = told.alertId
      await finish(told, mine, offer['token'])
    } catch {
      note('start-lost', told)
    }
  }

  /** A page that was reloaded under an alert draws what is left of it, and says so. */
  function goOn(snapshot: Record<string, unknown>): void {
    const { current } = (snapshot['alert'] ?? {}) as { current?: { id: string; state: string } | null }
    const { kept } = memory
    if (!kept || kept.alertId !== current?.id || current.state !== 'started' || drawing === kept.alertId) return
    drawing = kept.alertId
    note('resumed', { alertId: kept.alertId })
    void finish({ alertId: kept.alertId }, ticket, kept.token)
  }

  async function finish(told: Partial<OverlayLog>, mine: string, token: unknown): Promise<void> {
    await pause(drawMs)
    const done = await insist(`/api/overlay/alerts/${told.alertId}/done`, { ticket: mine, token })
    // A page that was closed meanwhile has not finished anything.
    if (!life.signal.aborted) {
      memory.kept = null
      drawing = null
    }
    note(done?.ok ? 'done' : 'done-refused', told)
  }

  /** An answer that got lost says nothing: the page asks again for as long as a lease lasts. */
  async function insist(path: string, body: unknown): Promise<Response | undefined> {
    for (let attempt = 0; attempt < 100 && !life.signal.aborted; attempt++) {
      const answer = await post(path, body).catch(() => undefined)
      if (answer && answer.status < 500) return answer
      await pause(100)
    }
    return undefined
  }
}
