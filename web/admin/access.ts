import { signal, type ReadonlySignal } from '@preact/signals'

/** The operator's token, kept for this tab alone and sent in a header: an address would be in every log. */
export interface Access {
  token: ReadonlySignal<string | null>
  keep(token: string): void
  forget(): void
  /** `fetch` with the token in it. */
  fetch: typeof fetch
}

const STORAGE_KEY = 'chatfolk.admin-token'

export function createAccess(): Access {
  const token = signal(remembered())
  return {
    token,
    keep(given) {
      token.value = given
      store(given)
    },
    forget() {
      token.value = null
      store(null)
    },
    fetch(input, init = {}) {
      const headers = new Headers(init.headers)
      if (token.value !== null) headers.set('authorization', `Bearer ${token.value}`)
      return fetch(input, { ...init, headers })
    },
  }
}

// Storage may be refused; then the token lasts as long as the page.
function remembered(): string | null {
  try {
    return sessionStorage.getItem(STORAGE_KEY)
  } catch {
    return null
  }
}

function store(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(STORAGE_KEY)
    else sessionStorage.setItem(STORAGE_KEY, token)
  } catch {
    // Nothing depends on it.
  }
}
