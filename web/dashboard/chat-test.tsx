import { useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import type { Problem } from '../ui/api.ts'
import type { ChatTestAnswer } from '../ui/channel-view.ts'
import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'
import { Notice, ProblemNotice } from '../ui/notice.tsx'
import { ChatTestResult, type SaidTest } from './chat-test-result.tsx'
import { useSession } from './session.ts'

/** As long as Twitch lets them be. */
const MAX_MESSAGE = 500
const MAX_NAME = 25

const PRESETS = ['greeting', 'laughter', 'emoji', 'command', 'link', 'long', 'zalgo'] as const

/** A message that the streamer makes up; it takes the same way as a viewer's. `primary`: nothing else is more urgent. */
export function ChatTest({ primary }: { primary: boolean }) {
  const texts = useTexts()
  const words = texts.chat.test
  const { api, feed, saver } = useSession()
  const { ping } = saver.settings.value.chat.commands
  const draft = useSignal<{ name: string; message: string }>(words.samples.greeting)
  const sending = useSignal(false)
  const problem = useSignal<Problem | null>(null)
  const said = useSignal<SaidTest | null>(null)
  const asked = useSignal(false)
  const ids = { name: useId(), message: useId(), left: useId() }

  const { name, message } = draft.value
  const left = MAX_MESSAGE - Array.from(message).length
  const missing = name.trim() === '' ? words.needsName : message.trim() === '' ? words.needsMessage : null
  const valid = missing === null && left >= 0
  const change = (part: Partial<typeof draft.value>) => (draft.value = { ...draft.value, ...part })
  const samples = { ...words.samples, command: { name: words.commandName, message: ping.words[0] ?? '' } }

  const send = async () => {
    asked.value = true
    if (!valid || sending.value) return
    sending.value = true
    problem.value = null
    const test = { name: name.trim(), message: message.trim() }
    const answer = await api.send<ChatTestAnswer>('POST', '/api/channel/test', { kind: 'chat', ...test })
    sending.value = false
    if (!answer.ok) {
      said.value = null
      problem.value = answer.problem
      return
    }
    asked.value = false
    said.value = { ...test, answer: answer.value }
    void feed.refresh()
  }

  return (
    <form
      class="card test-donation"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <h2>{words.title}</h2>
      <p class="muted small">{words.body}</p>
      <div class="chips" role="group" aria-label={words.presets}>
        {PRESETS.map((preset) => (
          <button key={preset} type="button" class="chip" onClick={() => change(samples[preset])}>
            {words.preset[preset]}
          </button>
        ))}
      </div>
      <div class="test-fields chat-test-fields">
        <div class="field">
          <label class="field-label" for={ids.name}>
            {words.name}
          </label>
          <input
            id={ids.name}
            class="input"
            name="name"
            maxLength={MAX_NAME}
            autocomplete="off"
            value={name}
            aria-invalid={asked.value && name.trim() === ''}
            aria-describedby={ids.left}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        </div>
        <div class="field">
          <label class="field-label" for={ids.message}>
            {words.message}
          </label>
          <textarea
            id={ids.message}
            class="input"
            name="message"
            rows={2}
            value={message}
            aria-invalid={left < 0 || (asked.value && message.trim() === '')}
            aria-describedby={ids.left}
            onInput={(event) => change({ message: event.currentTarget.value })}
            onKeyDown={(event) => {
              // As in the chat itself: Enter says it. While a word is being composed, it ends that.
              if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
              event.preventDefault()
              event.currentTarget.form?.requestSubmit()
            }}
          />
        </div>
      </div>
      {problem.value && (problem.value.code === 'conflict' ? <BotOff /> : <ProblemNotice problem={problem.value} />)}
      <div class="test-end">
        <span id={ids.left} class={asked.value && !valid ? 'field-error' : 'muted small'}>
          {left < 0 ? texts.test.over(-left) : ((asked.value ? missing : null) ?? texts.test.left(left))}
        </span>
        <button
          type="submit"
          class={primary ? 'button primary' : 'button'}
          disabled={sending.value}
          aria-disabled={!valid}
        >
          <Icon name="send" />
          {sending.value ? words.sending : words.send}
        </button>
      </div>
      <div role="status">{said.value && <ChatTestResult said={said.value} />}</div>
    </form>
  )
}

function BotOff() {
  const words = useTexts().chat.test
  return (
    <Notice tone="bad" title={words.botOff}>
      <p>{words.botOffBody}</p>
    </Notice>
  )
}
