const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** What a reader takes for one character each: a letter with its marks, a flag, a family. Lazy: a long text costs what is read of it. */
export function* graphemes(text: string): Generator<string, void> {
  for (const { segment } of segmenter.segment(text)) yield segment
}

/** Unicode counts characters so; `length` counts most emoji twice. */
export function countCodePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
