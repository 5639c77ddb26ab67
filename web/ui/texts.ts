import type { en } from './texts.en.ts'

export type Words<T> = T extends string
  ? string
  : T extends (...args: never[]) => string
    ? T
    : { [Key in keyof T]: Words<T[Key]> }

/** The shape that every language fills: a missing or surplus key does not compile. */
export type Texts = Words<typeof en>

/** Languages of the pages. A channel's language on stream is another choice. */
export type Language = 'ru' | 'en'
