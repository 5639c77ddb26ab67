import { createHmac, timingSafeEqual } from 'node:crypto'

const HEADER = encode({ alg: 'HS256', typ: 'JWT' })

/** A JSON Web Token, HS256: what Centrifugo checks and what DonationAlerts hands out. */
export function signJwt(claims: object, key: string): string {
  const body = `${HEADER}.${encode(claims)}`
  return `${body}.${mac(body, key).toString('base64url')}`
}

/** The claims of a token that carries our signature; `null` for everything else, without ever throwing. */
export function readJwt(token: string, key: string): Record<string, unknown> | null {
  const [header, claims, signature, ...rest] = token.split('.')
  if (header === undefined || claims === undefined || signature === undefined || rest.length > 0) return null
  const given = Buffer.from(signature, 'base64url')
  const ours = mac(`${header}.${claims}`, key)
  if (given.length !== ours.length || !timingSafeEqual(given, ours)) return null
  try {
    const parsed: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'))
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function mac(text: string, key: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
