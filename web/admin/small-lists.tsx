import { Empty } from '../ui/notice.tsx'
import { useDesk } from './desk.ts'
import type { Tone } from './matters.ts'
import { Cell, Owner, State, When } from './parts.tsx'
import { useAdminTexts } from './texts.ts'

const SHARD_TONES: Record<string, Tone> = { enabled: 'good', connecting: 'busy', lost: 'bad' }

/** The connections that all chat comes over. */
export function ShardList() {
  const bots = useAdminTexts().bots
  const texts = useAdminTexts().shards
  const { feed } = useDesk()
  const shards = feed.overview.value?.shards ?? []
  if (shards.length === 0) return <Empty seed={36} title={texts.empty} body={texts.emptyBody} />
  const words: Record<string, string> = texts.words
  return (
    <div class="table-scroll">
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">{texts.shard}</th>
            <th scope="col">{bots.state}</th>
            <th scope="col">{bots.node}</th>
            <th scope="col">{bots.since}</th>
            <th scope="col" class="right">
              {texts.epoch}
            </th>
          </tr>
        </thead>
        <tbody>
          {shards.map(({ key, owner, state, since, epoch }) => (
            <tr key={key}>
              <th scope="row">{texts.number(key)}</th>
              <Cell name={bots.state}>
                <State
                  tone={owner === null ? 'bad' : (SHARD_TONES[state ?? ''] ?? 'busy')}
                  word={owner === null ? texts.waiting : (words[state ?? 'connecting'] ?? state ?? '')}
                />
              </Cell>
              <Cell name={bots.node}>
                <Owner id={owner} nobody={bots.nobody} />
              </Cell>
              <Cell name={bots.since}>
                <When at={since} />
              </Cell>
              <Cell name={texts.epoch} number>
                {epoch}
              </Cell>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** What was brought back without a hand. */
export function WatchdogList() {
  const texts = useAdminTexts().watchdog
  const { feed } = useDesk()
  const actions = feed.overview.value?.watchdog ?? []
  const words: Record<string, string> = texts.actions
  if (actions.length === 0) return <Empty seed={83} title={texts.empty} body={texts.emptyBody} />
  return (
    <ul class="actions-list">
      {actions.map(({ node, at, action, count }) => (
        <li key={`${node} ${at} ${action}`}>
          <span>{texts.line(node, words[action] ?? action, count)}</span>
          <span class="muted small">
            <When at={at} />
          </span>
        </li>
      ))}
    </ul>
  )
}
