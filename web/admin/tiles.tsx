import type { ComponentChildren } from 'preact'
import { useFormat } from '../ui/language.tsx'
import { useDesk } from './desk.ts'
import type { Tone } from './matters.ts'
import { useAdminTexts } from './texts.ts'

const REDIS_TONES = { up: 'good', partly: 'busy', down: 'bad', none: 'idle' } as const

/** Figures of all nodes together. */
export function Tiles() {
  const texts = useAdminTexts().tiles
  const format = useFormat()
  const { feed } = useDesk()
  const overview = feed.overview.value
  if (!overview) return null
  const { bots, donations, nodes, alerts, overlays, redis, shards } = overview
  const botsOn = bots.active + bots.starting + bots.backoff + bots.inactive
  const streams =
    donations.live + donations.connecting + donations.catching_up + donations.backoff + donations.needs_reauth
  const nodesAll = nodes.active + nodes.draining + nodes.silent
  const odd = [
    nodes.silent > 0 && texts.silent(nodes.silent),
    nodes.draining > 0 && texts.draining(nodes.draining),
  ].filter((words) => words !== false)
  return (
    <dl class="tiles" aria-label={texts.label}>
      <Tile name={texts.bots} value={format.number(bots.active)} share={botsOn === 0 ? null : bots.active / botsOn}>
        {texts.of(format.number(botsOn))}
      </Tile>
      <Tile
        name={texts.streams}
        value={format.number(donations.live)}
        share={streams === 0 ? null : donations.live / streams}
      >
        {texts.of(format.number(streams))}
      </Tile>
      <Tile name={texts.nodes} value={format.number(nodesAll)} tone={nodes.silent > 0 ? 'bad' : undefined}>
        {odd.length > 0 ? odd.join(', ') : texts.allActive}
      </Tile>
      <Tile name={texts.overlays} value={format.number(overlays)}>
        {texts.shards(shards.length)}
      </Tile>
      <Tile name={texts.alerts} value={format.number(alerts.queued)}>
        {texts.inFlight(alerts.inFlight)}
      </Tile>
      <Tile name={texts.redis} word={texts.redisWord[redis]} tone={REDIS_TONES[redis]} />
    </dl>
  )
}

interface TileProps {
  name: string
  value?: string
  word?: string
  tone?: Tone | undefined
  /** How much of all of it is well, from 0 to 1; `null`: there is none. */
  share?: number | null
  children?: ComponentChildren
}

function Tile({ name, value, word, tone, share, children }: TileProps) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      {value !== undefined && <dd class="tile-value number">{value}</dd>}
      {word !== undefined && (
        <dd class="light-word tile-word">
          <span class={`lamp ${tone ?? 'idle'}`} aria-hidden="true" />
          {word}
        </dd>
      )}
      <dd class="tile-detail">
        {value !== undefined && tone !== undefined && <span class={`lamp ${tone}`} aria-hidden="true" />}
        {children}
      </dd>
      {share !== undefined && (
        <dd class={`tile-share ${share === null || share === 1 ? '' : 'partly'}`} aria-hidden="true">
          <span style={{ width: `${Math.floor((share ?? 0) * 1000) / 10}%` }} />
        </dd>
      )}
    </div>
  )
}
