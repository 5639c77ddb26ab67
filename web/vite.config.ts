import { resolve } from 'node:path'
import { defineConfig } from 'vite'

/** Five pages, one build. The overlay carries no framework; whatever it shares with the others is split out by Vite. */
export default defineConfig({
  root: import.meta.dirname,
  // The server replaces this with a fresh nonce each time it serves a page.
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    outDir: resolve(import.meta.dirname, '../dist'),
    emptyOutDir: true,
    // OBS 28 brings Chromium 103.
    target: 'chrome103',
    // Inlined assets would need `data:` fonts in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        landing: resolve(import.meta.dirname, 'index.html'),
        dashboard: resolve(import.meta.dirname, 'dashboard/index.html'),
        admin: resolve(import.meta.dirname, 'admin/index.html'),
        viewer: resolve(import.meta.dirname, 'viewer/index.html'),
        overlay: resolve(import.meta.dirname, 'overlay/index.html'),
      },
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
})
