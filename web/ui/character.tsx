import { useEffect, useMemo, useRef } from 'preact/hooks'
import { lookFromSeed, type AvatarLook } from '../../src/domain/avatar-look.ts'
import { drawAvatar, drawBust } from '../avatar/draw-avatar.ts'
import { headHeight } from '../avatar/head.ts'
import { HIP_HEIGHT, poseAt, type Action } from '../avatar/poses.ts'

/** How much room a character has, in its own units: raised arms included. */
const BOX = { width: 150, height: 214, ground: 203 }
/** Above the tallest hat: for a jump, which is made lower where it would lead out of the picture. */
const LEAP = 32
const HIGHEST_LEAP = 56
const HEAD_BOX = { width: 150, height: 150, chin: 122 }

export interface CharacterProps extends FigureProps {
  seed: number
}

export interface FigureProps {
  action: Action
  height: number
  /** Never comes to rest: for a page that is looked at and left, not for one that stays open beside a game. */
  tireless?: boolean
}

/** How long a character on a working page moves before it stands still and costs nothing. */
const LIVELY_S = 12

/** A whole character that moves while it can be seen. Decoration: hidden from screen readers. */
export function Character({ seed, ...rest }: CharacterProps) {
  const look = useMemo(() => lookFromSeed(seed), [seed])
  return <Figure look={look} {...rest} />
}

/** As {@link Character}, in clothes of one's own. */
export function Figure({ look, action, height, tireless = false }: FigureProps & { look: AvatarLook }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = Math.round((height * BOX.width) / BOX.height)

  useEffect(() => {
    const surface = prepare(canvas.current, width, height)
    if (!surface) return
    const tall = 2 * HIP_HEIGHT + headHeight(look)
    const fit = Math.min(1, BOX.ground / (tall + LEAP))
    const leap = Math.min(1, (BOX.ground / fit - tall - 2) / HIGHEST_LEAP)
    const scale = (height / BOX.height) * fit
    const draw = (seconds: number) => {
      const pose = poseAt(action, seconds)
      surface.clearRect(0, 0, width, height)
      surface.save()
      surface.translate(width / 2, (BOX.ground * height) / BOX.height)
      surface.scale(scale, scale)
      drawAvatar(surface, look, { ...pose, y: pose.y * leap })
      surface.restore()
    }
    return animate(canvas.current as HTMLCanvasElement, draw, tireless ? Infinity : LIVELY_S)
  }, [look, action, height, width, tireless])

  return <canvas ref={canvas} class="character" style={sized(width, height)} aria-hidden="true" />
}

/** A donor's head, as small as a line of text is high. */
export function Head({ seed, size }: { seed: number; size: number }) {
  const canvas = useRef<HTMLCanvasElement>(null)

  useEffect(() => {
    const surface = prepare(canvas.current, size, size)
    if (!surface) return
    const look = lookFromSeed(seed)
    const chin = HEAD_BOX.chin / HEAD_BOX.height
    const scale = size / Math.max(HEAD_BOX.height, (headHeight(look) + 5) / chin)
    surface.clearRect(0, 0, size, size)
    surface.translate(size / 2, chin * size)
    surface.scale(scale, scale)
    drawBust(surface, look)
  }, [seed, size])

  return <canvas ref={canvas} class="head" style={sized(size, size)} aria-hidden="true" />
}

/** A canvas of no size yet is 300 pixels wide: until it is drawn, it would push everything else about. */
export const sized = (width: number, height: number) => ({ width: `${width}px`, height: `${height}px` })

/** Sizes a canvas for the screen's pixels and returns a surface in CSS pixels. */
export function prepare(canvas: HTMLCanvasElement | null, width: number, height: number) {
  if (!canvas) return undefined
  const density = Math.min(3, Math.max(1, window.devicePixelRatio))
  canvas.width = Math.round(width * density)
  canvas.height = Math.round(height * density)
  Object.assign(canvas.style, sized(width, height))
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
