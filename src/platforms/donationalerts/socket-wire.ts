import type { StreamPosition } from '../../domain/donation.ts'
import type { Publication, SubscribeResult } from '../donation-source.ts'
import { isRecord, parseJson, toStorableText } from '../json.ts'
import { parseDonation } from './wire.ts'

/** Centrifugo's JSON protocol, version 1. */
const SUBSCRIBE = 1
const PING = 7

/** The platform counts with two 32-bit numbers, `gen` above `seq`; we keep them as one. */
const SEQS_PER_GEN = 2 ** 32

export function donationsChannel(accountId: string): string {
  return `$alerts:donation_${accountId}`
}

export interface Command {
  params?: Record<string, unknown>
  method?: number
}

export function connectCommand(token: string): Command {
  return { params: { token } }
}

export function subscribeCommand(channel: string, token: string, from: StreamPosition | null): Command {
  const recovery = from && {
    recover: true,
    seq: from.seq % SEQS_PER_GEN,
    gen: Math.floor(from.seq / SEQS_PER_GEN),
    epoch: from.epoch,
  }
  return { params: { channel, token, ...recovery }, method: SUBSCRIBE }
}

export const pingCommand: Command = { method: PING }

/** What one line of the socket means to us. */
export type SocketLine =
  | { kind: 'reply'; id: number; errorCode: number | null; result: Record<string, unknown> }
  /** An error that belongs to no command of ours: the platform could not read one. */
  | { kind: 'refused'; errorCode: number }
  | { kind: 'publication'; channel: string; body: unknown }
  | { kind: 'unsubscribed'; channel: string }
  /** Joins, leaves and what later versions may add. */
  | { kind: 'ignored' }
  | { kind: 'unreadable' }

/** One message holds one or more JSON texts, each ended or divided by a newline. */
export function readLines(message: string): SocketLine[] {
  return message
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(readLine)
}

function readLine(line: string): SocketLine {
  const body = parseJson(line)
  if (!isRecord(body)) return { kind: 'unreadable' }
  const errorCode = 'error' in body ? readErrorCode(body['error']) : null
  if (typeof body['id'] === 'number' && body['id'] !== 0) {
    return { kind: 'reply', id: body['id'], errorCode, result: isRecord(body['result']) ? body['result'] : {} }
  }
  if (errorCode !== null) return { kind: 'refused', errorCode }
  const push = body['result']
  if (!isRecord(push)) return { kind: 'unreadable' }
  const { type = 0, channel } = push
  if (type !== 0 && type !== 3) return { kind: 'ignored' }
  if (typeof channel !== 'string') return { kind: 'unreadable' }
  return type === 3 ? { kind: 'unsubscribed', channel } : { kind: 'publication', channel, body: push['data'] }
}

function readErrorCode(error: unknown): number {
  return isRecord(error) && typeof error['code'] === 'number' ? error['code'] : 0
}

export interface ConnectReply {
  client: string
  /** The server's own; for the log. */
  version: string
  /** Seconds the connection token lives, `null` where it does not expire. */
  ttlS: number | null
}

export function readConnectReply(result: Record<string, unknown>): ConnectReply | undefined {
  const { client, version } = result
  if (typeof client !== 'string' || client === '') return undefined
  return { client, version: typeof version === 'string' ? version.slice(0, 40) : '', ttlS: readTtlS(result) }
}

export interface SubscribeReply extends SubscribeResult {
  /** Seconds the permission lives, `null` where it does not expire. */
  ttlS: number | null
}

/** Zeros are left out on the wire: a stream at its very beginning shows nothing but its epoch. */
export function readSubscribeReply(result: Record<string, unknown>, accountId: string): SubscribeReply {
  const { epoch, publications } = result
  return {
    position:
      result['recoverable'] === true || typeof epoch === 'string'
        ? { epoch: typeof epoch === 'string' ? toStorableText(epoch) : '', seq: readSeq(result) ?? 0 }
        : null,
    recovered: result['recovered'] === true,
    publications: oldestFirst(
      Array.isArray(publications) ? publications.map((publication) => readPublication(publication, accountId)) : [],
    ),
    ttlS: readTtlS(result),
  }
}

/** `{seq?, gen?, offset?, data}`. A body without `data` is kept whole: something was published, whatever it was. */
export function readPublication(body: unknown, accountId: string): Publication {
  if (!isRecord(body) || !('data' in body)) return { seq: null, item: parseDonation(body, accountId) }
  return { seq: readSeq(body), item: parseDonation(body['data'], accountId) }
}

/** `offset` is what later versions send in place of the pair. */
function readSeq({ seq, gen, offset }: Record<string, unknown>): number | null {
  if (!isCount(seq) && !isCount(gen)) return isCount(offset) ? offset : null
  const number = (isCount(seq) ? seq : 0) + (isCount(gen) ? gen : 0) * SEQS_PER_GEN
  return isCount(number) ? number : null
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** The platform lists what we missed newest first. Where numbers are missing, its order is all we have. */
function oldestFirst(publications: Publication[]): Publication[] {
  return publications.toReversed().sort((a, b) => (a.seq === null || b.seq === null ? 0 : a.seq - b.seq))
}

function readTtlS({ expires, ttl }: Record<string, unknown>): number | null {
  return expires === true ? (isCount(ttl) ? ttl : 0) : null
}
