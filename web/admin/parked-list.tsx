import { useSignal } from '@preact/signals'
import { useFormat } from '../ui/language.tsx'
import { Empty, Skeleton } from '../ui/notice.tsx'
import { useDesk } from './desk.ts'
import { PARKED_SHOWN } from './feed.ts'
import { useAdminTexts } from './texts.ts'
import type { ParkedPayload } from './views.ts'

/** What could not be read, and waits for a person. */
export function ParkedList() {
  const texts = useAdminTexts().parked
  const { feed } = useDesk()
  const parked = feed.parked.value
  if (parked === null) {
    return (
      <div class="list-wait" aria-busy="true">
        <Skeleton width="100%" height={160} />
      </div>
    )
  }
  if (parked.length === 0) return <Empty seed={83} title={texts.empty} body={texts.emptyBody} />
  return (
    <>
      <p class="list-note muted">{texts.note}</p>
      <ul class="parked">
        {parked.map((payload) => (
          <Payload key={payload.id} payload={payload} />
        ))}
      </ul>
      {parked.length === PARKED_SHOWN && <p class="list-note muted small">{texts.more(PARKED_SHOWN)}</p>}
    </>
  )
}

function Payload({ payload }: { payload: ParkedPayload }) {
  const texts = useAdminTexts().parked
  const format = useFormat()
  const { api, feed, now } = useDesk()
  const working = useSignal(false)
  const failed = useSignal(false)
  const resolve = async () => {
    working.value = true
    const answer = await api.send('DELETE', `/api/admin/parked/${payload.id}`)
    // Somebody else was quicker: it is dealt with all the same.
    failed.value = !answer.ok && answer.problem.code !== 'not-found'
    if (!failed.value) await feed.refresh()
    working.value = false
  }
  return (
    <li>
      <div class="parked-head">
        <div>
          <code>{payload.reason}</code>
          <p class="muted small">
            {texts.received(format.moment(payload.receivedAt, now.value), texts.arrivals[payload.arrival])}
          </p>
        </div>
        <button type="button" class="button small" disabled={working.value} onClick={() => void resolve()}>
          {working.value ? texts.resolving : texts.resolve}
        </button>
      </div>
      {failed.value && (
        <p class="field-error" role="alert">
          {texts.failed}
        </p>
      )}
      <details>
        <summary>{texts.show}</summary>
        <pre>{payload.payload}</pre>
      </details>
    </li>
  )
}
