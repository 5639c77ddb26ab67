import { useFormat, useTexts } from '../ui/language.tsx'
import { BOT_FILTERS, type BotFilter } from './choice.ts'
import { useDesk } from './desk.ts'
import type { Tone } from './matters.ts'
import { Cell, Due, LastError, Owner, State, When } from './parts.tsx'
import { RowFrame } from './row-frame.tsx'
import { useAdminTexts } from './texts.ts'
import type { BotRow } from './views.ts'

const TONES: Record<BotFilter, Tone> = {
  active: 'good',
  starting: 'busy',
  backoff: 'busy',
  inactive: 'bad',
  off: 'idle',
}

/** Who runs which bot, and what keeps the others from running. */
export function BotList() {
  const texts = useAdminTexts().bots
  const { feed, choices } = useDesk()
  const counts = feed.overview.value?.bots
  return (
    <RowFrame
      choice={choices.bots}
      rows={feed.bots.value}
      states={BOT_FILTERS.map((state) => ({ state, word: texts.states[state], count: counts?.[state] ?? 0 }))}
      empty={{ title: texts.empty, body: texts.emptyBody }}
      columns={[
        { name: texts.channel },
        { name: texts.state },
        { name: texts.node },
        { name: texts.since },
        { name: texts.failures, right: true },
        { name: texts.next },
        { name: texts.lastError },
      ]}
    >
      {(bot) => <Bot key={bot.channelId} bot={bot} />}
    </RowFrame>
  )
}

function Bot({ bot }: { bot: BotRow }) {
  const { chat } = useTexts()
  const texts = useAdminTexts().bots
  const format = useFormat()
  const state = bot.desired ? bot.state : 'off'
  return (
    <tr>
      <th scope="row" title={bot.channelId}>
        {bot.login}
      </th>
      <Cell name={texts.state}>
        <State tone={TONES[state]} word={texts.states[state]} />
      </Cell>
      <Cell name={texts.node}>
        <Owner id={bot.owner} nobody={bot.desired ? texts.nobody : '—'} />
      </Cell>
      <Cell name={texts.since}>
        <When at={bot.since} />
      </Cell>
      <Cell name={texts.failures} number>
        {bot.failures === 0 ? <span class="muted">0</span> : format.number(bot.failures)}
      </Cell>
      <Cell name={texts.next}>
        <Due at={bot.nextAttemptAt} dueNow={texts.now} />
      </Cell>
      <Cell name={texts.lastError}>
        <LastError error={bot.lastError} words={chat.errors} />
      </Cell>
    </tr>
  )
}
