/** The overlay's secret key, which lives in the fragment and nowhere else: fragments are sent to no server. */
function keyOf(overlayUrl: string): string {
  return new URLSearchParams(new URL(overlayUrl, location.href).hash.slice(1)).get('k') ?? ''
}

/** The page in the dashboard's frame: this origin, whatever address the server knows itself by. */
export function previewUrl(overlayUrl: string): string {
  return `/o/#k=${encodeURIComponent(keyOf(overlayUrl))}&preview=1`
}

/** What OBS makes a source of when it is dropped on its window: it reads name and size from the query and cuts them off. */
export function dropUrl(overlayUrl: string): string {
  const url = new URL(overlayUrl, location.href)
  url.search = '?layer-name=Chatfolk&layer-width=1920&layer-height=1080'
  return url.href
}

/** The link with its secret covered. Its length gives nothing away. */
export function maskedUrl(overlayUrl: string): string {
  const url = new URL(overlayUrl, location.href)
  return `${url.origin}${url.pathname}#k=${'•'.repeat(8)}`
}
