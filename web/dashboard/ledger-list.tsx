import type { ComponentChildren } from 'preact'
import { useTexts } from '../ui/language.tsx'
import { Empty, ProblemNotice, Skeleton } from '../ui/notice.tsx'
import { LedgerRow } from './ledger-row.tsx'
import { useSession } from './session.ts'

/** Donations, newest first. With a `limit` only the latest, without «more». */
export function LedgerList({ limit }: { limit?: number }) {
  const texts = useTexts().donations
  const { ledger } = useSession()
  const items = ledger.items.value
  const trouble = ledger.trouble.value

  if (items === null) {
    if (trouble)
      return (
        <Padded>
          <ProblemNotice problem={trouble} onRetry={() => void ledger.refresh()} />
        </Padded>
      )
    return (
      <Padded>
        {[1, 2, 3, 4].map((n) => (
          <Skeleton key={n} width="100%" height={56} />
        ))}
      </Padded>
    )
  }
  if (items.length === 0) {
    return (
      <Empty seed={49} title={texts.empty} body={texts.emptyBody}>
        <a class="button primary" href="#live">
          {texts.emptyButton}
        </a>
      </Empty>
    )
  }
  return (
    <>
      <ol class="ledger">
        {items.slice(0, limit).map((item) => (
          <LedgerRow key={item.id} item={item} />
        ))}
      </ol>
      {limit === undefined && (
        <div class="ledger-end">
          {trouble && <ProblemNotice problem={trouble} />}
          {ledger.hasMore.value ? (
            <button
              type="button"
              class="button"
              disabled={ledger.loadingMore.value}
              onClick={() => void ledger.loadMore()}
            >
              {texts.more}
            </button>
          ) : (
            <p class="muted small">{texts.end}</p>
          )}
        </div>
      )}
    </>
  )
}

function Padded({ children }: { children: ComponentChildren }) {
  return <div class="ledger-note">{children}</div>
}
