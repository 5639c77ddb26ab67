import { headHeight } from '../avatar/head.ts'
import { HIP_HEIGHT } from '../avatar/poses.ts'
import { bakeAvatar, type AvatarSprite } from '../avatar/sprite.ts'
import { createAlertCard } from './alert-card.ts'
import type { ShownAlert } from './alert-player.ts'
import { momentOf, QUICK_EXIT_MS, type ActorState } from './choreography.ts'
import { createConfetti } from './confetti.ts'
import type { Locale } from './wording.ts'

/** One alert on the stage: built unseen, then moved frame by frame. */
export interface AlertShow {
  /** Fonts and pictures are there, or have had their chance. */
  ready: Promise<void>
  /** Draws the moment. Returns whether anything is left to draw later. */
  draw(elapsed: number): boolean
  leave(elapsed: number): void
  remove(): void
}

/** Where the actor stands, from the card's left edge and above its lower edge; stage units. */
const MARK = { x: 190, y: 30 }
/** A character of usual height, and the room that the tallest hat may take. */
const ACTOR_SCALE = 2.12
const TALLEST = 400
/** The actor's canvas, in the character's units: a figure with arms, hat and a small jump. */
const ACTOR_BOX = { left: -104, top: -300, width: 214, height: 316 }
const WINGS_WIDTH = 84
const CONFETTI_BOX = { left: -330, top: -218, width: 1_720, height: 860 }
/** An alert does not wait longer than this for a font or an emote. */
const PATIENCE_MS = 1_500

/** @param pixelsPerUnit device pixels a stage unit */
export function createAlertShow(
  alert: ShownAlert,
  locale: Locale,
  pixelsPerUnit: number,
  stage: HTMLElement,
): AlertShow {
  const page = stage.ownerDocument
  const root = page.createElement('div')
  root.className = 'alert'
  root.style.visibility = 'hidden'

  const confettiCanvas = canvasOf('alert-confetti', CONFETTI_BOX, 1)
  const card = createAlertCard(alert, locale, page)
  const actorPlace = page.createElement('div')
  actorPlace.className = 'actor-place'
  const scale = Math.min(ACTOR_SCALE, TALLEST / (2 * HIP_HEIGHT + headHeight(alert.avatar.look)))
  const actorCanvas = canvasOf('actor', ACTOR_BOX, scale)
  actorPlace.append(actorCanvas)
  root.append(confettiCanvas, card.element, actorPlace)
  stage.append(root)

  const sprite: AvatarSprite = bakeAvatar(alert.avatar.look, scale * pixelsPerUnit)
  const confetti = createConfetti(alert.avatar.seed, { left: 470, right: 1_260, y: 300 }, CONFETTI_BOX.height)
  const confettiPaint = confettiCanvas.getContext('2d')
  const actorPaint = actorCanvas.getContext('2d')
  let confettiFlies = true
  let leftAt: number | undefined

  card.fit()
  const fonts = card.fonts.map(([font, text]) => page.fonts.load(font, text))
  const pictures = card.pictures.map((picture) => picture.decode())
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))
  const ready = Promise.race([Promise.allSettled([...fonts, ...pictures]), patience]).then(() => {
    // Only the real fonts tell how large the words may be.
    if (root.isConnected) card.fit()
  })

  return {
    ready,
    draw(elapsed) {
      root.style.visibility = 'visible'
      const { card: cardState, actor, confettiMs } = momentOf(elapsed, alert.dur, alert.avatar.seed, leftAt)
      card.apply(cardState)
      drawConfetti(leftAt === undefined ? confettiMs : undefined)
      drawActor(actor, cardState.presence)
      return leftAt === undefined ? elapsed < alert.dur : elapsed - leftAt < QUICK_EXIT_MS
    },
    leave(elapsed) {
      leftAt ??= elapsed
    },
    remove: () => root.remove(),
  }

  function drawConfetti(elapsed: number | undefined): void {
    if (!confettiPaint || !confettiFlies) return
    const { width, height } = confettiCanvas
    confettiPaint.setTransform(1, 0, 0, 1, 0, 0)
    confettiPaint.clearRect(0, 0, width, height)
    confettiPaint.scale(pixelsPerUnit, pixelsPerUnit)
    confettiFlies = elapsed !== undefined && confetti.draw(confettiPaint, elapsed)
    // A layer of this size is not kept for nothing.
    if (!confettiFlies) confettiCanvas.remove()
  }

  function drawActor(actor: ActorState | undefined, presence: number): void {
    if (!actorPaint) return
    const pixels = scale * pixelsPerUnit
    actorPaint.setTransform(1, 0, 0, 1, 0, 0)
    actorPaint.clearRect(0, 0, actorCanvas.width, actorCanvas.height)
    if (!actor) return
    const left = MARK.x + actor.x + ACTOR_BOX.left * scale
    const top = card.element.offsetHeight - MARK.y + actor.y + ACTOR_BOX.top * scale
    actorCanvas.style.transform = `translate(${left.toFixed(2)}px, ${top.toFixed(2)}px)`
    actorPlace.style.opacity = leftAt === undefined ? '1' : presence.toFixed(3)
    actorPaint.scale(pixels, pixels)
    actorPaint.translate(-ACTOR_BOX.left, -ACTOR_BOX.top)
    actorPaint.scale(actor.facing, 1)
    sprite.draw(actorPaint, actor.pose)
    if (actor.inWings) fadeIntoWings(actorPaint, left)
  }

  /** Whoever comes through the card's left edge appears gradually, as out of a shadow. */
  function fadeIntoWings(paint: CanvasRenderingContext2D, canvasLeft: number): void {
    paint.setTransform(pixelsPerUnit, 0, 0, pixelsPerUnit, 0, 0)
    const shade = paint.createLinearGradient(4 - canvasLeft, 0, WINGS_WIDTH - canvasLeft, 0)
    shade.addColorStop(0, 'rgba(0,0,0,0)')
    shade.addColorStop(1, 'rgba(0,0,0,1)')
    paint.globalCompositeOperation = 'destination-in'
    paint.fillStyle = shade
    paint.fillRect(0, 0, ACTOR_BOX.width * scale, ACTOR_BOX.height * scale)
    paint.globalCompositeOperation = 'source-over'
  }

  function canvasOf(className: string, box: { width: number; height: number }, unit: number): HTMLCanvasElement {
    const canvas = page.createElement('canvas')
    canvas.className = className
    canvas.width = Math.ceil(box.width * unit * pixelsPerUnit)
    canvas.height = Math.ceil(box.height * unit * pixelsPerUnit)
    canvas.style.width = `${box.width * unit}px`
    canvas.style.height = `${box.height * unit}px`
    return canvas
  }
}
