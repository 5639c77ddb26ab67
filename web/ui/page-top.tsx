import { LanguageSwitch } from './language.tsx'
import { Logo } from './logo.tsx'

/** The way home and the choice of language, over pages without navigation of their own. */
export function PageTop() {
  return (
    <header>
      <a class="brand" href="/">
        <Logo height={34} />
        Chatfolk
      </a>
      <LanguageSwitch />
    </header>
  )
}
