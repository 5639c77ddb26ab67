/** Logins that the bot neither answers nor brings on stage. Made once per change of the settings. */
export type IgnoreList = ReadonlySet<string>

/** People write logins as they see them: with an `@`, in any case, with spaces around. */
export function compileIgnored(logins: readonly string[]): IgnoreList {
  return new Set(logins.map(plainLogin))
}

export function isIgnored(login: string, ignored: IgnoreList): boolean {
  return ignored.has(plainLogin(login))
}

/** A login as Twitch itself writes it. */
export function plainLogin(written: string): string {
  return written.trim().replace(/^@\s*/u, '').toLowerCase()
}
