import { useEffect, useRef } from 'preact/hooks'
import { lookFromSeed } from '../../src/domain/avatar-look.ts'
import { poseAt, type Action } from '../avatar/poses.ts'
import { bakeAvatar } from '../avatar/sprite.ts'
import { animate, prepare } from '../ui/character.tsx'

/** Where somebody stands (0 left, 1 right), how big, and what he does by turns. */
interface Actor {
  seed: number
  at: number
  size: number
  acts: Action[]
  /** Seconds an act lasts. */
  turn: number
  /** Walks this far to both sides, in widths of the stage. */
  strolls?: number
}

const CAST: Actor[] = [
  { seed: 22, at: 0.31, size: 0.82, acts: ['idle'], turn: 4, strolls: 0.1 },
  { seed: 79, at: 0.72, size: 0.82, acts: ['laugh', 'idle'], turn: 2.8 },
  { seed: 36, at: 0.09, size: 1, acts: ['idle', 'wave'], turn: 3.1 },
  { seed: 24, at: 0.25, size: 1, acts: ['idle', 'laugh', 'idle'], turn: 2.6 },
  { seed: 51, at: 0.47, size: 1.06, acts: ['jump', 'cheer'], turn: 3.2 },
  { seed: 38, at: 0.63, size: 1, acts: ['cheer', 'idle', 'jump'], turn: 2.4 },
  { seed: 73, at: 0.88, size: 1, acts: ['wave', 'idle'], turn: 3.7 },
]

/** Characters on the edge of the picture, each busy in a way of its own. */
export function Crowd() {
  const canvas = useRef<HTMLCanvasElement>(null)

  useEffect(() => {
    const element = canvas.current
    if (!element) return
    let stop = perform(element)
    const onResize = () => {
      stop()
      stop = perform(element)
    }
    window.addEventListener('resize', onResize)
    return () => {
      stop()
      window.removeEventListener('resize', onResize)
    }
  }, [])

  return <canvas ref={canvas} class="crowd" aria-hidden="true" />
}

/** A character is this much of the stage's width high: about a quarter. */
const UNITS_ACROSS = 760

function perform(canvas: HTMLCanvasElement): () => void {
  canvas.style.width = '100%'
  const width = canvas.clientWidth
  const scale = width / UNITS_ACROSS
  const height = Math.ceil(280 * scale)
  const surface = prepare(canvas, width, height)
  if (!surface) return () => undefined
  const density = canvas.width / width
  const actors = CAST.map((actor) => ({
    ...actor,
    sprite: bakeAvatar(lookFromSeed(actor.seed), scale * actor.size * density),
  }))

  const draw = (seconds: number) => {
    surface.clearRect(0, 0, width, height)
    for (const [index, actor] of actors.entries()) {
      const time = seconds + index * 1.7
      const stroll = actor.strolls ? strollAt(time, actor.strolls) : undefined
      const act = stroll ? 'walk' : (actor.acts[Math.floor(time / actor.turn) % actor.acts.length] ?? 'idle')
      const looksLeft = stroll ? stroll.left : actor.at > 0.6
      surface.save()
      surface.translate((actor.at + (stroll?.offset ?? 0)) * width, height - 10 * scale)
      surface.scale(scale * actor.size * (looksLeft ? -1 : 1), scale * actor.size)
      actor.sprite.draw(surface, poseAt(act, time % actor.turn))
      surface.restore()
    }
  }
  return animate(canvas, draw, Infinity)
}

/** To and fro at an even pace. */
function strollAt(time: number, reach: number): { offset: number; left: boolean } {
  const phase = (time / 9) % 2
  const left = phase >= 1
  return { offset: reach * (left ? 3 - 2 * phase : 2 * phase - 1), left }
}
