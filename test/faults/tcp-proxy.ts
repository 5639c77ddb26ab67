import { createServer, connect, type Server, type Socket } from 'node:net'

/** A wire between two programs that a test can pull, and whose other end it may move. */
export interface TcpProxy {
  readonly port: number
  /** Breaks all connections off with a reset, and refuses new ones until {@link TcpProxy.restore}. */
  cut(): void
  /** Nothing passes any more in either direction; both ends believe in their connections. New ones are taken and left hanging. */
  blackhole(): void
  /** Each piece comes so much later, in its order. */
  delay(ms: number): void
  /** As at the start. What was cut stays cut; what hung in the black hole is broken off, as time-outs would end it. */
  restore(): void
  /** Bytes that came through so far, and connections that were refused or broken off: proof that a fault was one. */
  figures(): { passedBytes: number; swallowedBytes: number; broken: number }
  close(): Promise<void>
}

export interface TcpProxyOptions {
  targetPort: number
  /**
   * Words that are replaced in what the target says, by others of the same length: a Sentinel tells addresses, and those
   * are to be proxies again.
   */
  rewrite?: ReadonlyMap<string, string>
}

export async function startTcpProxy({ targetPort, rewrite = new Map() }: TcpProxyOptions): Promise<TcpProxy> {
  let mode: 'open' | 'cut' | 'blackhole' = 'open'
  let delayMs = 0
  const figures = { passedBytes: 0, swallowedBytes: 0, broken: 0 }
  const pairs = new Set<() => void>()

  const pipe = (from: Socket, to: Socket, change: (chunk: Buffer) => Buffer) => {
    from.on('data', (chunk) => {
      if (mode === 'blackhole') {
        figures.swallowedBytes += chunk.length
        return
      }
      figures.passedBytes += chunk.length
      const changed = change(chunk)
      const pass = () => {
        if (!to.destroyed && !to.write(changed)) {
          from.pause()
          to.once('drain', () => from.resume())
        }
      }
      if (delayMs > 0) setTimeout(pass, delayMs)
      else pass()
    })
    from.on('end', () => {
      // Nobody hears of an end on the other side of a black hole either.
      if (mode !== 'blackhole') setTimeout(() => to.end(), delayMs)
    })
    from.on('error', () => {})
    from.on('close', () => {
      if (mode !== 'blackhole') setTimeout(() => to.destroy(), delayMs)
    })
  }

  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (inner) => {
    if (mode === 'cut') {
      figures.broken++
      return void inner.resetAndDestroy()
    }
    const outer = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const breakOff = () => {
      figures.broken++
      inner.resetAndDestroy()
      outer.resetAndDestroy()
    }
    pairs.add(breakOff)
    const forget = () => {
      if (inner.destroyed && outer.destroyed) pairs.delete(breakOff)
    }
    inner.once('close', forget)
    outer.once('close', forget)
    pipe(inner, outer, (chunk) => chunk)
    pipe(outer, inner, rewrite.size === 0 ? (chunk) => chunk : (chunk) => replaced(chunk, rewrite))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as { port: number }
  const breakAll = () => {
    for (const breakOff of pairs) breakOff()
    pairs.clear()
  }

  return {
    port,
    cut() {
      mode = 'cut'
      breakAll()
    },
    blackhole: () => void (mode = 'blackhole'),
    delay: (ms) => void (delayMs = ms),
    restore() {
      if (mode === 'blackhole') breakAll()
      mode = 'open'
      delayMs = 0
    },
    figures: () => ({ ...figures }),
    async close() {
      breakAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function replaced(chunk: Buffer, rewrite: ReadonlyMap<string, string>): Buffer {
  const text = chunk.toString('latin1')
  // A number by itself: a port is no part of another number.
  const changed = text.replaceAll(/(?<!\d)\d{4,5}(?!\d)/g, (word) => rewrite.get(word) ?? word)
  return changed === text ? chunk : Buffer.from(changed, 'latin1')
}
