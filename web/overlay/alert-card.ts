import { formatMoney } from '../../src/domain/money.ts'
import type { ShownAlert } from './alert-player.ts'
import type { CardState } from './choreography.ts'
import { wordNodes, WORDING, type Locale } from './wording.ts'

/** The alert's card: who gave, how much, and what they say. */
export interface AlertCard {
  element: HTMLElement
  /** Sizes the lines to the room they have; the card has to be in the document. */
  fit(): void
  apply(state: CardState): void
  /** Every text with its font, for loading before the curtain. */
  fonts: readonly (readonly [font: string, text: string])[]
  pictures: readonly HTMLImageElement[]
}

/** Sizes in stage units, largest first: three hundred characters still fit at the last but one. */
const WORD_SIZES = [36, 32, 28, 25, 23] as const
const AMOUNT_SIZES = [72, 62, 52, 44, 36] as const
const CLAMPED_LINES = 7

export function createAlertCard(alert: ShownAlert, locale: Locale, page: Document): AlertCard {
  const wording = WORDING[locale]
  const element = part('section', 'card')
  element.lang = locale

  const donorLine = element.appendChild(part('div', 'donor-line'))
  const donor = donorLine.appendChild(part('span', 'donor'))
  donor.dir = 'auto'
  donor.textContent = alert.donor ?? wording.anonymous
  if (alert.test) donorLine.appendChild(part('span', 'test-badge')).textContent = wording.test

  const amount = element.appendChild(part('div', 'amount'))
  amount.textContent = formatMoney(alert, locale)

  const words = part('p', 'words')
  words.dir = 'auto'
  words.append(...wordNodes(alert.parts, page))
  if (words.textContent.trim() !== '' || words.querySelector('img')) element.append(words)

  return {
    element,
    fit() {
      shrink(amount, AMOUNT_SIZES, () => amount.scrollWidth <= amount.clientWidth)
      if (!words.isConnected) return
      words.classList.remove('clamped')
      shrink(words, WORD_SIZES, () => words.scrollHeight <= words.clientHeight + 1)
      if (words.scrollHeight <= words.clientHeight + 1) return
      words.classList.add('clamped')
      words.style.setProperty('-webkit-line-clamp', String(CLAMPED_LINES))
    },
    apply(state) {
      element.style.opacity = state.presence.toFixed(3)
      element.style.transform = `translateY(${((1 - state.presence) * -26).toFixed(2)}px) scale(${state.scale.toFixed(4)})`
      reveal(donorLine, state.name)
      reveal(amount, state.amount)
      reveal(words, state.words)
    },
    fonts: [
      ['750 44px "Onest Variable"', donor.textContent ?? ''],
      ['800 72px "Unbounded Variable"', amount.textContent ?? ''],
      ['500 36px "Onest Variable"', words.textContent ?? ''],
    ],
    pictures: [...words.querySelectorAll('img')],
  }

  function part<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, className: string): HTMLElementTagNameMap[Tag] {
    const created = page.createElement(tag)
    created.className = className
    return created
  }
}

function shrink(element: HTMLElement, sizes: readonly number[], fits: () => boolean): void {
  for (const size of sizes) {
    element.style.fontSize = `${size}px`
    if (fits()) return
  }
}

function reveal(element: HTMLElement, part: number): void {
  element.style.opacity = part.toFixed(3)
  element.style.transform = part >= 1 ? '' : `translateX(${((1 - part) * 34).toFixed(2)}px)`
}
