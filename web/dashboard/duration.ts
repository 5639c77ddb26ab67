import type { Texts } from '../ui/texts.ts'

/** `45 s`, `1 min 30 s`, `1 h`: as short as people say it. */
export function duration(seconds: number, words: Texts['settings']): string {
  const parts = [
    { n: Math.floor(seconds / 3_600), say: words.shortHours },
    { n: Math.floor((seconds % 3_600) / 60), say: words.shortMinutes },
    { n: seconds % 60, say: words.seconds },
  ]
  const said = parts.filter(({ n }) => n > 0).map(({ n, say }) => say(n))
  return said.length === 0 ? words.seconds(0) : said.join('\u00a0')
}
