import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { html, type Route } from '../http.ts'

const PAGE = join(import.meta.dirname, '..', 'page')

/** The control page: a few files, read when asked for, so that they can be edited while the simulator runs. */
export function pageRoutes(): Route[] {
  const file = (path: string, name: string, type: string): Route => ({
    method: 'GET',
    path,
    handle: () => {
      const page = html(200, readFileSync(join(PAGE, name), 'utf8'))
      return { ...page, headers: { ...page.headers, 'content-type': type } }
    },
  })
  return [
    file('/', 'index.html', 'text/html; charset=utf-8'),
    ...['page.js', 'parts.js', 'chat.js'].map((name) => file(`/page/${name}`, name, 'text/javascript; charset=utf-8')),
    file('/page/page.css', 'page.css', 'text/css; charset=utf-8'),
  ]
}
