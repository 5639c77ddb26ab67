import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { AppError } from './errors.ts'

/**
 * Encrypts and signs with the first key; still opens what older keys made, so that a key can be replaced without a gap.
 * Each use names its purpose, and the purpose is part of the key: a ticket never passes for an OAuth state.
 */
export interface SecretBox {
  /** AES-256-GCM. `context` (user, provider …) is authenticated: text moved to another row does not open. */
  seal(plain: string, context: string): string
  /** @throws AppError `secret-unreadable` when no key opens it. */
  open(sealed: string, context: string): string
  /** True when the text was sealed with a key that is no longer the first; seal it again. */
  isStale(sealed: string): boolean
  /** A JSON value with an HMAC-SHA-256 over it, in URL-safe text. Readable by its bearer; not changeable. */
  sign(value: unknown, purpose: string): string
  /** The value, or `undefined` where the signature does not fit. Never throws. */
  verify(signed: string, purpose: string): unknown
}

/** @param keys 32 bytes each, the current one first. */
export function createSecretBox(keys: readonly Buffer[]): SecretBox {
  const ring = keys.map((key) => ({
    id: createHash('sha256').update(key).digest('base64url').slice(0, 8),
    seal: derive(key, 'seal'),
    sign: derive(key, 'sign'),
  }))
  const current = ring[0]
  if (!current) throw new TypeError('createSecretBox needs at least one key')

  return {
    seal(plain, context) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', current.seal, iv).setAAD(Buffer.from(context))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return [
        current.id,
        iv.toString('base64url'),
        body.toString('base64url'),
        cipher.getAuthTag().toString('base64url'),
      ].join('.')
    },
    open(sealed, context) {
      const [id, iv, body, tag] = sealed.split('.')
      const key = ring.find((candidate) => candidate.id === id)
      if (!key || !iv || body === undefined || !tag) {
        throw new AppError('secret-unreadable', {
          message: 'No key in SECRET_KEYS opens this secret. Add the key it was made with to the end of the list.',
        })
      }
      try {
        const decipher = createDecipheriv('aes-256-gcm', key.seal, Buffer.from(iv, 'base64url'))
        decipher.setAAD(Buffer.from(context)).setAuthTag(Buffer.from(tag, 'base64url'))
        return decipher.update(Buffer.from(body, 'base64url')).toString('utf8') + decipher.final('utf8')
      } catch (cause) {
        throw new AppError('secret-unreadable', {
          message: 'A stored secret was changed or belongs to another row.',
          cause,
        })
      }
    },
    isStale: (sealed) => !sealed.startsWith(`${current.id}.`),
    sign(value, purpose) {
      const body = Buffer.from(JSON.stringify(value)).toString('base64url')
      return `${body}.${mac(current.sign, purpose, body).toString('base64url')}`
    },
    verify(signed, purpose) {
      const [body, given, ...rest] = signed.split('.')
      if (!body || !given || rest.length > 0) return undefined
      const bytes = Buffer.from(given, 'base64url')
      const fits = ring.some((key) => {
        const wanted = mac(key.sign, purpose, body)
        return wanted.length === bytes.length && timingSafeEqual(wanted, bytes)
      })
      if (!fits) return undefined
      try {
        return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as unknown
      } catch {
        return undefined
      }
    },
  }
}

/** For keys and session ids that are looked up by their hash: a stolen database opens no door. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** 256 random bits, URL-safe. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

function derive(key: Buffer, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `chatfolk ${use} v1`, 32))
}

function mac(key: Buffer, purpose: string, body: string): Buffer {
  return createHmac('sha256', key).update(`${purpose}\n${body}`).digest()
}
