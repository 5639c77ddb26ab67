import { join } from 'node:path'
import { createServer } from 'vite'
import type { Ending } from '../support/browser.ts'

/** Serves the web sources as they stand, for tests that call them in a browser. Ends with a slash. */
export async function openDevPages(t: Ending): Promise<string> {
  const server = await createServer({
    root: join(import.meta.dirname, '..', '..'),
    configFile: false,
    logLevel: 'error',
    // Nothing to pre-bundle: our sources import nothing from npm, and a scan of the whole project takes its time.
    optimizeDeps: { noDiscovery: true },
    server: { port: 0, host: '127.0.0.1', watch: null, hmr: false },
  })
  t.after(() => server.close())
  await server.listen()
  return server.resolvedUrls?.local[0] ?? ''
}
