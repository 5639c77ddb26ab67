import { useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { parseMoney } from '../../src/domain/money.ts'
import type { Problem } from '../ui/api.ts'
import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'
import { ProblemNotice } from '../ui/notice.tsx'
import { useChannel, useSession } from './session.ts'

const MAX_WORDS = 300
const MAX_NAME = 100
const CURRENCIES = ['RUB', 'USD', 'EUR', 'UAH', 'KZT', 'BYN', 'PLN', 'TRY', 'BRL', 'GBP']

const PRESETS = ['short', 'long', 'emoji', 'foreign', 'anonymous'] as const

const FORM_ID = 'test-donation'

/** Brings the form into view, for whoever pressed «To the form». */
export function focusTestForm(): void {
  const form = document.querySelector(`#${FORM_ID}`)
  form?.scrollIntoView({ block: 'center' })
  form?.querySelector<HTMLElement>('button[type=submit]')?.focus({ preventScroll: true })
}

/** A donation made up by the streamer; it takes the same way as money. `primary`: nothing else is more urgent. */
export function TestDonation({ primary }: { primary: boolean }) {
  const texts = useTexts()
  const { api, feed, ledger, toasts } = useSession()
  const channel = useChannel()
  const draft = useSignal(texts.test.samples.short)
  const sending = useSignal(false)
  const problem = useSignal<Problem | null>(null)
  const asked = useSignal(false)
  const ids = { amount: useId(), words: useId(), left: useId(), amountError: useId() }

  const { name, amount, currency, message } = draft.value
  // Both ways of writing a fraction; the server takes the point.
  const money = parseMoney(amount.replaceAll(/[\s\u00a0]/g, '').replace(',', '.'), currency)
  const left = MAX_WORDS - Array.from(message).length
  const valid = money !== undefined && left >= 0 && Array.from(name).length <= MAX_NAME
  const change = (part: Partial<typeof draft.value>) => (draft.value = { ...draft.value, ...part })

  const send = async () => {
    asked.value = true
    if (!valid || sending.value) return
    sending.value = true
    problem.value = null
    const answer = await api.send('POST', '/api/channel/test', {
      kind: 'donation',
      name: name.trim() === '' ? null : name.trim(),
      amount: money.amount,
      currency: money.currency,
      message,
    })
    sending.value = false
    if (!answer.ok) {
      problem.value = answer.problem
      return
    }
    asked.value = false
    toasts.show({ text: channel.alerts.paused ? texts.test.sentPaused : texts.test.sent })
    void ledger.refresh()
    void feed.refresh()
  }

  return (
    <form
      id={FORM_ID}
      class="card test-donation"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <h2>{texts.test.title}</h2>
      <p class="muted small">{texts.test.body}</p>
      <div class="chips" role="group" aria-label={texts.test.presets}>
        {PRESETS.map((preset) => (
          <button key={preset} type="button" class="chip" onClick={() => change(texts.test.samples[preset])}>
            {texts.test.preset[preset]}
          </button>
        ))}
      </div>
      <div class="test-fields">
        <label class="field test-name">
          <span class="field-label">{texts.test.name}</span>
          <input
            class="input"
            name="name"
            maxLength={MAX_NAME}
            autocomplete="off"
            placeholder={texts.test.namePlaceholder}
            value={name}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        </label>
        <div class="field">
          <label class="field-label" for={ids.amount}>
            {texts.test.amount}
          </label>
          <input
            id={ids.amount}
            class="input number"
            name="amount"
            inputMode="decimal"
            autocomplete="off"
            value={amount}
            aria-invalid={money === undefined && (asked.value || amount !== '')}
            aria-describedby={ids.amountError}
            onInput={(event) => change({ amount: event.currentTarget.value })}
          />
        </div>
        <label class="field">
          <span class="field-label">{texts.test.currency}</span>
          <select
            class="input"
            name="currency"
            value={currency}
            onChange={(event) => change({ currency: event.currentTarget.value })}
          >
            {CURRENCIES.map((code) => (
              <option key={code} value={code}>
                {code}
              </option>
            ))}
          </select>
        </label>
        <p
          id={ids.amountError}
          class="field-error test-wide"
          hidden={money !== undefined || (!asked.value && amount === '')}
        >
          {texts.test.badAmount}
        </p>
        <div class="field test-wide">
          <label class="field-label" for={ids.words}>
            {texts.test.message}
          </label>
          <textarea
            id={ids.words}
            class="input"
            name="message"
            rows={3}
            placeholder={texts.test.messagePlaceholder}
            value={message}
            aria-invalid={left < 0}
            aria-describedby={ids.left}
            onInput={(event) => change({ message: event.currentTarget.value })}
          />
        </div>
      </div>
      {problem.value && <ProblemNotice problem={problem.value} />}
      <div class="test-end">
        <span id={ids.left} class={left < 0 ? 'field-error' : 'muted small'}>
          {left < 0 ? texts.test.over(-left) : texts.test.left(left)}
        </span>
        <button
          type="submit"
          class={primary ? 'button primary' : 'button'}
          disabled={sending.value}
          aria-disabled={!valid}
        >
          <Icon name="send" />
          {sending.value ? texts.test.sending : texts.test.send}
        </button>
      </div>
    </form>
  )
}
