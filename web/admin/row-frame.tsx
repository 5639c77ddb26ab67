import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { Icon } from '../ui/icons.tsx'
import { useFormat } from '../ui/language.tsx'
import { Empty, Skeleton } from '../ui/notice.tsx'
import { PAGE_SIZE, type RowChoice } from './choice.ts'
import { useDesk } from './desk.ts'
import type { Rows } from './feed.ts'
import { useAdminTexts } from './texts.ts'

interface RowFrameProps<Row> {
  choice: RowChoice
  rows: Rows<Row> | null
  /** States with their words and how many are in each. */
  states: Array<{ state: string; word: string; count: number }>
  empty: { title: string; body: string }
  columns: Array<{ name: string; right?: boolean }>
  children: (row: Row) => ComponentChildren
}

/** Filters above, a page of rows, and the way to the next. What was seen stays until its successor is there. */
export function RowFrame<Row extends { channelId: string; login: string }>(props: RowFrameProps<Row>) {
  const { choice, rows, states, empty, columns, children } = props
  const texts = useAdminTexts()
  const all = states.reduce((sum, { count }) => sum + count, 0)
  const filtered = choice.state.value !== '' || choice.owner.value !== null || choice.search.value !== ''
  if (!rows) {
    return (
      <div class="list-wait" aria-busy="true">
        <Skeleton width="100%" height={320} />
      </div>
    )
  }
  if (all === 0 && !filtered) return <Empty seed={36} title={empty.title} body={empty.body} />
  const items = rows.total > rows.items.length ? rows.items : rows.items.toSorted(byLogin)
  return (
    <>
      <Filters choice={choice} states={states} />
      <div class={rows.path === choice.path.value ? 'table-scroll' : 'table-scroll stale'}>
        {items.length === 0 ? (
          <Empty seed={36} title={texts.filter.nothing} body={texts.filter.nothingBody}>
            <button type="button" class="button small" onClick={() => choice.reset()}>
              {texts.filter.reset}
            </button>
          </Empty>
        ) : (
          <table class="rows">
            <thead>
              <tr>
                {columns.map(({ name, right = false }) => (
                  <th key={name} scope="col" class={right ? 'right' : undefined}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>{items.map(children)}</tbody>
          </table>
        )}
      </div>
      <Pager choice={choice} rows={rows} />
    </>
  )
}

const byLogin = (a: { login: string }, b: { login: string }) => a.login.localeCompare(b.login)

function Filters({ choice, states }: { choice: RowChoice; states: RowFrameProps<never>['states'] }) {
  const texts = useAdminTexts().filter
  const format = useFormat()
  const { feed } = useDesk()
  const living = feed.nodes.value.filter(({ state }) => state !== 'ended')
  const all = states.reduce((sum, { count }) => sum + count, 0)
  return (
    <div class="filters">
      <div class="state-chips" role="group" aria-label={texts.state}>
        {[{ state: '', word: texts.all, count: all }, ...states].map(({ state, word, count }) => (
          <button
            key={state}
            type="button"
            class="chip"
            aria-pressed={choice.state.value === state}
            onClick={() => (choice.state.value = state)}
          >
            {word} <span class="chip-count number">{format.number(count)}</span>
          </button>
        ))}
      </div>
      <label class="filter-owner">
        <span class="visually-hidden">{texts.owner}</span>
        <select
          class="input"
          value={choice.owner.value === null ? '*' : choice.owner.value}
          onChange={({ currentTarget: { value } }) => (choice.owner.value = value === '*' ? null : value)}
        >
          <option value="*">{texts.anyNode}</option>
          <option value="">{texts.nobody}</option>
          {living.map(({ id }) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
      </label>
      <Search choice={choice} />
    </div>
  )
}

/** A pause in typing is the question: not each letter. */
const TYPING_MS = 250

function Search({ choice }: { choice: RowChoice }) {
  const texts = useAdminTexts().filter
  const typed = useSignal(choice.search.value)
  useEffect(() => {
    const timer = setTimeout(() => (choice.search.value = typed.value), TYPING_MS)
    return () => clearTimeout(timer)
  }, [typed.value])
  useEffect(() => {
    typed.value = choice.search.value
  }, [choice.search.value])
  return (
    <input
      class="input filter-search"
      type="search"
      maxLength={100}
      spellcheck={false}
      placeholder={texts.search}
      aria-label={texts.search}
      value={typed.value}
      onInput={(event) => (typed.value = event.currentTarget.value)}
    />
  )
}

function Pager<Row extends { channelId: string }>({ choice, rows }: { choice: RowChoice; rows: Rows<Row> }) {
  const texts = useAdminTexts().filter
  const format = useFormat()
  const { page } = rows
  if (rows.total <= PAGE_SIZE && page === 0) return null
  const first = page * PAGE_SIZE + 1
  const last = first + rows.items.length - 1
  const lastRow = rows.items.at(-1)
  const isStale = rows.path !== choice.path.value
  return (
    <div class="pager">
      <span class="muted small number" aria-live="polite">
        {rows.items.length === 0
          ? texts.none
          : texts.range(format.number(first), format.number(last), format.number(rows.total))}
      </span>
      <button
        type="button"
        class="icon-button pager-back"
        aria-label={texts.previous}
        title={texts.previous}
        disabled={isStale || page === 0}
        onClick={() => choice.previous()}
      >
        <Icon name="chevron" />
      </button>
      <button
        type="button"
        class="icon-button pager-on"
        aria-label={texts.next}
        title={texts.next}
        disabled={isStale || last >= rows.total}
        onClick={() => lastRow && choice.next(lastRow.channelId)}
      >
        <Icon name="chevron" />
      </button>
    </div>
  )
}
