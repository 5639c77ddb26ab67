import { createServer } from 'node:net'

/** Below where systems take the ports of outgoing connections from: a process that is restarted finds its port free. */
const FROM = 20_000
const TO = 32_000

/** Gives out ports of the loopback interface that are free: from `first` on, or anywhere. */
export function createPorts(first?: number): () => Promise<number> {
  const taken = new Set<number>()
  let next = first
  return async () => {
    for (;;) {
      const port = next === undefined ? FROM + Math.floor(Math.random() * (TO - FROM)) : next++
      if (port > 65_535) throw new Error('there is no free port left')
      if (taken.has(port) || !(await isFree(port))) continue
      taken.add(port)
      return port
    }
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
