import { useSignal } from '@preact/signals'
import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'
import { wordsOf } from '../ui/notice.tsx'
import { OnScreen } from './on-screen.tsx'
import { useChannel, useSession } from './session.ts'

type QueueCommand = 'pause' | 'resume' | 'skip'

/** Pause, resume, skip: each answers with how the queue stands then. */
export function QueueControls() {
  const texts = useTexts()
  const { api, feed, ledger, toasts } = useSession()
  const { alerts } = useChannel()
  const working = useSignal(false)

  const command = async (name: QueueCommand) => {
    working.value = true
    const answer = await api.send<{ paused: boolean; queued: number }>('POST', `/api/channel/alerts/${name}`)
    working.value = false
    if (!answer.ok) {
      toasts.show({ text: wordsOf(answer.problem, texts), bad: true })
      return
    }
    const { preview } = texts
    feed.accept({ alerts: { ...alerts, ...answer.value, current: name === 'skip' ? null : alerts.current } })
    toasts.show({
      about: 'queue',
      text: { pause: preview.pausedToast, resume: preview.resumedToast, skip: preview.skippedToast }[name],
      ...(name === 'pause' ? { undo: () => void command('resume') } : {}),
    })
    void feed.refresh()
    if (name === 'skip') void ledger.refresh()
  }

  const toggle: QueueCommand = alerts.paused ? 'resume' : 'pause'
  return (
    <div class="queue">
      <OnScreen />
      <div class="queue-buttons">
        <button
          type="button"
          class={alerts.paused ? 'button small primary' : 'button small'}
          disabled={working.value}
          onClick={() => void command(toggle)}
        >
          <Icon name={alerts.paused ? 'play' : 'pause'} size={18} />
          {texts.preview[toggle]}
        </button>
        <button
          type="button"
          class="button small"
          disabled={working.value || alerts.current === null}
          onClick={() => void command('skip')}
        >
          <Icon name="skip" size={18} />
          {texts.preview.skip}
        </button>
      </div>
    </div>
  )
}
