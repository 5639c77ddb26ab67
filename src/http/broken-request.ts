import type { Socket } from 'node:net'
import type { ErrorCode } from '../base/errors.ts'
import { problemOf } from './problem.ts'

/** What reaches us before there is a request to speak of: headers that never end, are too long, or are no HTTP at all. */
export function refuseBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const { status, title, ...rest } = problemOf(codeOf(error.code))
  const body = JSON.stringify({ ...rest, title, status })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_WORDS[status] ?? 'Bad Request'}\r\ncontent-type: application/problem+json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

const STATUS_WORDS: Record<number, string> = { 408: 'Request Timeout', 413: 'Content Too Large' }

function codeOf(code: string | undefined): ErrorCode {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request-timeout'
  return code === 'HPE_HEADER_OVERFLOW' ? 'payload-too-large' : 'bad-request'
}
