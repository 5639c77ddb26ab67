/** The lines of Centrifugo's JSON protocol v1, field by field in the order of the wire; what is zero is left out. */

export interface Publication {
  seq: number
  /** JSON text. */
  data: string
}

export interface SubscribeFields {
  ttlS: number | null
  position: { seq: number; epoch: string } | null
  /** Newest first. */
  publications: Publication[]
  recovered: boolean
}

export function connectReply(id: number, client: string, version: string, ttlS: number | null): string {
  return `{"id":${id},"result":{${fields(
    `"client":${JSON.stringify(client)}`,
    `"version":${JSON.stringify(version)}`,
    expiry(ttlS),
  )}}}`
}

export function subscribeReply(id: number, { ttlS, position, publications, recovered }: SubscribeFields): string {
  if (!position) return `{"id":${id},"result":{${fields(expiry(ttlS))}}}`
  const { seq, epoch } = position
  return `{"id":${id},"result":{${fields(
    expiry(ttlS),
    '"recoverable":true',
    seq > 0 && `"seq":${seq}`,
    `"epoch":${JSON.stringify(epoch)}`,
    publications.length > 0 && `"publications":[${publications.map(kept).join(',')}]`,
    recovered && '"recovered":true',
    seq > 0 && `"offset":${seq}`,
  )}}}`
}

/** `fresh`: what a refreshed token now says of its end. */
export function refreshReply(id: number, ttlS: number | null, client?: string, version?: string): string {
  return `{"id":${id},"result":{${fields(
    client !== undefined && `"client":${JSON.stringify(client)}`,
    version !== undefined && `"version":${JSON.stringify(version)}`,
    expiry(ttlS),
  )}}}`
}

export function emptyReply(id: number): string {
  return `{"id":${id}}`
}

export function errorReply(id: number | null, { code, message }: ProtocolError): string {
  return `{${fields(id !== null && `"id":${id}`, `"error":{"code":${code},"message":${JSON.stringify(message)}}`)}}`
}

export function historyReply(id: number, publications: Publication[]): string {
  return `{"id":${id},"result":{"publications":[${publications.map(kept).join(',')}]}}`
}

export function presenceReply(id: number, present: Member[]): string {
  const members = present.map((member) => `${JSON.stringify(member.client)}:${info(member)}`)
  return `{"id":${id},"result":{"presence":{${members.join(',')}}}}`
}

export function presenceStatsReply(id: number, clients: number, users: number): string {
  return `{"id":${id},"result":{"num_clients":${clients},"num_users":${users}}}`
}

export interface Member {
  user: string
  client: string
}

/** `seq` is `null` in a channel without history. */
export function publicationPush(channel: string, seq: number | null, data: string): string {
  return `{"result":{"channel":${JSON.stringify(channel)},"data":{${fields(seq !== null && `"seq":${seq}`, `"data":${data}`)}}}}`
}

export function joinPush(channel: string, member: Member): string {
  return memberPush(1, channel, member)
}

export function leavePush(channel: string, member: Member): string {
  return memberPush(2, channel, member)
}

export function unsubscribedPush(channel: string): string {
  return `{"result":{"type":3,"channel":${JSON.stringify(channel)},"data":{}}}`
}

/** What a reply says instead of a result. */
export interface ProtocolError {
  code: number
  message: string
}

export const ERRORS = {
  internal: { code: 100, message: 'internal server error' },
  unauthorized: { code: 101, message: 'unauthorized' },
  unknownChannel: { code: 102, message: 'unknown channel' },
  permissionDenied: { code: 103, message: 'permission denied' },
  methodNotFound: { code: 104, message: 'method not found' },
  alreadySubscribed: { code: 105, message: 'already subscribed' },
  limitExceeded: { code: 106, message: 'limit exceeded' },
  badRequest: { code: 107, message: 'bad request' },
  notAvailable: { code: 108, message: 'not available' },
  tokenExpired: { code: 109, message: 'token expired' },
  expired: { code: 110, message: 'expired' },
  tooManyRequests: { code: 111, message: 'too many requests' },
} as const satisfies Record<string, ProtocolError>

function memberPush(type: number, channel: string, member: Member): string {
  return `{"result":{"type":${type},"channel":${JSON.stringify(channel)},"data":{"info":${info(member)}}}}`
}

function info({ user, client }: Member): string {
  return `{"user":${JSON.stringify(user)},"client":${JSON.stringify(client)}}`
}

function kept({ seq, data }: Publication): string {
  return `{"seq":${seq},"data":${data},"offset":${seq}}`
}

function expiry(ttlS: number | null): string | false {
  return ttlS !== null && `"expires":true,"ttl":${ttlS}`
}

function fields(...parts: Array<string | false>): string {
  return parts.filter((part) => part !== false).join(',')
}
