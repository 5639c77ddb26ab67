import { render } from 'preact'
import { createApi } from '../ui/api.ts'
import { takeAuthFailure } from '../ui/auth-error.tsx'
import { createLanguageChoice, LanguageProvider } from '../ui/language.tsx'
import { Landing } from './landing.tsx'
import { showPageIcon } from '../ui/page-icon.ts'
import '../ui/theme.css'
import '../ui/controls.css'
import '../ui/surfaces.css'
import './landing.css'

showPageIcon()
const page = document.querySelector('#page')
if (page) {
  render(
    <LanguageProvider value={createLanguageChoice()}>
      <Landing api={createApi()} failure={takeAuthFailure()} />
    </LanguageProvider>,
    page,
  )
}
