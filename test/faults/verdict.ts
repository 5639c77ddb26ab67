/** What the checker says of one rule. */
export interface Verdict {
  rule: string
  words: string
  /** How many cases there were to be right or wrong. None proves nothing. */
  checked: number
  violations: string[]
  /** What else a reader should know. */
  note?: string
}

export function verdict(
  rule: string,
  words: string,
  checked: number,
  violations: string[],
  { note, least = 1 }: { note?: string; least?: number } = {},
): Verdict {
  const tooFew = checked < least ? [`only ${checked} cases, at least ${least} are needed to prove anything`] : []
  return { rule, words, checked, violations: [...tooFew, ...violations], ...(note === undefined ? {} : { note }) }
}

/** The value below which this share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? NaN
}

/** Values under the keys they have in common. */
export function groupBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}
