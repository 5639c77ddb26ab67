import { useEffect } from 'preact/hooks'
import { Icon } from '../ui/icons.tsx'
import { LanguageSwitch, useFormat, useTexts } from '../ui/language.tsx'
import { Logo } from '../ui/logo.tsx'
import { ProblemNotice, Skeleton } from '../ui/notice.tsx'
import { useDesk } from './desk.ts'
import { Door } from './door.tsx'
import { Lists } from './lists.tsx'
import { Nodes } from './nodes.tsx'
import { Standing } from './standing.tsx'
import { useAdminTexts } from './texts.ts'
import { Tiles } from './tiles.tsx'

/** The page as a whole: asked for its token, or everything at a glance and below it in rows. */
export function AdminPage() {
  const { feed } = useDesk()
  const { common } = useTexts()
  const texts = useAdminTexts()
  const phase = feed.phase.value

  useEffect(() => {
    document.title = `${texts.title} · Chatfolk`
  }, [texts])

  if (phase === 'refused') return <Door />
  return (
    <div class="operator">
      <Top />
      <main>
        <h1 class="visually-hidden">{texts.title}</h1>
        {phase === 'loading' && (
          <div class="operator-stack" aria-busy="true">
            <span class="visually-hidden" role="status">
              {common.loading}
            </span>
            <Skeleton width="100%" height={150} />
            <Skeleton width="100%" height={110} />
            <Skeleton width="100%" height={260} />
          </div>
        )}
        {phase === 'failed' && feed.trouble.value && (
          <ProblemNotice problem={feed.trouble.value} title={texts.failed} onRetry={() => void feed.refresh()} />
        )}
        {phase === 'ready' && (
          <div class="operator-stack">
            <Down />
            <Standing />
            <Tiles />
            <Nodes />
            <Lists />
          </div>
        )}
      </main>
    </div>
  )
}

function Top() {
  const texts = useAdminTexts()
  const { access, feed } = useDesk()
  const forget = () => {
    access.forget()
    location.reload()
  }
  return (
    <header class="operator-top">
      <a class="brand" href="/">
        <Logo height={34} />
        Chatfolk
      </a>
      <span class="badge violet">{texts.title}</span>
      <span class="operator-top-end">
        {feed.phase.value === 'ready' && <Freshness />}
        <LanguageSwitch />
        {access.token.value !== null && (
          <button type="button" class="icon-button" aria-label={texts.signOut} title={texts.signOut} onClick={forget}>
            <Icon name="signOut" />
          </button>
        )}
      </span>
    </header>
  )
}

function Freshness() {
  const texts = useAdminTexts()
  const format = useFormat()
  const { feed, now } = useDesk()
  const seenAt = feed.seenAt.value
  if (seenAt === null || feed.trouble.value) return null
  const at = new Date(seenAt + feed.aheadMs.value).toISOString()
  return (
    <span class="muted small freshness">
      {texts.updated(format.relative(at, now.value))}
      {feed.overview.value && <span class="freshness-node">{texts.answeredBy(feed.overview.value.nodeId)}</span>}
    </span>
  )
}

/** Old facts are said to be old. */
function Down() {
  const { common } = useTexts()
  const texts = useAdminTexts().down
  const format = useFormat()
  const { feed, now } = useDesk()
  const trouble = feed.trouble.value
  const since = feed.downSince.value
  if (!trouble || since === null) return null
  const outOfReach = trouble.code === 'unreachable'
  const ago = format.relative(new Date(since + feed.aheadMs.value).toISOString(), now.value)
  const at = format.time(new Date(since).toISOString())
  return (
    <div class="notice bad" role="alert">
      <Icon name={outOfReach ? 'offline' : 'warn'} />
      <div class="notice-body down-body">
        <p>{outOfReach ? texts.unreachable(at, ago) : texts.server(at, ago)}</p>
        <button type="button" class="button small" onClick={() => void feed.refresh()}>
          {common.retry}
        </button>
      </div>
    </div>
  )
}
