import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export interface ReceivedRequest {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: string
  /** The body of a form. */
  form: Record<string, string>
}

export type Answer =
  | { status: number; json?: unknown; text?: string; headers?: Record<string, string> }
  /** Does to the connection whatever it likes. */
  | ((response: ServerResponse, request: IncomingMessage) => void)

export interface ScriptedHttp {
  url: string
  received: ReceivedRequest[]
  /** Given to the next requests in order; the last one for all that follow. */
  answers: Answer[]
}

/** An HTTP server that answers what the test says and keeps what it was asked. */
export async function startScriptedHttp(t: Pick<TestContext, 'after'>, ...answers: Answer[]): Promise<ScriptedHttp> {
  const scripted: ScriptedHttp = { url: '', received: [], answers }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      scripted.received.push({
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body,
        form: Object.fromEntries(new URLSearchParams(body)),
      })
      const answer = scripted.answers.length > 1 ? scripted.answers.shift() : scripted.answers[0]
      if (!answer) return response.writeHead(404).end()
      if (typeof answer === 'function') return answer(response, request)
      const { status, json, text, headers } = answer
      response.writeHead(status, { 'content-type': json === undefined ? 'text/html' : 'application/json', ...headers })
      response.end(json === undefined ? (text ?? '') : JSON.stringify(json))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  scripted.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  t.after(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return scripted
}
