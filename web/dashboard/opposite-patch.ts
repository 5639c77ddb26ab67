import type { ChannelSettings, SettingsPatch } from '../../src/domain/settings.ts'

/** The values that a patch replaces, as deep as it goes and no more: what it leaves out may have changed meanwhile. */
export function oppositePatch(current: ChannelSettings, patch: SettingsPatch): SettingsPatch {
  return valuesUnder(current, patch)
}

function valuesUnder(current: object, patch: object): object {
  const now = new Map<string, unknown>(Object.entries(current))
  return Object.fromEntries(
    Object.entries(patch).map(([key, change]: [string, unknown]) => {
      const value = now.get(key)
      return [key, isGroup(change) && isGroup(value) ? valuesUnder(value, change) : value]
    }),
  )
}

/** Lists change as a whole. */
function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
