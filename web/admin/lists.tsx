import { useFormat } from '../ui/language.tsx'
import { BotList } from './bot-list.tsx'
import { LISTS, type List } from './choice.ts'
import { useDesk } from './desk.ts'
import { ParkedList } from './parked-list.tsx'
import { ShardList, WatchdogList } from './small-lists.tsx'
import { StreamList } from './stream-list.tsx'
import { useAdminTexts } from './texts.ts'
import type { Overview } from './views.ts'

/** One list at a time; its number stands beside each name. */
export function Lists() {
  const texts = useAdminTexts().lists
  const format = useFormat()
  const { feed, list } = useDesk()
  const overview = feed.overview.value
  return (
    <section id="lists" class="card flush" aria-label={texts[list.value]}>
      <div class="card-top">
        <div class="list-tabs" role="group">
          {LISTS.map((name) => {
            const count = overview && countOf(name, overview)
            return (
              <button key={name} type="button" aria-pressed={list.value === name} onClick={() => (list.value = name)}>
                {texts[name]}
                {count !== null && (
                  <span class={`badge ${name === 'parked' && count > 0 ? 'coral' : ''}`}>{format.number(count)}</span>
                )}
              </button>
            )
          })}
        </div>
      </div>
      <CurrentList list={list.value} />
    </section>
  )
}

function CurrentList({ list }: { list: List }) {
  switch (list) {
    case 'bots':
      return <BotList />
    case 'streams':
      return <StreamList />
    case 'shards':
      return <ShardList />
    case 'parked':
      return <ParkedList />
    case 'watchdog':
      return <WatchdogList />
  }
}

function countOf(list: List, { bots, donations, shards, parked, watchdog }: Overview): number {
  switch (list) {
    case 'bots':
      return bots.active + bots.starting + bots.backoff + bots.inactive + bots.off
    case 'streams': {
      const { unowned: _, ...states } = donations
      return Object.values(states).reduce((sum, n) => sum + n, 0)
    }
    case 'shards':
      return shards.length
    case 'parked':
      return parked
    case 'watchdog':
      return watchdog.length
  }
}
