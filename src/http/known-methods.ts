import type { App } from './app.ts'

/**
 * Remembers the routes added to `app` from now on, and tells which methods an address takes: what separates
 * "nothing here" from "not this way".
 */
export function knowMethods(app: App): (url: string) => string[] {
  const routes: { parts: string[]; methods: string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ parts: url.split('/'), methods: [method].flat() })
  })
  return (url) => {
    const given = (url.split('?', 1)[0] ?? '').split('/')
    const fitting = routes.filter(({ parts }) => fits(parts, given))
    return [...new Set(fitting.flatMap(({ methods }) => methods))].sort()
  }
}

function fits(parts: readonly string[], given: readonly string[]): boolean {
  if (parts.at(-1) === '*')
    return given.length >= parts.length && fits(parts.slice(0, -1), given.slice(0, parts.length - 1))
  if (parts.length !== given.length) return false
  return parts.every((part, place) => (part.startsWith(':') ? given[place] !== '' : part === given[place]))
}
