import { useSignal } from '@preact/signals'
import { Icon } from '../ui/icons.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { useFormat, useTexts } from '../ui/language.tsx'
import { wordsOf } from '../ui/notice.tsx'
import { ConnectLink } from './connect-link.tsx'
import { useChannel, useSession } from './session.ts'
import { DONATION_TONES, donationsStatus } from './status.ts'

/** How donations reach us, in words that say what to do. */
export function DonationConnection() {
  const texts = useTexts()
  const format = useFormat()
  const { feed, now } = useSession()
  const channel = useChannel()
  const status = donationsStatus(channel)
  const { account, backoffUntil, lastError } = channel.donations
  const words = texts.donations
  const unreachable = feed.trouble.value !== null
  const troubled = status === 'backoff' || status === 'needs_reauth' || status === 'connecting'
  return (
    <section class={`card connection ${DONATION_TONES[status]}`}>
      <div class="connection-head">
        <h2>{words.provider}</h2>
        <p class="light-word">
          <span class={`lamp ${unreachable ? 'idle' : DONATION_TONES[status]}`} aria-hidden="true" />
          {unreachable ? texts.light.unknown : { ...texts.light.donations, ...words.standing }[status]}
        </p>
      </div>
      {account !== null && <p class="muted small">{words.account(account)}</p>}
      <p class="connection-words" role={status === 'needs_reauth' ? 'alert' : undefined}>
        {words.state[status]}
      </p>
      {troubled && lastError && (
        <p class="muted small">
          {words.lastError(
            words.errors[lastError.code as keyof typeof words.errors] ?? words.errors.unknown,
            format.relative(lastError.at, now.value),
          )}{' '}
          {status === 'backoff' &&
            backoffUntil &&
            Date.parse(backoffUntil) >= now.value + 1_000 &&
            words.nextTry(format.relative(backoffUntil, now.value))}
        </p>
      )}
      <div class="actions">
        {status === 'off' && (
          <ConnectLink look="button primary">
            <Icon name="plug" />
            {words.connect}
          </ConnectLink>
        )}
        {status === 'needs_reauth' && (
          <ConnectLink look="button primary">
            <Icon name="plug" />
            {words.reconnect}
          </ConnectLink>
        )}
        {status !== 'off' && channel.donations.state !== 'off' && <Disconnect />}
      </div>
    </section>
  )
}

function Disconnect() {
  const texts = useTexts()
  const { api, feed, toasts } = useSession()
  const asking = useSignal(false)
  const working = useSignal(false)

  const disconnect = async () => {
    working.value = true
    const answer = await api.send('DELETE', '/api/channel/donationalerts')
    working.value = false
    asking.value = false
    toasts.show(
      answer.ok ? { text: texts.donations.disconnected } : { text: wordsOf(answer.problem, texts), bad: true },
    )
    void feed.refresh()
  }
  return (
    <>
      <button type="button" class="button" onClick={() => (asking.value = true)}>
        {texts.donations.disconnect}
      </button>
      <ConfirmDialog
        open={asking.value}
        title={texts.donations.disconnectTitle}
        body={texts.donations.disconnectBody}
        confirm={texts.donations.disconnect}
        busy={working.value}
        onConfirm={() => void disconnect()}
        onCancel={() => (asking.value = false)}
      />
    </>
  )
}
