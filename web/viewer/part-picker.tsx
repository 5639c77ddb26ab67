import { useId, useMemo } from 'preact/hooks'
import { LOOK_PARTS, type AvatarLook } from '../../src/domain/avatar-look.ts'
import { useTexts } from '../ui/language.tsx'
import { Thumbnail } from './thumbnail.tsx'
import { SHOWN_AS, type Part, type View } from './wardrobe.ts'

export interface PartPickerProps {
  part: Part
  look: AvatarLook
  onChoose(change: Partial<AvatarLook>): void
}

/** All that a part may be, side by side; the arrow keys go through them as through any choice of one. */
export function PartPicker({ part, look, onChoose }: PartPickerProps) {
  const texts = useTexts().viewer
  const name = useId()
  const shown = SHOWN_AS[part]
  const options: readonly AvatarLook[Part][] = LOOK_PARTS[part]
  return (
    <fieldset class="part">
      <legend>{texts.parts[part]}</legend>
      <div class={`options ${shown}`}>
        {options.map((option) => {
          const label = nameOf(part, option, texts)
          return (
            <label key={option} class="option" title={label}>
              <input
                type="radio"
                class="visually-hidden"
                name={name}
                value={option}
                checked={look[part] === option}
                aria-label={label}
                onChange={() => onChoose({ [part]: option })}
              />
              {shown === 'color' ? (
                <span class="drop" style={{ '--color': option }} aria-hidden="true" />
              ) : (
                <Dressed look={look} part={part} option={option} view={shown} />
              )}
            </label>
          )
        })}
      </div>
    </fieldset>
  )
}

/** Parts that a hat would hide: shown without one. */
const UNDER_HATS: ReadonlySet<Part> = new Set(['head', 'hair', 'ears'])

function Dressed(props: { look: AvatarLook; part: Part; option: AvatarLook[Part]; view: View }) {
  const { look, part, option, view } = props
  const dressed = useMemo(
    () => ({ ...look, ...(UNDER_HATS.has(part) ? { hat: 'none' as const } : {}), [part]: option }),
    [look, part, option],
  )
  return <Thumbnail look={dressed} view={view} />
}

type ViewerTexts = ReturnType<typeof useTexts>['viewer']

function nameOf(part: Part, option: string, { colors, options }: ViewerTexts): string {
  const names: Partial<Record<string, string>> =
    SHOWN_AS[part] === 'color' ? colors : options[part as keyof typeof options]
  return names[option] ?? option
}
