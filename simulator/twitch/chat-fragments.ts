import type { Chatter } from './chatters.ts'

/** Global emotes, by the names that people type. */
const GLOBAL_EMOTES: ReadonlyMap<string, string> = new Map([
  ['Kappa', '25'],
  ['PogChamp', '305954156'],
  ['LUL', '425618'],
  ['HeyGuys', '30259'],
  ['BibleThump', '86'],
  ['NotLikeThis', '58765'],
  ['ResidentSleeper', '245'],
  ['Kreygasm', '41'],
  ['WutFace', '28087'],
  ['4Head', '354'],
  ['VoHiYo', '81274'],
  ['bleedPurple', '62835'],
  ['SeemsGood', '64138'],
  ['FailFish', '360'],
])

export interface Fragment {
  type: 'text' | 'cheermote' | 'emote' | 'mention'
  text: string
  cheermote: { prefix: string; bits: number; tier: number } | null
  emote: { id: string; emote_set_id: string; owner_id: string; format: string[] } | null
  mention: { user_id: string; user_login: string; user_name: string } | null
}

export interface FragmentOptions {
  /** Emotes beside the global ones: name → id. */
  emotes?: Readonly<Record<string, string>> | undefined
  /** Whether `Cheer100` is a cheer. */
  isCheer: boolean
  find: (login: string) => Chatter | undefined
}

const TIERS = [10_000, 5_000, 1_000, 100, 1]

/** A text as Twitch takes it apart: emotes, mentions and cheers are words of their own, everything between is text. */
export function fragmentsOf(text: string, options: FragmentOptions): Fragment[] {
  const fragments: Fragment[] = []
  let plain = ''
  const flush = () => {
    if (plain !== '') fragments.push({ ...NOTHING, type: 'text', text: plain })
    plain = ''
  }
  // The blanks stay in the list, each between two words.
  for (const word of text.split(/(\s+)/)) {
    const special = specialOf(word, options)
    if (special) {
      flush()
      fragments.push({ ...NOTHING, ...special, text: word })
    } else plain += word
  }
  flush()
  return fragments
}

const NOTHING = { cheermote: null, emote: null, mention: null }

type Special = Pick<Fragment, 'type'> & Partial<Fragment>

function specialOf(word: string, { emotes, isCheer, find }: FragmentOptions): Special | null {
  const emote = (emotes && Object.hasOwn(emotes, word) ? emotes[word] : undefined) ?? GLOBAL_EMOTES.get(word)
  if (emote !== undefined)
    return { type: 'emote', emote: { id: emote, emote_set_id: '0', owner_id: '0', format: ['static'] } }
  if (word.startsWith('@')) {
    const chatter = find(word.slice(1))
    const { id = '', login = '', name = '' } = chatter ?? {}
    return chatter ? { type: 'mention', mention: { user_id: id, user_login: login, user_name: name } } : null
  }
  const [, prefix = '', digits] = (isCheer && /^([A-Za-z]+)([1-9]\d{0,6})$/.exec(word)) || []
  if (digits === undefined) return null
  const bits = Number(digits)
  return { type: 'cheermote', cheermote: { prefix, bits, tier: TIERS.find((tier) => tier <= bits) ?? 1 } }
}
