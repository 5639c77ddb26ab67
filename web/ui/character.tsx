import { useEffect, useRef } from 'preact/hooks'
import { lookFromSeed } from '../../src/domain/avatar-look.ts'
import { drawAvatar, drawBust } from '../avatar/draw-avatar.ts'
import { poseAt, type Action } from '../avatar/poses.ts'

/** How much room a character needs, in its own units: hats, raised arms and jumps included. */
const BOX = { width: 150, height: 214, ground: 203 }
const HEAD_BOX = { width: 150, height: 150, chin: 122 }

export interface CharacterProps {
  seed: number
  action: Action
  height: number
  /** Never comes to rest: for a page that is looked at and left, not for one that stays open beside a game. */
  tireless?: boolean
}

/** How long a character on a working page moves before it stands still and costs nothing. */
const LIVELY_S = 12

/** A whole character that moves while it can be seen. Decoration: hidden from screen readers. */
export function Character({ seed, action, height, tireless = false }: CharacterProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = Math.round((height * BOX.width) / BOX.height)

  useEffect(() => {
    const surface = prepare(canvas.current, width, height)
    if (!surface) return
    const look = lookFromSeed(seed)
    const scale = height / BOX.height
    const draw = (seconds: number) => {
      surface.clearRect(0, 0, width, height)
      surface.save()
      surface.translate(width / 2, BOX.ground * scale)
      surface.scale(scale, scale)
      drawAvatar(surface, look, poseAt(action, seconds))
      surface.restore()
    }
    return animate(canvas.current as HTMLCanvasElement, draw, tireless ? Infinity : LIVELY_S)
  }, [seed, action, height, width, tireless])

  return <canvas ref={canvas} class="character" aria-hidden="true" />
}

/** A donor's head, as small as a line of text is high. */
export function Head({ seed, size }: { seed: number; size: number }) {
  const canvas = useRef<HTMLCanvasElement>(null)

  useEffect(() => {
    const surface = prepare(canvas.current, size, size)
    if (!surface) return
    const scale = size / HEAD_BOX.height
    surface.clearRect(0, 0, size, size)
    surface.translate(size / 2, HEAD_BOX.chin * scale)
    surface.scale(scale, scale)
    drawBust(surface, lookFromSeed(seed))
  }, [seed, size])

  return <canvas ref={canvas} class="head" aria-hidden="true" />
}

/** Sizes a canvas for the screen's pixels and returns a surface in CSS pixels. */
export function prepare(canvas: HTMLCanvasElement | null, width: number, height: number) {
  if (!canvas) return undefined
  const density = Math.min(3, Math.max(1, window.devicePixelRatio))
  canvas.width = Math.round(width * density)
  canvas.height = Math.round(height * density)
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  const surface = canvas.getContext('2d')
  surface?.scale(density, density)
  return surface ?? undefined
}

/** A breath into the movement: the first frame of most actions is a stiff stand. */
const STILL_S = 0.6

/** 30 frames a second are plenty for decoration, and half the work. */
const FRAME_MS = 33

/**
 * Calls `draw` with the seconds since it began, only while the element is on screen, and ends where it began. Whoever
 * asks for less motion gets one still picture.
 */
export function animate(element: Element, draw: (seconds: number) => void, lengthS: number): () => void {
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches
  draw(STILL_S)
  if (still) return () => undefined
  let frame = 0
  let beganAt: number | undefined
  let drawnAt = -FRAME_MS
  const step = (now: number) => {
    beganAt ??= now
    const seconds = (now - beganAt) / 1000
    if (seconds > lengthS) {
      draw(STILL_S)
      return
    }
    frame = requestAnimationFrame(step)
    if (now - drawnAt < FRAME_MS) return
    drawnAt = now
    draw(STILL_S + seconds)
  }
  const watcher = new IntersectionObserver(([entry]) => {
    cancelAnimationFrame(frame)
    if (entry?.isIntersecting) frame = requestAnimationFrame(step)
  })
  watcher.observe(element)
  return () => {
    watcher.disconnect()
    cancelAnimationFrame(frame)
  }
}
