import { computed, signal } from '@preact/signals'
import { render } from 'preact'
import { createApi } from '../ui/api.ts'
import { createLanguageChoice, LanguageProvider } from '../ui/language.tsx'
import { showPageIcon } from '../ui/page-icon.ts'
import { createAccess } from './access.ts'
import { AdminPage } from './admin-page.tsx'
import { createRowChoice, type List } from './choice.ts'
import { DeskProvider } from './desk.ts'
import { createAdminFeed } from './feed.ts'
import '../ui/theme.css'
import '../ui/controls.css'
import '../ui/surfaces.css'
import '../ui/doorway.css'
import './admin.css'
import './lists.css'

const access = createAccess()
const api = createApi(access.fetch)
const list = signal<List>('bots')
const choices = { bots: createRowChoice('/api/admin/bots'), streams: createRowChoice('/api/admin/donations') }
const feed = createAdminFeed({ api, list, choices })
const tick = signal(Date.now())
const now = computed(() => tick.value + feed.aheadMs.value)
feed.start()
setInterval(() => (tick.value = Date.now()), 1_000)

showPageIcon()
const page = document.querySelector('#page')
if (page) {
  render(
    <LanguageProvider value={createLanguageChoice()}>
      <DeskProvider value={{ api, access, feed, list, choices, now }}>
        <AdminPage />
      </DeskProvider>
    </LanguageProvider>,
    page,
  )
}
