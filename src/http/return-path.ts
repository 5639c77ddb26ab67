const HOME = '/dashboard'
const LONGEST = 512

/**
 * Where to send somebody back to after a detour: a path of this site, whatever was asked for.
 * The result never begins with two slashes, which browsers take for another host.
 */
export function safeReturnPath(asked: unknown): string {
  if (typeof asked !== 'string' || asked.length > LONGEST || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(asked)) return HOME
  const here = 'http://here.invalid'
  if (!URL.canParse(asked, here)) return HOME
  const { origin, pathname, search, hash } = new URL(asked, here)
  // Dots are resolved by now: `/..//elsewhere` has become `//elsewhere`. And a sign-in must not lead to a sign-in.
  if (origin !== here || pathname.startsWith('//') || pathname.startsWith('/auth/')) return HOME
  return pathname + search + hash
}

/** The path with some parameters set, in front of its fragment. */
export function withParameters(path: string, parameters: Record<string, string>): string {
  const url = new URL(path, 'http://here.invalid')
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.pathname + url.search + url.hash
}
