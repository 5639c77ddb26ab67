import type { Action } from '../avatar/poses.ts'
import { Character } from '../ui/character.tsx'
import { useFormat, useTexts } from '../ui/language.tsx'
import { useDesk } from './desk.ts'
import { mattersOf, standingOf, type RowsOf } from './matters.ts'
import { useAdminTexts } from './texts.ts'

const MOODS: Record<ReturnType<typeof standingOf>, Action> = { good: 'cheer', busy: 'run', bad: 'wave' }

/** Whether somebody has to get up, and why. */
export function Standing() {
  const { light } = useTexts()
  const texts = useAdminTexts()
  const format = useFormat()
  const { choices, feed, list, now } = useDesk()
  const overview = feed.overview.value
  if (!overview) return null
  const matters = mattersOf({ overview, nodes: feed.nodes.value, nowMs: now.value }, texts.matters, format)
  const standing = standingOf(matters)
  const unknown = feed.trouble.value !== null

  const show = (rows: RowsOf) => {
    list.value = rows.list
    if (rows.list === 'bots' || rows.list === 'streams') {
      choices[rows.list].reset()
      choices[rows.list].state.value = rows.state ?? ''
      choices[rows.list].owner.value = rows.owner ?? null
    }
    document.querySelector('#lists')?.scrollIntoView()
  }
  return (
    <section class={`operator-headline ${unknown ? 'unknown' : standing}`} aria-live="polite">
      <Character seed={51} action={unknown ? 'sit' : MOODS[standing]} height={132} />
      <div>
        <h2>{unknown ? light.unknown : texts.standing[standing]}</h2>
        {matters.length === 0 ? (
          <p class="muted">{texts.standing.goodBody(overview.nodes.active)}</p>
        ) : (
          <ul class="matters">
            {matters.map(({ key, tone, text, rows }) => (
              <li key={key}>
                <span class={`lamp ${tone}`} aria-hidden="true" />
                {rows ? (
                  <button type="button" class="matter-rows" onClick={() => show(rows)}>
                    {text}
                  </button>
                ) : (
                  <span>{text}</span>
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  )
}
