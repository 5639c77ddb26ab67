import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { GameScene } from '../ui/game-scene.tsx'
import { useTexts } from '../ui/language.tsx'
import { previewUrl } from './overlay-link.ts'
import { QueueControls } from './queue-controls.tsx'
import { useChannel, useSession } from './session.ts'
import type { StageChanged } from '../overlay/stage-changed.ts'

const stageChanged: StageChanged = 'chatfolk.stage-changed'

const BACKGROUNDS = ['game', 'dark', 'checker'] as const

/** The overlay itself, in a frame over a background of one's choice, and the queue under it. */
export function Preview() {
  const texts = useTexts().preview
  const { feed } = useSession()
  const channel = useChannel()
  const frame = useRef<HTMLIFrameElement>(null)
  const background = useSignal<(typeof BACKGROUNDS)[number]>('game')
  const url = previewUrl(channel.overlayUrl)

  useEffect(() => {
    const onMessage = ({ source, origin, data }: MessageEvent<unknown>) => {
      if (source === frame.current?.contentWindow && origin === location.origin && data === stageChanged)
        void feed.refresh()
    }
    window.addEventListener('message', onMessage)
    return () => window.removeEventListener('message', onMessage)
  }, [feed])
  return (
    <aside class="preview" aria-label={texts.title}>
      <div class="card flush">
        <div class="card-head">
          <h2>{texts.title}</h2>
          <div class="swatches" role="group" aria-label={texts.background}>
            {BACKGROUNDS.map((name) => (
              <button
                key={name}
                type="button"
                class={`swatch ${name}`}
                aria-label={texts.backgrounds[name]}
                title={texts.backgrounds[name]}
                aria-pressed={background.value === name}
                onClick={() => (background.value = name)}
              />
            ))}
          </div>
        </div>
        <div class={`scene ${background.value}`}>
          {background.value === 'game' && <GameScene />}
          {/* Another fragment alone would not load the page anew, so a new link is a new frame. */}
          <iframe key={url} ref={frame} src={url} title={texts.frame} tabIndex={-1} />
        </div>
        <QueueControls />
      </div>
      <p class="muted small preview-hint">{texts.hint}</p>
    </aside>
  )
}
