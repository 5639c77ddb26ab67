import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'

/** Twitch's consent page for the chat, and the way back to the bot. */
const ASK_TWITCH = `/auth/twitch/login?permissions=chat&return=${encodeURIComponent('/dashboard#chat')}`

/** What the streamer is asked for, in our words before Twitch's. `again`: it was given once. */
export function BotPermission({ again }: { again: boolean }) {
  const words = useTexts().chat.permission
  return (
    <section class="card bot-permission">
      <h2>{words.may}</h2>
      <ul class="bot-can">
        {words.can.map((thing) => (
          <li key={thing}>
            <Icon name="check" size={18} />
            {thing}
          </li>
        ))}
      </ul>
      <p class="muted small">{words.mayNot}</p>
      <a class="button primary" href={ASK_TWITCH}>
        <Icon name="twitch" />
        {again ? words.giveAgain : words.give}
      </a>
    </section>
  )
}
