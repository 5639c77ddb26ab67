import { render } from 'preact'
import { createApi } from '../ui/api.ts'
import { takeAuthFailure } from '../ui/auth-error.tsx'
import { createLanguageChoice, LanguageProvider } from '../ui/language.tsx'
import { showPageIcon } from '../ui/page-icon.ts'
import { createLookKeeper } from './look-keeper.ts'
import { ViewerPage } from './viewer-page.tsx'
import '../ui/theme.css'
import '../ui/controls.css'
import '../ui/surfaces.css'
import '../ui/doorway.css'
import './viewer.css'

const api = createApi()
const keeper = createLookKeeper(api, () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0)
void keeper.load()

showPageIcon()
const page = document.querySelector('#page')
if (page) {
  render(
    <LanguageProvider value={createLanguageChoice()}>
      <ViewerPage api={api} keeper={keeper} failure={takeAuthFailure()} />
    </LanguageProvider>,
    page,
  )
}
