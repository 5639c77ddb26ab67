import { useFormat } from '../ui/language.tsx'
import { Empty } from '../ui/notice.tsx'
import { useDesk } from './desk.ts'
import type { Tone } from './matters.ts'
import { Cell, State, When } from './parts.tsx'
import { useAdminTexts } from './texts.ts'
import type { NodeView } from './views.ts'

const TONES: Record<NodeView['state'], Tone> = { active: 'good', draining: 'busy', silent: 'bad', ended: 'idle' }

/** The nodes that live, and, folded away, those that ended within the hour. */
export function Nodes() {
  const texts = useAdminTexts().nodes
  const { feed } = useDesk()
  const living = feed.nodes.value.filter(({ state }) => state !== 'ended')
  const ended = feed.nodes.value.filter(({ state }) => state === 'ended')
  return (
    <section class="card flush nodes" aria-label={texts.title}>
      <div class="card-top">
        <h2>{texts.title}</h2>
      </div>
      {living.length === 0 ? (
        <Empty seed={79} title={texts.empty} body={texts.emptyBody} />
      ) : (
        <NodeTable nodes={living} />
      )}
      {ended.length > 0 && (
        <details class="ended" open={ended.some(({ fenced }) => fenced)}>
          <summary>{texts.ended(ended.length)}</summary>
          <NodeTable nodes={ended} />
        </details>
      )}
    </section>
  )
}

function NodeTable({ nodes }: { nodes: NodeView[] }) {
  const texts = useAdminTexts().nodes
  return (
    <div class="table-scroll">
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">{texts.node}</th>
            <th scope="col">{texts.state}</th>
            <th scope="col">{texts.lastSeen}</th>
            <th scope="col">{texts.started}</th>
            <th scope="col" class="right">
              {texts.bots}
            </th>
            <th scope="col" class="right">
              {texts.streams}
            </th>
            <th scope="col" class="right">
              {texts.shards}
            </th>
            <th scope="col" class="right">
              {texts.overlays}
            </th>
            <th scope="col" class="right">
              {texts.memory}
            </th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => (
            <NodeRow key={node.session} node={node} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function NodeRow({ node }: { node: NodeView }) {
  const texts = useAdminTexts().nodes
  const format = useFormat()
  const { now } = useDesk()
  const { state, endReason } = node
  const tone = endReason === 'fenced' ? 'bad' : TONES[state]
  return (
    <tr>
      <th scope="row">
        <span class="node-name" title={node.id}>
          {node.id}
        </span>
        <span class="node-roles">
          {node.roles.map((role) => (
            <span key={role} class="badge">
              {texts.roles[role]}
            </span>
          ))}
          <span class="muted small">{node.version}</span>
        </span>
      </th>
      <Cell name={texts.state}>
        <State tone={tone} word={endReason === null ? texts.states[state] : texts.reasons[endReason]}>
          {state !== 'ended' && node.redis === false && texts.redisOut}
        </State>
      </Cell>
      <Cell name={texts.lastSeen}>
        <When at={node.lastSeenAt} />
      </Cell>
      <Cell name={texts.started}>{format.moment(node.startedAt, now.value)}</Cell>
      <Cell name={texts.bots} number>
        {format.number(node.bots)}
      </Cell>
      <Cell name={texts.streams} number>
        {format.number(node.donations)}
      </Cell>
      <Cell name={texts.shards} number>
        {format.number(node.shards)}
      </Cell>
      <Cell name={texts.overlays} number>
        {format.number(node.overlays)}
      </Cell>
      <Cell name={texts.memory} number>
        {node.memoryMb === null ? (
          <span class="muted">—</span>
        ) : (
          texts.megabytes(format.number(Math.round(node.memoryMb)))
        )}
      </Cell>
    </tr>
  )
}
