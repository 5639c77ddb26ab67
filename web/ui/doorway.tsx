import type { ComponentChildren } from 'preact'
import { Character } from './character.tsx'
import { PageTop } from './page-top.tsx'

/** A page with one thing to do, and somebody who waits for it. */
export function Doorway({ children }: { children: ComponentChildren }) {
  return (
    <div class="doorway">
      <PageTop />
      <main>
        <div class="doorway-cast">
          <Character seed={36} action="idle" height={150} />
          <Character seed={83} action="wave" height={190} />
          <Character seed={51} action="idle" height={150} />
        </div>
        {children}
      </main>
    </div>
  )
}
