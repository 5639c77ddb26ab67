import type { TestContext } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { BuiltPages } from './built-pages.ts'
import { startDashboardServer } from './dashboard-server.ts'
import type { Studio } from './dashboard-studio.ts'

export const PHONE = { width: 360, height: 740 }

export interface Visit extends BrowserContextOptions {
  path?: string
  studio?: Partial<Studio>
}

/** Opens pages of a studio's own. Whatever one writes into the console as an error fails the test. */
export function createVisit(opened: () => { browser: Browser; pages: BuiltPages }) {
  return async (t: TestContext, { path = '/dashboard', studio = {}, ...options }: Visit = {}) => {
    const { browser, pages } = opened()
    const server = await startDashboardServer(t, pages, { onScreen: null, ...studio })
    const context = await browser.newContext({ locale: 'en-US', reducedMotion: 'reduce', ...options })
    t.after(() => context.close())
    const page = await context.newPage()
    const faults: string[] = []
    page.setDefaultTimeout(5_000)
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (line) => line.type() === 'error' && faults.push(line.text()))
    page.on('dialog', (dialog) => faults.push(`dialog: ${dialog.message()}`))
    await page.goto(`${server.url}${path}`)
    const button = (name: string | RegExp) => page.getByRole('button', { name })
    return { server, page, context, faults, button }
  }
}

export const widerThanItsWindow = (page: Page) =>
  page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
