/** The value below which `share` of the samples lie. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ms`

export const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MB`

/** One figure beside its baseline of the same run: machines differ, ratios less. */
export function line(what: string, figure: string, baseline = ''): string {
  return `${what.padEnd(52)}${figure.padStart(12)}${baseline === '' ? '' : `   ${baseline}`}\n`
}
