import { computed, signal, type ReadonlySignal } from '@preact/signals'
import { applySettings, DEFAULT_SETTINGS, type ChannelSettings, type SettingsPatch } from '../../src/domain/settings.ts'
import type { Api, Problem } from '../ui/api.ts'
import type { ChannelFeed } from './channel-feed.ts'
import { oppositePatch } from './opposite-patch.ts'

/** Settings that save themselves: shown at once, sent in order, taken back where the server refuses. */
export interface SettingsSaver {
  /** As the page shows them: saved ones under the changes on their way. */
  settings: ReadonlySignal<ChannelSettings>
  /** @returns the patch that takes the change back, or the problem. */
  change(patch: SettingsPatch): Promise<{ ok: true; undo: SettingsPatch } | { ok: false; problem: Problem }>
}

interface Saved {
  settings: ChannelSettings
  settingsRev: number
}

export function createSettingsSaver(api: Api, feed: ChannelFeed): SettingsSaver {
  const pending = signal<SettingsPatch[]>([])
  const saved = computed(() => feed.channel.value?.settings ?? DEFAULT_SETTINGS)
  const settings = computed(() => pending.value.reduce(applySettings, saved.value))
  let line: Promise<unknown> = Promise.resolve()

  return {
    settings,
    change(patch) {
      const undo = oppositePatch(settings.value, patch)
      pending.value = [...pending.value, patch]
      const sent = line.then(() => api.send<Saved>('PATCH', '/api/channel', patch))
      line = sent
      return sent.then((answer) => {
        if (answer.ok) feed.accept({ settings: answer.value.settings, settingsRev: answer.value.settingsRev })
        pending.value = pending.value.filter((other) => other !== patch)
        return answer.ok ? { ok: true, undo } : { ok: false, problem: answer.problem }
      })
    },
  }
}
