/** The server's clock as this page knows it. Alerts end by it, whatever the streamer's own clock says. */
export interface ServerTime {
  now(): number
  /** A session's answer: the clock was read somewhere between asking and hearing. */
  answered(serverNow: number, askedAt: number, heardAt: number): void
  /** A frame's stamp: the server's clock is at least this far by now. */
  stamped(at: number): void
}

/** @param local milliseconds that only grow, such as `performance.now()` */
export function createServerTime(local: () => number, wallClock: number): ServerTime {
  let offset = wallClock - local()
  let known = false
  return {
    now: () => local() + offset,
    answered(serverNow, askedAt, heardAt) {
      offset = serverNow + (heardAt - askedAt) / 2 - heardAt
      known = true
    },
    stamped(at) {
      // A machine that slept may have stopped its clock: the stamp pulls it forward again.
      const least = at - local()
      offset = known ? Math.max(offset, least) : least
      known = true
    },
  }
}
