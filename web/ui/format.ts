import { formatMoney, type Money } from '../../src/domain/money.ts'
import type { Language } from './texts.ts'

/** Numbers, money and times as a person of this language writes them. */
export interface Format {
  money(money: Money): string
  number(value: number): string
  /** `14:02:31` */
  time(iso: string): string
  /** `14:02` */
  clock(atMs: number): string
  /** `14:02` today, else `22 Nov, 14:02`. */
  moment(iso: string, nowMs: number): string
  /** `3 min. ago`, `in 5 sec.`; below five seconds in the past, or a moment ahead by another clock: just now. */
  relative(iso: string, nowMs: number): string
  /** `40 ms`, `2.1 sec` */
  span(ms: number): string
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

export function createFormat(language: Language, justNow: string): Format {
  const number = new Intl.NumberFormat(language)
  const milliseconds = new Intl.NumberFormat(language, {
    style: 'unit',
    unit: 'millisecond',
    unitDisplay: 'short',
    maximumFractionDigits: 0,
  })
  const seconds = new Intl.NumberFormat(language, {
    style: 'unit',
    unit: 'second',
    unitDisplay: 'short',
    maximumFractionDigits: 1,
  })
  const minutes = new Intl.NumberFormat(language, {
    style: 'unit',
    unit: 'minute',
    unitDisplay: 'short',
    maximumFractionDigits: 0,
  })
  const time = new Intl.DateTimeFormat(language, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  })
  const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hour12: false })
  const dayClock = new Intl.DateTimeFormat(language, {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  })
  const ago = new Intl.RelativeTimeFormat(language, { style: 'short', numeric: 'always' })

  return {
    money: (money) => formatMoney(money, language),
    number: (value) => number.format(value),
    time: (iso) => time.format(new Date(iso)),
    clock: (atMs) => clock.format(atMs),
    moment: (iso, nowMs) => {
      const at = new Date(iso)
      return (at.toDateString() === new Date(nowMs).toDateString() ? clock : dayClock).format(at)
    },
    relative: (iso, nowMs) => {
      const s = (Date.parse(iso) - nowMs) / 1000
      if (s < 1 && s > -5) return justNow
      const [unit, size] = STEPS.find(([, size]) => Math.abs(s) >= size) ?? ['second', 1]
      return ago.format(Math.trunc(s / size), unit)
    },
    span: (ms) => {
      if (ms < 1_000) return milliseconds.format(ms)
      return ms < 60_000 ? seconds.format(ms / 1_000) : minutes.format(ms / 60_000)
    },
  }
}
