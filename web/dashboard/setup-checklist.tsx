import type { ComponentChildren } from 'preact'
import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'
import { ConnectLink } from './connect-link.tsx'
import type { SetupStep, StepState } from './setup-steps.ts'
import { focusTestForm } from './test-donation.tsx'

export interface SetupChecklistProps {
  steps: StepState[]
  current: SetupStep | undefined
}

/** What stands between a new channel and its first stream. The step to take next carries the primary button. */
export function SetupChecklist({ steps, current }: SetupChecklistProps) {
  const { chat, live } = useTexts()
  const look = (step: SetupStep) => (step === current ? 'button primary' : 'button')

  return (
    <section class="card">
      <h2>{live.todo}</h2>
      <ol class="checklist">
        {steps.map(({ step, done }, index) => (
          <li key={step} class={done ? 'done' : ''}>
            <span class="checklist-mark" aria-hidden="true">
              {done ? <Icon name="check" size={18} /> : index + 1}
            </span>
            {describe(step, done)}
          </li>
        ))}
      </ol>
    </section>
  )

  function describe(step: SetupStep, done: boolean) {
    switch (step) {
      case 'donations':
        return (
          <Step
            title={live.stepDonations}
            body={live.stepDonationsBody}
            done={done}
            button={<ConnectLink look={look(step)}>{live.connect}</ConnectLink>}
          />
        )
      case 'overlay':
        return (
          <Step
            title={live.stepOverlay}
            body={live.stepOverlayBody}
            done={done}
            button={
              <a class={look(step)} href="#overlay">
                {live.show}
              </a>
            }
          />
        )
      case 'chat':
        return (
          <Step
            title={live.stepChat}
            body={live.stepChatBody}
            done={done}
            button={
              <a class={look(step)} href="#chat">
                {chat.toBot}
              </a>
            }
          />
        )
      case 'test':
        return (
          <Step
            title={live.stepTest}
            body={live.stepTestBody}
            done={done}
            button={
              <button type="button" class="button" onClick={focusTestForm}>
                {live.toForm}
              </button>
            }
          />
        )
    }
  }
}

function Step(props: { title: string; body: string; done: boolean; button: ComponentChildren }) {
  const { live } = useTexts()
  return (
    <>
      <div class="checklist-text">
        <h3>
          {props.title}
          {props.done && <span class="visually-hidden"> ({live.done})</span>}
        </h3>
        {!props.done && <p class="muted">{props.body}</p>}
      </div>
      {!props.done && props.button}
    </>
  )
}
