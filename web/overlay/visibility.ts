/** Whether anybody can see this page, as far as the document and OBS tell. */
export interface Visibility {
  /** Inside OBS. */
  obs: boolean
  visible(): boolean
  /** In OBS: on air. Elsewhere the same as visible. */
  active(): boolean
}

declare global {
  interface Window {
    /** OBS's browser source. Its events come on `window`: https://github.com/obsproject/obs-browser */
    obsstudio?: { pluginVersion?: string }
  }
  interface WindowEventMap {
    obsSourceVisibleChanged: CustomEvent<{ visible: boolean }>
    obsSourceActiveChanged: CustomEvent<{ active: boolean }>
  }
}

export function watchVisibility(page: Window, changed: () => void): Visibility {
  let shown = true
  let onAir = true
  const visible = () => shown && page.document.visibilityState === 'visible'

  page.document.addEventListener('visibilitychange', changed)
  page.addEventListener('obsSourceVisibleChanged', (event) => {
    shown = event.detail.visible
    changed()
  })
  page.addEventListener('obsSourceActiveChanged', (event) => {
    onAir = event.detail.active
    changed()
  })
  return { obs: page.obsstudio !== undefined, visible, active: () => visible() && onAir }
}
