import { signal, type ReadonlySignal } from '@preact/signals'

export const SECTIONS = ['live', 'chat', 'donations', 'overlay', 'settings'] as const
export type Section = (typeof SECTIONS)[number]

/** The section in the address: `/dashboard#donations`. Links and the browser's back button work by themselves. */
export function createSectionChoice(): ReadonlySignal<Section> {
  const current = signal(read())
  window.addEventListener('hashchange', () => {
    current.value = read()
    window.scrollTo(0, 0)
  })
  return current
}

function read(): Section {
  const name = location.hash.slice(1)
  return SECTIONS.find((section) => section === name) ?? 'live'
}
