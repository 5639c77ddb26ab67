import { join } from 'node:path'
import { build, type Rollup } from 'vite'

/** Paths (`/assets/…`, `/index.html`) and what they hold. */
export type BuiltPages = ReadonlyMap<string, string | Uint8Array>

/** All pages exactly as they are shipped, kept in memory: a test needs no earlier build and disturbs none. */
export async function buildPages(): Promise<BuiltPages> {
  const configFile = join(import.meta.dirname, '..', '..', 'web', 'vite.config.ts')
  const output = (await build({ configFile, logLevel: 'error', build: { write: false } })) as Rollup.RollupOutput
  return new Map(output.output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]))
}
