/** Storage of this tab, where the browser allows it. */
export function tabStorage(page: Window): Storage | undefined {
  try {
    return page.sessionStorage
  } catch {
    return undefined
  }
}

const PLACE = 'chatfolk.instance'

/**
 * The random id by which the server knows this page. A reload is the same page: it may finish the alert that it began.
 * A duplicated tab carries a copy of the storage and must not pass for its original.
 */
export function pageIdentity(storage: Storage | undefined): { instance: string; reloaded: boolean } {
  const [visit] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  const kept = visit?.type === 'reload' ? (storage?.getItem(PLACE) ?? undefined) : undefined
  const instance = kept ?? randomId()
  storage?.setItem(PLACE, instance)
  return { instance, reloaded: kept !== undefined }
}

/** `crypto.randomUUID` is not there on plain http, and an overlay in a home network is that. */
function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
