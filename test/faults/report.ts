import { measureRecoveries } from './measure-recoveries.ts'
import type { Recording } from './recording.ts'
import type { Verdict } from './verdict.ts'

/** The tables that a person reads. */
export function report(recording: Recording, verdicts: readonly Verdict[]): string {
  const seconds = (recording.until - recording.from) / 1_000
  return [
    `${recording.channels.length} channels, ${seconds.toFixed(0)} s, seed ${recording.seed}`,
    '',
    ...table([
      ['', 'what must hold', 'checked', 'violations', ''],
      ...verdicts.map(({ rule, words, checked, violations, note = '' }) => [
        rule,
        words,
        String(checked),
        String(violations.length),
        note.length > 150 ? `${note.slice(0, 150)}…` : note,
      ]),
    ]),
    '',
    ...table([
      ['fault', 'what came back', 'cases', 'p50', 'p99', 'bound', ''],
      ...measureRecoveries(recording).map(({ fault, what, count, never, p50Ms, p99Ms, boundMs, least }) => [
        fault,
        what,
        String(count),
        inSeconds(p50Ms),
        inSeconds(p99Ms),
        inSeconds(boundMs),
        count >= least && never === 0 && p99Ms <= boundMs
          ? ''
          : never > 0
            ? `${never} never`
            : count === 0
              ? ''
              : 'TOO LATE',
      ]),
    ]),
    ...verdicts
      .filter(({ violations }) => violations.length > 0)
      .flatMap(({ rule, violations }) => [
        '',
        `${rule}:`,
        ...violations.slice(0, 20).map((violation) => `  - ${violation}`),
        ...(violations.length > 20 ? [`  … and ${violations.length - 20} more`] : []),
      ]),
  ].join('\n')
}

const inSeconds = (ms: number) => (Number.isFinite(ms) ? `${(ms / 1_000).toFixed(2)} s` : '–')

function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
