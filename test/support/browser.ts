import { chromium, type Browser } from 'playwright-core'

/** Whatever can close things at its end: a test's context, or a file's own list. */
export interface Ending {
  after(run: () => unknown): void
}

/** The system's Chromium, closed at the end. One for a test file is enough: pages and contexts are cheap. */
export async function openBrowser(t: Ending): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // As in a tab: sound needs a click. A browser without a window would allow it at once.
      '--autoplay-policy=document-user-activation-required',
    ],
  })
  t.after(() => browser.close())
  return browser
}
