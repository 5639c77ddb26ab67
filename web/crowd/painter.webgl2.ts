import type { Surface } from '../avatar/pen.ts'
import { createAtlas, type Spot } from './atlas.ts'
import { PAINT_QUADS, VERTEX_NUMBERS } from './shaders.ts'
import type { Box, Picture } from './picture.ts'
import { QUAD_NUMBERS, type Painter, type QuadSheet } from './painter.ts'
import { createScratch, type Cutting } from './scratch.ts'

interface PagedPicture extends Picture {
  spot: Spot | undefined
  width: number
  height: number
}

const PAGE = 1_024
/** 64 MB of a graphics card's memory. */
const MOST_PAGES = 16
const FIRST_PAGES = 1

/**
 * For machines with a graphics card: all pictures lie in one texture of several pages, and a frame is one instanced draw
 * call.
 * @param lost the card was taken away, or given back: all pictures are lost
 * @returns `undefined` where there is no card, or only one that is emulated
 */
export function createWebglPainter(
  page: Document,
  lost: (state: 'lost' | 'restored') => void,
  allowSoftware = false,
): Painter | undefined {
  const canvas = page.createElement('canvas')
  const gl = canvas.getContext('webgl2', {
    alpha: true,
    premultipliedAlpha: true,
    antialias: false,
    depth: false,
    failIfMajorPerformanceCaveat: !allowSoftware,
  })
  if (!gl) return undefined
  if (!allowSoftware && isEmulated(gl)) {
    gl.getExtension('WEBGL_lose_context')?.loseContext()
    return undefined
  }
  const scratch = createScratch(page)
  const atlas = createAtlas(PAGE, MOST_PAGES)
  let setup = setUp(gl)
  let room = new Float32Array(0)
  const onLost = (event: Event) => {
    // Only so will it ever be restored.
    event.preventDefault()
    atlas.empty()
    lost('lost')
  }
  const onRestored = () => {
    // What was drawn in the meantime is on no card.
    atlas.empty()
    setup = setUp(gl)
    lost('restored')
  }
  canvas.addEventListener('webglcontextlost', onLost)
  canvas.addEventListener('webglcontextrestored', onRestored)

  return {
    kind: 'webgl2',
    canvas,
    bake,
    adopt(image, box) {
      const { naturalWidth, naturalHeight } = image
      const { left, top, width, height } = box
      return bake(box, Math.max(naturalWidth, naturalHeight) / Math.max(width, height), (surface) =>
        surface.drawImage(image, left, top, width, height),
      )
    },
    forget(picture) {
      picture.alive = false
    },
    paint(sheet, density, shiftX, shiftY) {
      if (gl.isContextLost()) return
      const { width, height } = canvas
      gl.viewport(0, 0, width, height)
      gl.clear(gl.COLOR_BUFFER_BIT)
      if (sheet.count === 0) return
      const numbers = instancesOf(sheet)
      gl.bufferData(gl.ARRAY_BUFFER, numbers, gl.STREAM_DRAW)
      // Stage units to the card's -1 … 1, y up.
      const [x, y] = [(2 * density) / width, (-2 * density) / height]
      gl.uniform4f(setup.view, x, y, x * shiftX - 1, y * shiftY + 1)
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, sheet.count)
    },
    close() {
      canvas.removeEventListener('webglcontextlost', onLost)
      canvas.removeEventListener('webglcontextrestored', onRestored)
      gl.getExtension('WEBGL_lose_context')?.loseContext()
      atlas.empty()
      canvas.remove()
    },
  }

  function bake(box: Box, density: number, draw: (surface: Surface) => void): PagedPicture {
    const cutting = scratch.cut(box, density, draw)
    if (!cutting) return { ...pictureOf(box, 0, 0), empty: true }
    const { width, height } = cutting
    const picture = pictureOf(cutting.box, width, height)
    picture.spot = atlas.place(width, height, picture)
    if (!gl || !picture.spot || gl.isContextLost()) return picture
    while (atlas.pages() > setup.pages()) setup.grow()
    const { x, y, page: layer } = picture.spot
    const format = [gl.RGBA, gl.UNSIGNED_BYTE] as const
    gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, x, y, layer, width, height, 1, ...format, premultiplied(cutting))
    return picture
  }

  function instancesOf({ count, pictures, numbers }: QuadSheet): Float32Array {
    if (room.length < count * VERTEX_NUMBERS) room = new Float32Array(count * VERTEX_NUMBERS * 2)
    for (let index = 0; index < count; index++) {
      const picture = pictures[index] as PagedPicture
      const [from, to] = [index * QUAD_NUMBERS, index * VERTEX_NUMBERS]
      const number = (offset: number) => numbers[from + offset] as number
      const { left, top, width, height } = picture.box
      const [a, b, c, d] = [number(0), number(1), number(2), number(3)]
      room[to] = a * width
      room[to + 1] = b * width
      room[to + 2] = c * height
      room[to + 3] = d * height
      room[to + 4] = a * left + c * top + number(4)
      room[to + 5] = b * left + d * top + number(5)
      const { spot } = picture
      room[to + 6] = (spot?.x ?? 0) / PAGE
      room[to + 7] = (spot?.y ?? 0) / PAGE
      room[to + 8] = picture.width / PAGE
      room[to + 9] = picture.height / PAGE
      room[to + 10] = spot?.page ?? 0
      room[to + 11] = spot ? number(6) : 0
    }
    return room.subarray(0, count * VERTEX_NUMBERS)
  }
}

function pictureOf(box: Box, width: number, height: number): PagedPicture {
  return { box, width, height, spot: undefined, pixels: width * height, empty: false, alive: true, usedAt: 0 }
}

/**
 * Chromium hands out a card made of software even to who refuses it (156 does, with `failIfMajorPerformanceCaveat`), and
 * drawing through it costs several times what Canvas 2D does. The names: ANGLE's SwiftShader, Mesa's llvmpipe and
 * softpipe, Windows' Basic Render Driver (WARP), Apple's Software Renderer.
 */
function isEmulated(gl: WebGL2RenderingContext): boolean {
  const info = gl.getExtension('WEBGL_debug_renderer_info')
  const name: unknown = info && gl.getParameter(info.UNMASKED_RENDERER_WEBGL)
  return typeof name === 'string' && /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name)
}

/** The card blends what is multiplied already; a texture of several pages is not multiplied on its way there. */
function premultiplied({ data, x, y, width, height }: Cutting): Uint8Array {
  const bytes = new Uint8Array(width * height * 4)
  for (let row = 0; row < height; row++) {
    let from = ((y + row) * data.width + x) * 4
    let to = row * width * 4
    for (let column = 0; column < width; column++, from += 4, to += 4) {
      const alpha = data.data[from + 3] as number
      if (alpha === 0) continue
      for (let channel = 0; channel < 3; channel++)
        bytes[to + channel] = Math.round(((data.data[from + channel] as number) * alpha) / 255)
      bytes[to + 3] = alpha
    }
  }
  return bytes
}

/** Everything that a lost context takes with it. */
function setUp(gl: WebGL2RenderingContext) {
  const program = PAINT_QUADS.link(gl)
  gl.useProgram(program)
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer())
  for (const [place, numbers, offset] of PAINT_QUADS.inputs) {
    gl.enableVertexAttribArray(place)
    gl.vertexAttribPointer(place, numbers, gl.FLOAT, false, VERTEX_NUMBERS * 4, offset * 4)
    gl.vertexAttribDivisor(place, 1)
  }
  gl.enable(gl.BLEND)
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
  gl.clearColor(0, 0, 0, 0)
  let pages = FIRST_PAGES
  let texture = createPages(gl, pages)
  return {
    view: gl.getUniformLocation(program, 'view'),
    pages: () => pages,
    /** Twice the pages; what lies on the old ones is copied on the card. */
    grow() {
      const wider = createPages(gl, Math.min(MOST_PAGES, pages * 2))
      const frame = gl.createFramebuffer()
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, frame)
      for (let page = 0; page < pages; page++) {
        gl.framebufferTextureLayer(gl.READ_FRAMEBUFFER, gl.COLOR_ATTACHMENT0, texture, 0, page)
        gl.copyTexSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, page, 0, 0, PAGE, PAGE)
      }
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null)
      gl.deleteFramebuffer(frame)
      gl.deleteTexture(texture)
      texture = wider
      pages = Math.min(MOST_PAGES, pages * 2)
    },
  }
}

/** Bound, and left so. */
function createPages(gl: WebGL2RenderingContext, pages: number): WebGLTexture | null {
  const texture = gl.createTexture()
  gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture)
  gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, gl.RGBA8, PAGE, PAGE, pages)
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T])
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, side, gl.CLAMP_TO_EDGE)
  for (const way of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, way, gl.LINEAR)
  return texture
}
