import type { CDPSession, Page } from 'playwright-core'
import { openBrowser } from '../test/support/browser.ts'
import { crowdOf, SCENE_NOW } from '../test/web/crowd-scenes.ts'
import { openDevPages } from '../test/web/dev-pages.ts'
import { line, ms } from './figures.ts'

const CROWDS = [25, 100, 200] as const
const RUN_MS = 1_500
const STAGE = { width: 1_920, height: 1_080 }
/** A picture so small that an emulated card has nothing to do: what is left is our script's time. */
const STAMP = { width: 192, height: 108 }

interface FrameCost {
  scriptMs: number
  /** Of all of the browser's processes. */
  cpuMs: number
  fps: number
}

/**
 * What a frame of the stage costs at 1920 × 1080, drawn as fast as it goes, in a Chromium without a graphics card: there
 * WebGL is emulated, so that only its script time says something of a real card. It is measured apart, on a small canvas,
 * where the emulation does not get in its way.
 */
export async function measureOverlayFrames(print: (text: string) => void): Promise<void> {
  const endings: Array<() => unknown> = []
  const ending = { after: (run: () => unknown) => void endings.push(run) }
  try {
    const [browser, pages] = await Promise.all([openBrowser(ending), openDevPages(ending)])
    const system = await browser.newBrowserCDPSession()
    print('\na frame of the overlay, 1920 × 1080, no graphics card\n\n')
    for (const kind of ['canvas2d', 'webgl2'] as const) {
      const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } })
      await page.goto(`${pages}test/web/pages/blank.html`)
      const empty = await costOf(page, system, `openEmpty('${kind}', ${JSON.stringify(STAGE)})`)
      for (const count of CROWDS) {
        const crowd = JSON.stringify(crowdOf(count, { busy: 20 }))
        const open = (view: typeof STAGE) => `openCrowd('${kind}', ${JSON.stringify(view)}, ${crowd}, ${SCENE_NOW})`
        const whole = await costOf(page, system, open(STAGE))
        const script = kind === 'webgl2' ? await costOf(page, system, open(STAMP)) : whole
        const all = `${ms(whole.cpuMs)} CPU in all${kind === 'webgl2' ? ' (emulated card)' : ''}`
        const beside = `script, ${all}; an empty stage ${ms(empty.cpuMs)}; ${whole.fps.toFixed(0)} fps`
        print(line(`  ${kind}, ${count} characters`, ms(script.scriptMs), beside))
      }
      await page.close()
    }
  } finally {
    for (const end of endings) await end()
  }
}

async function costOf(page: Page, system: CDPSession, open: string): Promise<FrameCost> {
  await page.evaluate(
    `import('/test/web/pages/crowd-frames.ts').then(async (frames) => void (window.motion = await frames.${open}))`,
  )
  await page.evaluate('window.motion.run(700)')
  const own = await page.context().newCDPSession(page)
  // The script's own time on the processor: what else runs on the machine does not count.
  await own.send('Performance.enable', { timeDomain: 'threadTicks' })
  const [cpuBefore, scriptBefore] = [await cpuMs(system), await scriptMs(own)]
  const frames = await page.evaluate<number>(`window.motion.run(${RUN_MS})`)
  const cost = {
    scriptMs: ((await scriptMs(own)) - scriptBefore) / frames,
    cpuMs: ((await cpuMs(system)) - cpuBefore) / frames,
    fps: (frames * 1_000) / RUN_MS,
  }
  await own.detach()
  await page.evaluate('window.motion.close()')
  return cost
}

async function scriptMs(own: CDPSession): Promise<number> {
  const { metrics } = await own.send('Performance.getMetrics')
  return (metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? Number.NaN) * 1_000
}

async function cpuMs(system: CDPSession): Promise<number> {
  const { processInfo } = await system.send('SystemInfo.getProcessInfo')
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime * 1_000, 0)
}
