import type { TextPart } from '../../src/domain/overlay-protocol.ts'
import type { ChannelSettings } from '../../src/domain/settings.ts'

export type Locale = ChannelSettings['locale']

/** The few words that the overlay itself puts on the stream. */
export const WORDING: Record<Locale, { anonymous: string; test: string }> = {
  ru: { anonymous: 'Аноним', test: 'тест' },
  en: { anonymous: 'Anonymous', test: 'test' },
}

const EMOTE_HOST = 'static-cdn.jtvnw.net'

/** A donor's words as nodes: text stays text, whatever it contains; pictures come from the one host we know. */
export function wordNodes(parts: readonly TextPart[], page: Document): Node[] {
  return parts.map((part) => {
    if ('text' in part) return page.createTextNode(part.text)
    if (!isEmoteAddress(part.src)) return page.createTextNode(part.emote)
    const picture = page.createElement('img')
    picture.className = 'emote'
    picture.alt = part.emote
    picture.decoding = 'async'
    // A torn picture has no place on a stream; its name is what the donor typed anyway.
    picture.addEventListener('error', () => picture.replaceWith(part.emote))
    picture.src = part.src
    return picture
  })
}

/** Pictures come from the one host we know, and safely. */
export function isEmoteAddress(src: string): boolean {
  try {
    const { protocol, host } = new URL(src)
    return protocol === 'https:' && host === EMOTE_HOST
  } catch {
    return false
  }
}
