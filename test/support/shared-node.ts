import { after, before } from 'node:test'
import { startNode, type TestNode } from './node.ts'
import { openOverlay, type OverlayClient, type OverlayClientOptions } from './overlay-client.ts'
import { joinAsStreamer, type Streamer } from './streamer.ts'

/** One node for all tests of a `describe`; each test makes itself streamers of its own. */
export interface SharedNode {
  /** From the first `before` hook on. */
  readonly node: TestNode
  newStreamer(options?: { withDonations?: boolean }): Promise<Streamer>
  /** An overlay that closes with the test. */
  open(streamer: Streamer, t: { after(end: () => void): void }, options?: Partial<OverlayClientOptions>): OverlayClient
}

/** Call it inside `describe`: it starts the node before the tests of that suite and stops it after them. */
export function shareNode(): SharedNode {
  const ends: Array<() => unknown> = []
  let node: TestNode | undefined
  let people = 0
  before(async () => {
    node = await startNode({ after: (end: () => unknown) => void ends.push(end) })
  })
  after(async () => {
    // Ends may add ends of their own.
    for (const end of ends) await end()
  })
  return {
    get node() {
      if (!node) throw new Error('the shared node is there from the first test on')
      return node
    },
    newStreamer({ withDonations = false } = {}) {
      const { baseUrl, simulator } = this.node
      return joinAsStreamer({
        baseUrl,
        simulatorUrl: simulator.url,
        login: `person${++people}`,
        withoutDonations: !withDonations,
      })
    },
    open(streamer, t, options = {}) {
      const overlay = openOverlay({ overlayUrl: streamer.overlayUrl, ...options })
      t.after(() => overlay.close())
      return overlay
    },
  }
}
