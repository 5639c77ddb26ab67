import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { z } from 'zod'
import { AppError } from '../base/errors.ts'
import type { Routes } from './app.ts'

/** What the build may hold. A file of another kind got there by mistake and is not served. */
const TYPES: Record<string, { type: string; gzip: boolean }> = {
  '.js': { type: 'text/javascript; charset=utf-8', gzip: true },
  '.css': { type: 'text/css; charset=utf-8', gzip: true },
  '.svg': { type: 'image/svg+xml', gzip: true },
  '.woff2': { type: 'font/woff2', gzip: false },
  '.png': { type: 'image/png', gzip: false },
  '.webp': { type: 'image/webp', gzip: false },
}

interface Asset {
  type: string
  body: Buffer
  gzipped: Buffer | null
}

/** The built assets: a fixed list, read once. No request ever becomes a path on the disk. */
export function assetRoutes({ directory }: { directory: string }): Routes {
  const assets = readAssets(join(directory, 'assets'))
  return (app) => {
    app.get(
      '/assets/:name',
      { config: { access: 'public' }, schema: { hide: true, params: z.object({ name: z.string() }) } },
      (request, reply) => {
        const asset = assets.get(request.params.name)
        if (!asset) throw new AppError('not-found')
        const gzipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '') ? asset.gzipped : null
        if (asset.gzipped) reply.header('vary', 'accept-encoding')
        if (gzipped) reply.header('content-encoding', 'gzip')
        // Their names carry a hash of what they hold.
        return reply
          .header('cache-control', 'public, max-age=31536000, immutable')
          .type(asset.type)
          .send(gzipped ?? asset.body)
      },
    )
  }
}

function readAssets(directory: string): Map<string, Asset> {
  const assets = new Map<string, Asset>()
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const known = TYPES[extname(name)]
    if (!known) continue
    const body = readFileSync(join(directory, name))
    assets.set(name, { type: known.type, body, gzipped: known.gzip ? gzipSync(body) : null })
  }
  return assets
}
