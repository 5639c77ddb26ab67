/*
 * Whether somebody was signed in here the last time: the session's cookie is hidden from scripts, and asking the server
 * on every visit to the landing page would write a 401 into each stranger's console. A wrong hint costs one request.
 */

const STORAGE_KEY = 'chatfolk.signed-in'

export function keepSignedInHint(signedIn: boolean): void {
  try {
    if (signedIn) localStorage.setItem(STORAGE_KEY, '1')
    else localStorage.removeItem(STORAGE_KEY)
  } catch {
    // Storage may be refused; then the landing page offers to sign in, which is one click too.
  }
}

export function hasSignedInHint(): boolean {
  try {
    return localStorage.getItem(STORAGE_KEY) !== null
  } catch {
    return false
  }
}
