import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { startTcpProxy, type TcpProxyOptions } from './tcp-proxy.ts'

/** A server that answers every word with itself, behind a wire that can be pulled. */
async function startEcho(t: TestContext, options: Omit<TcpProxyOptions, 'targetPort'> = {}) {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: targetPort } = server.address() as { port: number }
  const proxy = await startTcpProxy({ targetPort, ...options })
  t.after(async () => {
    await proxy.close()
    server.close()
  })
  const open = async () => {
    const socket = connect(proxy.port, '127.0.0.1')
    const heard: string[] = []
    let ended: string | null = null
    socket.setEncoding('utf8').on('data', (text: string) => void heard.push(text))
    socket.on('error', (error) => (ended = error.message)).on('close', () => (ended ??= 'closed'))
    // A reset may come before anybody noticed that the door was open.
    await once(socket, 'connect').catch(() => undefined)
    t.after(() => socket.destroy())
    return { socket, heard: () => heard.join(''), ended: () => ended }
  }
  return { proxy, open }
}

const say = (socket: Socket, words: string) => void socket.write(words)

test('a wire passes everything on, and breaks when it is cut', async (t) => {
  const { proxy, open } = await startEcho(t)
  const client = await open()
  say(client.socket, 'hello')
  await eventually('it comes back', () => client.heard() === 'hello')
  proxy.cut()
  await eventually('it is broken off', () => client.ended() !== null)
  const refused = await open()
  await eventually('nobody is let in', () => refused.ended() !== null)
  assert.equal(proxy.figures().broken, 2)

  proxy.restore()
  const again = await open()
  say(again.socket, 'again')
  await eventually('it comes back', () => again.heard() === 'again')
})

test('in a black hole words vanish and connections stay', async (t) => {
  const { proxy, open } = await startEcho(t)
  const client = await open()
  proxy.blackhole()
  say(client.socket, 'hello')
  await eventually('it is swallowed', () => proxy.figures().swallowedBytes === 5)
  assert.equal(client.heard(), '')
  assert.equal(client.ended(), null)
  proxy.restore()
  await eventually('it is broken off in the end', () => client.ended() !== null)
})

test('numbers in what the target says are replaced, where they stand by themselves', async (t) => {
  const { open } = await startEcho(t, { rewrite: new Map([['41525', '51000']]) })
  const client = await open()
  say(client.socket, '$5\r\n41525\r\n 141525 41525 415250')
  await eventually('it comes back', () => client.heard().endsWith('415250'))
  assert.equal(client.heard(), '$5\r\n51000\r\n 141525 51000 415250')
})
