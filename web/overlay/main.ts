import './overlay.css'
import { createCrowdStage } from '../crowd/crowd-stage.ts'
import { createWebglPainter } from '../crowd/painter.webgl2.ts'
import { createAlertMemory } from './alert-memory.ts'
import { createAlertPlayer } from './alert-player.ts'
import { createChime } from './chime.ts'
import { openEventSource } from './event-source.ts'
import { createFrameMeter } from './frame-meter.ts'
import { createFrames, probeFrames } from './frames.ts'
import { keepOverlayLink } from './overlay-link.ts'
import { createOverlayServer } from './overlay-server.ts'
import { pageIdentity, tabStorage } from './page-identity.ts'
import { createReloader } from './reloader.ts'
import { createServerTime } from './server-time.ts'
import { createStage } from './stage.ts'
import { reportState } from './state-report.ts'
import { watchVisibility } from './visibility.ts'
import type { StageChanged } from './stage-changed.ts'
import type { Locale } from './wording.ts'

/* The overlay page. The key lives in the address's fragment, which browsers send to nobody; without one it is a blank page. */

const { key, preview } = readFragment(location.hash)
// Another key, pasted into the same tab, is another overlay.
addEventListener('hashchange', () => location.reload())
const element = document.querySelector<HTMLElement>('#stage')
if (key !== '' && element) openOverlay(key, preview, element)

function readFragment(fragment: string): { key: string; preview: boolean } {
  const given = new URLSearchParams(fragment.slice(1))
  return { key: given.get('k') ?? '', preview: given.get('preview') === '1' }
}

/** The page around a preview asks the server at once instead of at its next turn. */
function tellDashboard(): void {
  if (window.parent !== window)
    window.parent.postMessage('chatfolk.stage-changed' satisfies StageChanged, location.origin)
}

function openOverlay(key: string, preview: boolean, element: HTMLElement): void {
  const monotonic = () => performance.now()
  const after = (delayMs: number, run: () => void) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  }
  const storage = tabStorage(window)
  const { instance, reloaded } = pageIdentity(storage)
  const memory = createAlertMemory(storage)
  // A duplicated tab brings a copy of the memory; only a reload is the same page again.
  if (!reloaded) memory.forget()

  let locale: Locale = 'ru'
  const server = createOverlayServer(window.fetch.bind(window))
  const time = createServerTime(monotonic, Date.now())
  const meter = createFrameMeter(monotonic)
  const frames = createFrames(window, meter)
  let screenFps = LIKELY_FPS
  const chime = createChime(window)
  const stage = createStage({
    element,
    page: window,
    now: () => time.now(),
    locale: () => locale,
    ring: (volume) => chime.ring(volume),
    frames,
  })
  const crowd = createCrowdStage({
    page: window,
    above: element,
    frames,
    openCard: (lost) => createWebglPainter(document, lost),
    now: () => time.now(),
    monotonic,
    screenFps: () => screenFps,
    tierChanged: () => reporter.changed(),
  })
  const visibility = watchVisibility(window, () => {
    reporter.changed()
    player.visibilityChanged()
  })
  const player = createAlertPlayer({
    server,
    stage,
    memory,
    muted: preview,
    ticket: () => link.ticket(),
    now: () => time.now(),
    after,
    visible: () => visibility.visible(),
  })
  const reloader = createReloader({
    storage,
    after,
    random: Math.random,
    idle: () => player.idle(),
    reload: () => location.reload(),
  })
  const ver = new URL(import.meta.url).pathname.split('/').at(-1) ?? ''
  const link = keepOverlayLink({
    server,
    openStream: openEventSource,
    time,
    monotonic,
    after,
    random: Math.random,
    introduce: () => ({
      key,
      instance,
      obs: visibility.obs,
      w: window.innerWidth,
      h: window.innerHeight,
      ver,
      visible: visibility.visible(),
      preview,
    }),
    handlers: {
      snapshot({ d }) {
        locale = d.settings.locale
        crowd.replace(d.avatars)
        player.reconcile(d.alert.current, link.role())
        reporter.changed()
      },
      settings({ d }) {
        locale = d.patch.locale
      },
      'avatar.join': ({ at, d }) => crowd.join(at, d),
      'avatar.leave': ({ at, d }) => crowd.leave(at, d),
      'avatar.look': ({ d }) => crowd.changeLook(d),
      'avatar.act': ({ at, d }) => crowd.act(at, d),
      'avatar.say': ({ at, d }) => crowd.say(at, d),
      'avatar.emote': ({ at, d }) => crowd.holdUp(at, d),
      'alert.offer': ({ at, d }) => {
        player.offer(d, at, link.role())
        if (preview) tellDashboard()
      },
      'alert.cancel': ({ d }) => {
        player.cancel(d.id)
        if (preview) tellDashboard()
      },
      reload: ({ d }) => reloader.asked(d.build),
    },
  })
  const reporter = reportState({
    send: (report) => server.reportState(report),
    ticket: () => link.ticket(),
    after,
    state: () => ({ visible: visibility.visible(), active: visibility.active(), fps: meter.fps(), tier: crowd.tier() }),
  })
  probeFrames(frames, meter, () => {
    screenFps = Math.max(meter.fps(), LEAST_FPS)
    reporter.changed()
  })
}

/** Before it was measured. */
const LIKELY_FPS = 60
/** A page that begins is busy: what it measures then is no less than what OBS may be set to. */
const LEAST_FPS = 30
