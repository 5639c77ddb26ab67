import { isEmoteAddress } from '../overlay/wording.ts'
import type { Picture } from './picture.ts'
import type { Painter } from './painter.ts'

/** Emotes by their address. Loaded and decoded aside; whoever asks too early writes the emote's name instead. */
export interface Emotes {
  /** `undefined` until it is there, and for ever where it cannot be had. */
  picture(src: string): Picture | undefined
  /** Counts up whenever an emote has come: what was laid out without it is laid out anew. */
  arrivals(): number
}

interface Loading {
  image: HTMLImageElement
  state: 'loading' | 'ready' | 'failed'
  picture?: Picture
  usedAt: number
}

/** A channel's emotes of the last hours. A page that lives for a day must not keep them all. */
const MOST = 160

/** An emote's box: a unit square about the origin; wide ones keep their shape. */
export function createEmotes(page: Window, painter: () => Painter, arrived: () => void): Emotes {
  const known = new Map<string, Loading>()
  let arrivals = 0
  let asked = 0

  return {
    picture(src) {
      if (!isEmoteAddress(src)) return undefined
      const loading = known.get(src) ?? load(src)
      loading.usedAt = ++asked
      if (loading.state !== 'ready') return undefined
      if (!loading.picture?.alive) adopt(loading)
      return loading.picture
    },
    arrivals: () => arrivals,
  }

  function load(src: string): Loading {
    if (known.size >= MOST) forgetOldest()
    const image = page.document.createElement('img')
    // A graphics card takes only what its host allows to be read.
    if (painter().kind === 'webgl2') image.crossOrigin = 'anonymous'
    image.referrerPolicy = 'no-referrer'
    image.src = src
    const loading: Loading = { image, state: 'loading', usedAt: 0 }
    known.set(src, loading)
    image.decode().then(
      () => settle(loading, image.naturalWidth > 0 && image.naturalHeight > 0 ? 'ready' : 'failed'),
      () => settle(loading, 'failed'),
    )
    return loading
  }

  function settle(loading: Loading, state: 'ready' | 'failed'): void {
    loading.state = state
    if (state === 'failed') return
    arrivals++
    arrived()
  }

  function adopt(loading: Loading): void {
    const { naturalWidth, naturalHeight } = loading.image
    const longest = Math.max(naturalWidth, naturalHeight)
    const [width, height] = [naturalWidth / longest, naturalHeight / longest]
    try {
      loading.picture = painter().adopt(loading.image, { left: -width / 2, top: -height / 2, width, height })
    } catch {
      loading.state = 'failed'
    }
  }

  function forgetOldest(): void {
    const [oldest] = [...known].sort(([, one], [, other]) => one.usedAt - other.usedAt)
    if (!oldest) return
    known.delete(oldest[0])
    if (oldest[1].picture?.alive) painter().forget(oldest[1].picture)
  }
}
