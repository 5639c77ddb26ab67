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
  { seed: 33, at: 0.3, size: 0.8, acts: ['idle'], turn: 4, strolls: 0.09 },
  { seed: 71, at: 0.68, size: 0.8, acts: ['sit'], turn: 4 },
  { seed: 12, at: 0.1, size: 1, acts: ['idle', 'wave'], turn: 3.1 },
  { seed: 41, at: 0.27, size: 1.04, acts: ['idle', 'laugh', 'idle'], turn: 2.6 },
  { seed: 7, at: 0.47, size: 1.1, acts: ['jump', 'cheer'], turn: 3.2 },
  { seed: 58, at: 0.64, size: 1, acts: ['idle', 'idle', 'jump'], turn: 2.4 },
  { seed: 90, at: 0.86, size: 1.04, acts: ['wave', 'idle'], turn: 3.7 },
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
const UNITS_ACROSS = 660

function perform(canvas: HTMLCanvasElement): () => void {
  canvas.style.width = '100%'
  const width = canvas.clientWidth
  const scale = width / UNITS_ACROSS
  const height = Math.ceil(250 * scale)
  const surface = prepare(canvas, width, height)
  if (!surface) return () => undefined
  const density = canvas.width / width
  const actors = CAST.map((actor) => ({
    ...actor,
    sprite: bakeAvatar(lookFromSeed(actor.seed), scale * actor.size * density),
  }))

  return animate(canvas, (seconds) => {
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
  })
}

/** To and fro at an even pace. */
function strollAt(time: number, reach: number): { offset: number; left: boolean } {
  const phase = (time / 9) % 2
  const left = phase >= 1
  return { offset: reach * (left ? 3 - 2 * phase : 2 * phase - 1), left }
}
