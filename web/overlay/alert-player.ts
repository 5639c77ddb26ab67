import { DRAW_GRACE_MS, OFFER_LEASE_MS } from '../../src/domain/alert.ts'
import type { AlertOffer, CurrentAlert, OverlayRole } from '../../src/domain/overlay-protocol.ts'
import type { AlertMemory } from './alert-memory.ts'
import type { OverlayServer } from './overlay-server.ts'

/** An alert as it is drawn: offers and snapshots alike. */
export type ShownAlert = Omit<AlertOffer, 'token'>

export interface AlertStage {
  /** Fonts, pictures, the baked character. Never rejects, never takes long. */
  prepare(alert: ShownAlert): Promise<void>
  /** @param startedAt server time at which it began; the stage goes on from there */
  show(alert: ShownAlert, startedAt: number, muted: boolean): void
  /** Over, or never to begin: leaves nothing behind, prepared or shown. */
  clear(): void
  /** Cut short: a quick exit. */
  leave(): void
}

export interface AlertPlayer {
  offer(offer: AlertOffer, offeredAt: number, role: OverlayRole): void
  cancel(id: string): void
  /** The server's own view after a connect or a hole. */
  reconcile(current: CurrentAlert | null, role: OverlayRole): void
  visibilityChanged(): void
  idle(): boolean
}

export interface AlertPlayerParts {
  server: Pick<OverlayServer, 'startAlert' | 'finishAlert'>
  stage: AlertStage
  memory: AlertMemory
  /** A preview is never heard. */
  muted: boolean
  ticket(): string | undefined
  /** Server time. */
  now(): number
  after(delayMs: number, run: () => void): () => void
  visible(): boolean
}

type Scene =
  /** Offered to a hidden page: it waits for the curtain, as long as the offer stands. */
  | { phase: 'waiting' | 'starting'; offer: AlertOffer; expiresAt: number; stop(): void }
  /** Being drawn. Mirrors have no token: they never acknowledge. */
  | { phase: 'playing'; offer: ShownAlert; stop(): void }

const START_RETRY_MS = 700
const FIRST_DONE_RETRY_MS = 500

/**
 * Decides what is drawn. The rule above all: this page draws an offer only after the server said yes to its start, and
 * says done once. Mirrors draw what is offered, muted, and say nothing.
 */
export function createAlertPlayer(parts: AlertPlayerParts): AlertPlayer {
  const { server, stage, memory, now, after } = parts
  const shown = new Set<string>()
  const mirrored = new Set<string>()
  const finishing = new Set<string>()
  let scene: Scene | undefined

  return {
    offer(offer, offeredAt, role) {
      if (role === 'mirror') {
        if (mirrored.has(offer.id) || scene?.offer.id === offer.id) return
        end()
        mirror(offer, now())
        return
      }
      if (shown.has(offer.id)) return
      end()
      const expiresAt = offeredAt + OFFER_LEASE_MS
      if (parts.visible()) void start(offer, expiresAt)
      else wait(offer, expiresAt)
    },
    cancel(id) {
      if (scene?.offer.id === id) end()
      if (memory.recall()?.id === id) memory.forget()
    },
    reconcile(current, role) {
      if (scene) {
        // Skipped, expired or given to another overlay while we were away.
        if (current?.id !== scene.offer.id) end()
        if (scene) return
      }
      const kept = memory.recall()
      if (kept && kept.id !== current?.id) memory.forget()
      if (current?.state !== 'started' || finishing.has(current.id)) return
      const startedAt = current.startedAt ?? now()
      if (kept?.id === current.id) {
        // A reload in the middle: the sound was heard already.
        void stage.prepare(kept).then(() => scene === undefined && play(kept, startedAt, true, kept.token))
      } else if (role === 'mirror' && !mirrored.has(current.id) && startedAt + current.dur > now()) {
        mirror(current, startedAt)
      }
    },
    visibilityChanged() {
      if (scene?.phase === 'waiting' && parts.visible()) void start(scene.offer, scene.expiresAt)
    },
    idle: () => scene === undefined,
  }

  function wait(offer: AlertOffer, expiresAt: number): void {
    const stop = after(Math.max(0, expiresAt - now()), () => {
      scene = undefined
      stage.clear()
      memory.forget()
    })
    scene = { phase: 'waiting', offer, expiresAt, stop }
  }

  async function start(offer: AlertOffer, expiresAt: number): Promise<void> {
    scene?.stop()
    let wake = () => {}
    const mine: Scene = { phase: 'starting', offer, expiresAt, stop: () => wake() }
    scene = mine
    // Kept before the answer: a reload between the server's yes and our hearing it must not lose the alert.
    memory.keep(offer)
    await stage.prepare(offer)
    while (scene === mine) {
      if (!parts.visible()) return wait(offer, expiresAt)
      const ticket = parts.ticket()
      const verdict = ticket === undefined ? 'unreachable' : await server.startAlert(offer.id, ticket, offer.token)
      if (scene !== mine) return
      if (verdict === 'accepted') return play(offer, now(), parts.muted, offer.token)
      if (verdict === 'refused' || now() + START_RETRY_MS >= expiresAt) break
      await new Promise<void>((resolve) => {
        const cancel = after(START_RETRY_MS, resolve)
        wake = () => {
          cancel()
          resolve()
        }
      })
    }
    if (scene !== mine) return
    scene = undefined
    stage.clear()
    memory.forget()
  }

  function play(offer: AlertOffer, startedAt: number, muted: boolean, token: string): void {
    shown.add(offer.id)
    const endsAt = startedAt + offer.dur
    const stop = after(Math.max(0, endsAt - now()), () => {
      scene = undefined
      stage.clear()
      void finish(offer.id, token, endsAt + DRAW_GRACE_MS)
    })
    scene = { phase: 'playing', offer, stop }
    if (endsAt > now()) stage.show(offer, startedAt, muted)
  }

  function mirror(alert: ShownAlert, startedAt: number): void {
    mirrored.add(alert.id)
    const stop = after(Math.max(0, startedAt + alert.dur - now()), () => {
      scene = undefined
      stage.clear()
    })
    const mine: Scene = { phase: 'playing', offer: alert, stop }
    scene = mine
    void stage.prepare(alert).then(() => {
      if (scene === mine) stage.show(alert, startedAt, true)
    })
  }

  /** Says done until the server heard it or no longer wants to. */
  async function finish(id: string, token: string, deadline: number): Promise<void> {
    finishing.add(id)
    for (let delayMs = FIRST_DONE_RETRY_MS; ; delayMs = Math.min(delayMs * 2, 4_000)) {
      const ticket = parts.ticket()
      const verdict = ticket === undefined ? 'unreachable' : await server.finishAlert(id, ticket, token)
      if (verdict !== 'unreachable' || now() + delayMs > deadline) break
      await new Promise<void>((resolve) => after(delayMs, resolve))
    }
    finishing.delete(id)
    if (memory.recall()?.id === id) memory.forget()
  }

  function end(): void {
    if (!scene) return
    const { phase, offer } = scene
    const stop = scene.stop
    scene = undefined
    stop()
    if (phase === 'playing') stage.leave()
    else stage.clear()
    if (memory.recall()?.id === offer.id) memory.forget()
  }
}
