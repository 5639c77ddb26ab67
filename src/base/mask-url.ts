/** A URL fit for a log: its credentials and query left out. */
export function maskUrl(value: string): string {
  if (!URL.canParse(value)) return '[not a URL]'
  const url = new URL(value)
  return `${url.protocol}//${url.username ? '***@' : ''}${url.host}${url.pathname}`
}
