import type { OverlaySource } from '../ui/channel-view.ts'
import { Icon } from '../ui/icons.tsx'
import { useFormat, useTexts } from '../ui/language.tsx'
import { Empty } from '../ui/notice.tsx'
import { useChannel, useSession } from './session.ts'
import { sourcesOf } from './status.ts'

/** Below this a viewer sees the stutter. */
const SMOOTH_FPS = 20

/** Who has the overlay open, and whether viewers see it. */
export function OverlaySources() {
  const texts = useTexts().overlay
  const format = useFormat()
  const { now } = useSession()
  const channel = useChannel()
  const sources = sourcesOf(channel)
  const { overlayLastSeenAt } = channel
  return (
    <section class="card">
      <h2>{texts.sources}</h2>
      {sources.length === 0 ? (
        channel.demo ? (
          <NotOpen url={channel.overlayUrl} />
        ) : (
          <Empty
            seed={44}
            title={texts.sourcesNone}
            body={
              overlayLastSeenAt === null
                ? texts.sourcesNoneBody
                : texts.sourcesGone(format.relative(overlayLastSeenAt, now.value))
            }
          />
        )
      ) : (
        <ul class="sources">
          {sources.map((source) => (
            <Source key={source.instance} source={source} />
          ))}
        </ul>
      )}
      {sources.length > 1 && <p class="muted small">{texts.mirrorHint}</p>}
    </section>
  )
}

/** In the demo any browser will do. */
function NotOpen({ url }: { url: string }) {
  const texts = useTexts().overlay
  return (
    <Empty seed={44} title={texts.notOpen} body={texts.notOpenBody}>
      <a class="button" href={url} target="_blank" rel="noreferrer">
        {texts.openInTab}
      </a>
    </Empty>
  )
}

function Source({ source }: { source: OverlaySource }) {
  const texts = useTexts().overlay
  const format = useFormat()
  const { now } = useSession()
  const slow = source.visible && source.fps !== null && source.fps > 0 && source.fps < SMOOTH_FPS
  return (
    <li class="source">
      <p class="source-head">
        <span class={`lamp ${source.visible ? 'good' : 'idle'}`} aria-hidden="true" />
        <strong>{source.obs ? texts.obs : texts.browser}</strong>
        <span>{source.visible ? texts.visible : texts.hidden}</span>
        <span class={source.role === 'primary' ? 'badge gold' : 'badge'}>{texts[source.role]}</span>
      </p>
      <p class="muted small number source-facts">
        {source.fps !== null && source.visible && <span>{texts.fps(Math.round(source.fps))}</span>}
        <span>{texts.since(format.moment(source.since, now.peek()))}</span>
      </p>
      {slow && (
        <p class="small source-slow">
          <Icon name="warn" size={16} />
          <span>
            <strong>{texts.tierLow}.</strong> {texts.tierLowHint}
          </span>
        </p>
      )}
    </li>
  )
}
