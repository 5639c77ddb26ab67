import { once } from 'node:events'
import { WebSocket } from 'ws'

/** Makes a process that listens for a debugger at `port` forget what nobody needs, so that what is left is what it keeps. */
export async function collectGarbage(port: number): Promise<void> {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as Array<{
    webSocketDebuggerUrl: string
  }>
  if (!target) throw new Error('the process has no debugger to speak to')
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await once(socket, 'open')
  // The second round frees what finalizers of the first let go.
  for (const id of [1, 2]) {
    socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }))
    await once(socket, 'message')
  }
  socket.close()
}
