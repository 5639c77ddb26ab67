import type { Action } from '../avatar/poses.ts'
import { Character } from '../ui/character.tsx'
import { Icon } from '../ui/icons.tsx'
import { useFormat, useTexts } from '../ui/language.tsx'
import { BOT_TONES, botStatus, needsPermission, type BotStatus } from './bot-status.ts'
import { useBotSwitch } from './bot-switch.ts'
import { useChannel, useSession } from './session.ts'

const MOODS: Record<BotStatus, Action> = {
  off: 'sit',
  active: 'cheer',
  starting: 'walk',
  backoff: 'run',
  permission: 'wave',
  revoked: 'sit',
  banned: 'sit',
  gone: 'sit',
  operator: 'sit',
  stopped: 'sit',
}

/** The bot, how it does, and what is to be done about it. */
export function BotCard() {
  const texts = useTexts()
  const words = texts.chat
  const format = useFormat()
  const { feed, now, saver } = useSession()
  const channel = useChannel()
  const bot = useBotSwitch()
  const unreachable = feed.trouble.value !== null
  const status = botStatus(channel)
  const { since, speaker, streamLive, viewers } = channel.bot
  const tone = unreachable ? 'idle' : BOT_TONES[status]
  const told = unreachable ? { word: texts.light.unknown, ...words.unknown } : words.status[status]
  const { joinByTalking, commands } = saver.settings.value.chat
  const listens = !unreachable && status === 'active'
  const waits = listens && streamLive === false
  const isEmpty = listens && !waits && viewers === 0 && (joinByTalking || commands.join.enabled)
  const showsSince = !unreachable && since !== null && (status === 'active' || status === 'off')
  return (
    <section class={`headline bot ${tone === 'bad' ? 'needsYou' : ''}`} aria-label={words.bot}>
      <Character seed={51} action={unreachable ? 'sit' : MOODS[status]} height={144} />
      <div class="bot-words">
        <div class="bot-head">
          <p class="light-word">
            <span class={`lamp ${tone}`} aria-hidden="true" />
            {told.word}
            {showsSince && <span class="muted small bot-since">{words.since(format.moment(since, now.value))}</span>}
          </p>
          <label class="bot-switch">
            <span>{words.bot}</span>
            <input
              class="switch"
              type="checkbox"
              role="switch"
              checked={bot.on}
              disabled={bot.working}
              onChange={(event) => bot.turn(event.currentTarget.checked)}
            />
          </label>
        </div>
        <div role="status">
          <h2 class="headline-title">{told.title}</h2>
          <p class="muted">
            {isEmpty ? words.nobodyYet(joinByTalking ? null : (commands.join.words[0] ?? '')) : told.body}{' '}
            {waits && words.streamOffline}
          </p>
        </div>
        {/* Its times change with every second: nothing to be read out again and again. */}
        {!unreachable && <Trouble status={status} />}
        {speaker !== null && !needsPermission(status) && (
          <p class="muted small bot-speaker">
            {speaker.own ? words.speaksAsYou(speaker.login) : words.speaksAsBot(speaker.login)}
          </p>
        )}
        {!unreachable && status === 'off' && (
          <button type="button" class="button primary" disabled={bot.working} onClick={() => bot.turn(true)}>
            <Icon name="play" />
            {words.turnOn}
          </button>
        )}
      </div>
    </section>
  )
}

/** The last thing that went wrong, where it is not what the card as a whole speaks of. */
function Trouble({ status }: { status: BotStatus }) {
  const words = useTexts().chat
  const format = useFormat()
  const { now } = useSession()
  const { lastError, retryAt } = useChannel().bot
  if (lastError === null || (status !== 'backoff' && status !== 'starting' && status !== 'stopped')) return null
  const { errors } = words
  return (
    <p class="muted small">
      {words.lastError(
        errors[lastError.code as keyof typeof errors] ?? errors.unknown,
        format.relative(lastError.at, now.value),
      )}{' '}
      {retryAt !== null &&
        Date.parse(retryAt) >= now.value + 1_000 &&
        words.nextTry(format.relative(retryAt, now.value))}
    </p>
  )
}
