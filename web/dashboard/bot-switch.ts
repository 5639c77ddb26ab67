import { useSignal } from '@preact/signals'
import type { BotView } from '../ui/channel-view.ts'
import { useTexts } from '../ui/language.tsx'
import { wordsOf } from '../ui/notice.tsx'
import { useChannel, useSession } from './session.ts'

export interface BotSwitch {
  /** As the streamer wants it, a wish on its way included. */
  on: boolean
  working: boolean
  turn(on: boolean): void
}

export function useBotSwitch(): BotSwitch {
  const texts = useTexts()
  const words = texts.chat
  const { api, feed, toasts } = useSession()
  const { bot } = useChannel()
  const wish = useSignal<boolean | null>(null)

  const turn = async (on: boolean, undoing = false) => {
    wish.value = on
    const answer = await api.send<BotView>('POST', '/api/channel/bot', { enabled: on })
    if (answer.ok) feed.accept({ bot: answer.value })
    wish.value = null
    if (!answer.ok) {
      const what = on ? words.notTurnedOn : words.notTurnedOff
      toasts.show({ about: words.bot, text: `${what}. ${wordsOf(answer.problem, texts)}`, bad: true })
    } else if (undoing) toasts.show({ about: words.bot, text: texts.common.undone })
    // Where it is not in the chat yet, the card says why: no word of success.
    else if (!on || answer.value.state !== 'inactive') {
      const text = on ? words.turnedOn : words.turnedOff
      toasts.show({ about: words.bot, text, undo: () => void turn(!on, true) })
    }
    void feed.refresh()
  }
  return { on: wish.value ?? bot.desired, working: wish.value !== null, turn: (on) => void turn(on) }
}
