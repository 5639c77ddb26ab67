import { useFormat } from '../ui/language.tsx'
import { useDesk } from './desk.ts'
import type { Tone } from './matters.ts'
import { Cell, Due, LastError, Owner, State, When } from './parts.tsx'
import { RowFrame } from './row-frame.tsx'
import { useAdminTexts } from './texts.ts'
import { ERROR_TYPES, type StreamRow, type StreamState } from './views.ts'

const TONES: Record<StreamState, Tone> = {
  live: 'good',
  connecting: 'busy',
  catching_up: 'busy',
  backoff: 'busy',
  needs_reauth: 'bad',
  off: 'idle',
}
const STATES = Object.keys(TONES) as StreamState[]

/** Which donation stream is where, how the platform answers, and what went wrong how often. */
export function StreamList() {
  const bots = useAdminTexts().bots
  const texts = useAdminTexts().streams
  const { feed, choices } = useDesk()
  const counts = feed.overview.value?.donations
  return (
    <RowFrame
      choice={choices.streams}
      rows={feed.streams.value}
      states={STATES.filter((state) => state !== 'off' || counts?.off).map((state) => ({
        state,
        word: texts.states[state],
        count: counts?.[state] ?? 0,
      }))}
      empty={{ title: texts.empty, body: texts.emptyBody }}
      columns={[
        { name: bots.channel },
        { name: bots.state },
        { name: bots.node },
        { name: texts.next },
        { name: texts.response, right: true },
        { name: texts.errors },
        { name: texts.push },
        { name: texts.sweep },
        { name: bots.lastError },
      ]}
    >
      {(stream) => <Stream key={stream.channelId} stream={stream} />}
    </RowFrame>
  )
}

function Stream({ stream }: { stream: StreamRow }) {
  const bots = useAdminTexts().bots
  const texts = useAdminTexts().streams
  const format = useFormat()
  const errors = ERROR_TYPES.filter((type) => stream.errors[type] > 0)
  return (
    <tr>
      <th scope="row" title={stream.channelId}>
        {stream.login}
        {stream.live && <span class="badge violet">{texts.onAir}</span>}
      </th>
      <Cell name={bots.state}>
        <State tone={TONES[stream.state]} word={texts.states[stream.state]} />
      </Cell>
      <Cell name={bots.node}>
        <Owner id={stream.owner} nobody={bots.nobody} />
        {stream.standby !== null && <span class="cell-more muted">{texts.standby(stream.standby)}</span>}
      </Cell>
      <Cell name={texts.next}>
        <Due at={stream.backoffUntil} dueNow={bots.now} />
        {stream.failures > 1 && <span class="muted number"> × {format.number(stream.failures)}</span>}
      </Cell>
      <Cell name={texts.response} number>
        {stream.lastResponseMs === null ? <span class="muted">—</span> : format.span(stream.lastResponseMs)}
      </Cell>
      <Cell name={texts.errors}>
        {errors.length === 0 ? (
          <span class="muted">—</span>
        ) : (
          <span class="error-types">
            {errors.map((type) => (
              <span key={type} class="badge" title={type}>
                {texts.errorTypes[type]} {format.number(stream.errors[type])}
              </span>
            ))}
          </span>
        )}
      </Cell>
      <Cell name={texts.push}>
        <When at={stream.lastPushAt} />
      </Cell>
      <Cell name={texts.sweep}>
        <When at={stream.lastSweepAt} />
      </Cell>
      <Cell name={bots.lastError}>
        <LastError error={stream.lastError} words={texts.trouble} />
      </Cell>
    </tr>
  )
}
