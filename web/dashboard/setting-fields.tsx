import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface SettingProps<Value> {
  label: string
  note?: string
  value: Value
  onChange(value: Value): void
}

interface Option<Value extends string> {
  value: Value
  label: string
}

/** A label with its note on the left, the control on the right. */
function Row(props: {
  id: string
  label: string
  note: string | undefined
  narrow?: boolean
  children: ComponentChildren
}) {
  return (
    <div class="setting">
      <div class="setting-words">
        <label class="field-label" for={props.id}>
          {props.label}
        </label>
        {props.note !== undefined && (
          <p id={`${props.id}-note`} class="muted small">
            {props.note}
          </p>
        )}
      </div>
      <div class={props.narrow ? 'setting-control' : 'setting-control wide'}>{props.children}</div>
    </div>
  )
}

export function SwitchSetting({ label, note, value, onChange }: SettingProps<boolean>) {
  const id = useId()
  return (
    <Row id={id} label={label} note={note} narrow>
      <input
        id={id}
        class="switch"
        type="checkbox"
        role="switch"
        checked={value}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </Row>
  )
}

export interface RangeSettingProps extends SettingProps<number> {
  min: number
  max: number
  show(value: number): string
  disabled?: boolean
}

/** Follows the hand while it moves and saves when it lets go. */
export function RangeSetting({ label, note, value, min, max, show, disabled = false, onChange }: RangeSettingProps) {
  const id = useId()
  const moving = useSignal<number | null>(null)
  const current = moving.value ?? value
  return (
    <Row id={id} label={label} note={note}>
      <input
        id={id}
        class="range"
        type="range"
        min={min}
        max={max}
        value={current}
        style={{ '--filled': `${(100 * (current - min)) / (max - min)}%` }}
        disabled={disabled}
        aria-valuetext={show(current)}
        onInput={(event) => (moving.value = event.currentTarget.valueAsNumber)}
        onChange={(event) => {
          moving.value = null
          const chosen = event.currentTarget.valueAsNumber
          if (chosen !== value) onChange(chosen)
        }}
      />
      <output class="setting-value number" for={id}>
        {show(current)}
      </output>
    </Row>
  )
}

/** A range whose values lie ever further apart: seconds at its start, minutes at its end. */
export function StepSetting(props: SettingProps<number> & { steps: readonly number[]; show(value: number): string }) {
  const { value, show } = props
  // What was set by other means stands among them.
  const steps = props.steps.includes(value) ? props.steps : [...props.steps, value].sort((a, b) => a - b)
  const at = (index: number) => steps[index] ?? value
  return (
    <RangeSetting
      label={props.label}
      {...(props.note === undefined ? {} : { note: props.note })}
      value={steps.indexOf(value)}
      min={0}
      max={steps.length - 1}
      show={(index) => show(at(index))}
      onChange={(index) => props.onChange(at(index))}
    />
  )
}

export function SelectSetting(props: SettingProps<string> & { options: Option<string>[] }) {
  const id = useId()
  return (
    <Row id={id} label={props.label} note={props.note}>
      <select
        id={id}
        class="input"
        value={props.value}
        aria-describedby={props.note === undefined ? undefined : `${id}-note`}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      >
        {props.options.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </Row>
  )
}

/** A choice of two or three that are seen side by side. */
export function ChoiceSetting<Value extends string>(props: SettingProps<Value> & { options: Option<Value>[] }) {
  const id = useId()
  return (
    <div class="setting" role="group" aria-labelledby={id}>
      <div class="setting-words">
        <span id={id} class="field-label">
          {props.label}
        </span>
        <p class="muted small">{props.note}</p>
      </div>
      <div class="setting-control wide">
        <div class="segments">
          {props.options.map(({ value, label }) => (
            <button
              key={value}
              type="button"
              aria-pressed={props.value === value}
              onClick={() => props.value !== value && props.onChange(value)}
            >
              {label}
            </button>
          ))}
        </div>
      </div>
    </div>
  )
}
