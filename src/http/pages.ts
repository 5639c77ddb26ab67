import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyReply } from 'fastify'
import { StartError } from '../base/errors.ts'
import type { Routes } from './app.ts'

/** The build's stand-in for the nonce of each answer (web/vite.config.ts). */
const NONCE = '__CSP_NONCE__'

/** Twitch serves its emotes from here; nothing else foreign is ever drawn. */
const EMOTE_HOSTS = 'https://static-cdn.jtvnw.net'

interface Page {
  file: string
  addresses: string[]
  /** May stand in a frame of our own: the overlay, in the dashboard's preview. */
  framed?: true
  /** Served by nodes without the role `web` too. */
  everywhere?: true
}

const PAGES: Page[] = [
  { file: 'index.html', addresses: ['/'] },
  { file: 'dashboard/index.html', addresses: ['/dashboard'] },
  { file: 'viewer/index.html', addresses: ['/me'] },
  { file: 'admin/index.html', addresses: ['/admin'], everywhere: true },
  { file: 'overlay/index.html', addresses: ['/o/', '/o'], framed: true },
]

export interface PagesOptions {
  directory: string
  /** Streamers, viewers and overlays are served here; else the operator alone. */
  web: boolean
}

/**
 * The built pages, each with a policy of its own and a fresh nonce.
 * @throws StartError where they were not built.
 */
export function pageRoutes({ directory, web }: PagesOptions): Routes {
  return (app) => {
    for (const page of PAGES.filter(({ everywhere = false }) => web || everywhere)) {
      const template = readPage(directory, page.file)
      for (const address of page.addresses) {
        app.get(address, { config: { access: 'public' }, schema: { hide: true } }, (_request, reply) =>
          sendPage(reply, template, page.framed ?? false),
        )
      }
    }
    app.get('/favicon.ico', { config: { access: 'public' }, schema: { hide: true } }, (_request, reply) =>
      reply.code(204).send(),
    )
  }
}

/** The overlay page's build by the hashed name of its script, which is what an open page says of itself. */
export function overlayBuild(directory: string): string {
  return /\/assets\/(overlay-[\w-]+\.js)"/.exec(readPage(directory, 'overlay/index.html'))?.[1] ?? ''
}

function sendPage(reply: FastifyReply, template: string, framed: boolean): FastifyReply {
  const nonce = randomBytes(16).toString('base64')
  const policy = [
    `default-src 'none'`,
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src 'self' data: ${EMOTE_HOSTS}`,
    `font-src 'self'`,
    `connect-src 'self'`,
    `frame-src 'self'`,
    `frame-ancestors ${framed ? `'self'` : `'none'`}`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ]
  return reply
    .header('content-security-policy', policy.join('; '))
    .header('x-frame-options', framed ? 'SAMEORIGIN' : 'DENY')
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(template.replaceAll(NONCE, nonce))
}

function readPage(directory: string, file: string): string {
  try {
    return readFileSync(join(directory, file), 'utf8')
  } catch (cause) {
    throw new StartError(78, [`The web pages are not built (${file} is missing). Run: npm run build`], { cause })
  }
}
