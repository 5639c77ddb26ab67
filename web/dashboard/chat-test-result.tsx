import type { ComponentChildren } from 'preact'
import { CHAT_COMMANDS } from '../../src/domain/chat-command.ts'
import type { ChatTestAnswer } from '../ui/channel-view.ts'
import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'
import { useSession } from './session.ts'

export interface SaidTest {
  name: string
  message: string
  answer: ChatTestAnswer
}

/** What the bot understood of a test, and what it would have said. */
export function ChatTestResult({ said }: { said: SaidTest }) {
  const words = useTexts().chat.test
  const { reply, joined } = said.answer
  const understanding = useUnderstanding(said)
  const { ignored } = said.answer.understood
  return (
    <div class="chat-result">
      <h3>{words.result}</h3>
      <p class="chat-said muted small">{words.said(said.name, said.message)}</p>
      <ul class="chat-facts">
        <Fact icon={understanding.seen ? 'check' : 'warn'}>{understanding.what}</Fact>
        {understanding.refused !== null && <Fact icon="warn">{understanding.refused}</Fact>}
        {joined && <Fact icon="check">{words.joined}</Fact>}
        {!ignored && (
          <Fact icon="chat">
            {reply === null ? words.silent : words.wouldSay}
            {reply !== null && <span class="chat-reply">{reply}</span>}
          </Fact>
        )}
      </ul>
    </div>
  )
}

interface Understanding {
  what: string
  /** Something came of it. */
  seen: boolean
  refused: string | null
}

function useUnderstanding({ message, answer }: SaidTest): Understanding {
  const texts = useTexts().chat
  const { commands } = useSession().saver.settings.value.chat
  const { command, reaction, permitted, ignored } = answer.understood
  if (ignored) return { what: texts.test.ignored, seen: false, refused: null }
  if (command === null) {
    if (!answer.onStage) {
      const { words, enabled } = commands.join
      return { what: texts.test.notOnStage(enabled ? (words[0] ?? '') : null), seen: false, refused: null }
    }
    return { what: reaction === null ? texts.test.asWords : texts.test.reaction[reaction], seen: true, refused: null }
  }
  const known = CHAT_COMMANDS.find((name) => name === command)
  if (!known) return { what: texts.test.asUnknownCommand(command), seen: true, refused: null }
  const word = message.split(/\s/, 1)[0] ?? ''
  return {
    what: texts.test.asCommand(word, texts.commands.names[known]),
    seen: true,
    refused: permitted ? null : texts.test.notPermitted(texts.commands.permissions[commands[known].permission]),
  }
}

function Fact({ icon, children }: { icon: 'check' | 'warn' | 'chat'; children: ComponentChildren }) {
  return (
    <li class={icon === 'warn' ? 'refused' : ''}>
      <Icon name={icon} size={18} />
      <span>{children}</span>
    </li>
  )
}
