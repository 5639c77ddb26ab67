import { useTexts } from '../ui/language.tsx'
import { BotCard } from './bot-card.tsx'
import { BotFigures } from './bot-figures.tsx'
import { BotPermission } from './bot-permission.tsx'
import { botStatus, needsPermission } from './bot-status.ts'
import { ChatTest } from './chat-test.tsx'
import { CommandsCard } from './commands-card.tsx'
import { IgnoredAccounts } from './ignored-accounts.tsx'
import { Preview } from './preview.tsx'
import { ScreenWords } from './screen-words.tsx'
import { useChannel, useSession } from './session.ts'
import { StageSettings } from './stage-settings.tsx'

export function ChatSection() {
  const texts = useTexts().chat
  const { feed, narrow } = useSession()
  const channel = useChannel()
  const status = botStatus(channel)
  const { viewers, replies } = channel.bot
  return (
    <div class="stack">
      <div>
        <h1>{texts.title}</h1>
        <p class="muted">{texts.note}</p>
      </div>
      <BotCard />
      {!feed.trouble.value && needsPermission(status) && <BotPermission again={status === 'revoked'} />}
      {(status === 'active' || viewers + replies.sent + replies.dropped > 0) && <BotFigures />}
      {narrow.value && <Preview />}
      <ChatTest primary={status === 'active'} />
      <StageSettings />
      <CommandsCard />
      <ScreenWords />
      <IgnoredAccounts />
    </div>
  )
}
