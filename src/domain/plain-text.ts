/** Printable ASCII and the Russian letters, each of which has one way of being written and one small form. */
const PLAIN = /^[ -~А-яЁё]*$/

/** Most of all chat: nothing hidden, nothing composed, no line breaks. What treats rare letters may pass it by. */
export const isPlain = (text: string): boolean => PLAIN.test(text)
