/** Strokes on a 24 × 24 grid, drawn for Chatfolk. */
const PATHS = {
  live: 'M12 12h.01M8.5 15.5a5 5 0 0 1 0-7M15.5 8.5a5 5 0 0 1 0 7M5.6 18.4a9 9 0 0 1 0-12.8M18.4 5.6a9 9 0 0 1 0 12.8',
  chat: 'M4 5.5h16v10.5h-9.5L6 20v-4H4V5.5ZM8.5 10.75h.01M12 10.75h.01M15.5 10.75h.01',
  donations: 'M12 20s-7.5-4.6-7.5-10A4.3 4.3 0 0 1 12 7.2 4.3 4.3 0 0 1 19.5 10c0 5.4-7.5 10-7.5 10Z',
  overlay: 'M12 3.5 21 8l-9 4.5L3 8l9-4.5ZM3.5 12.5 12 16.8l8.5-4.3M3.5 16.7 12 21l8.5-4.3',
  settings: 'M4 7h9M19 7h1M4 17h1M11 17h9M13 7a3 3 0 1 0 6 0 3 3 0 0 0-6 0ZM5 17a3 3 0 1 0 6 0 3 3 0 0 0-6 0Z',
  signOut: 'M14 4.5H6.5v15H14M10.5 12H20m-3.5-3.5L20 12l-3.5 3.5',
  copy: 'M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9',
  show: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM9.2 12a2.8 2.8 0 1 0 5.6 0 2.8 2.8 0 0 0-5.6 0Z',
  hide: 'M4 4l16 16M9.5 6a9 9 0 0 1 2.5-.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-2.6 3.4M6.3 7.6A16 16 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4.5-1.2M10.2 10.2a2.8 2.8 0 0 0 3.7 3.8',
  grip: 'M9 6h.01M9 12h.01M9 18h.01M15 6h.01M15 12h.01M15 18h.01',
  pause: 'M8.5 5.5v13M15.5 5.5v13',
  play: 'M7.5 5.5v13l11-6.5-11-6.5Z',
  skip: 'M5.5 5.5v13l9.5-6.5-9.5-6.5ZM18.5 5.5v13',
  replay: 'M4.5 12a7.5 7.5 0 1 0 2.4-5.5L4.5 8.7M4.5 4.2v4.5H9',
  check: 'M4.5 12.5 10 18 20 6.5',
  dice: 'M5 5h14v14H5V5ZM9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01',
  undo: 'M9 6 4.5 10.5 9 15M5 10.5h9a5 5 0 0 1 0 10h-2',
  warn: 'M12 4 2.8 19.5h18.4L12 4ZM12 10v4.5M12 17h.01',
  info: 'M3.5 12a8.5 8.5 0 1 0 17 0 8.5 8.5 0 0 0-17 0ZM12 11v5M12 8h.01',
  close: 'M6 6l12 12M18 6 6 18',
  plug: 'M9 3.5v4M15 3.5v4M6.5 7.5h11V12a5.5 5.5 0 0 1-11 0V7.5ZM12 17.5v3',
  send: 'M20.5 3.5 3.5 10l7 3.5 3.5 7 6.5-17ZM10.5 13.5l4-4',
  chevron: 'M6 9.5l6 6 6-6',
  open: 'M14 4.5h5.5V10M19.5 4.5l-9 9M17.5 14v5.5h-13v-13H10',
  offline:
    'M3 3l18 18M5 12.5a10 10 0 0 1 4-2.4M19 12.5a10 10 0 0 0-5.7-2.9M8.5 16a5 5 0 0 1 6.2-.5M1.8 9a15 15 0 0 1 4-2.4M22.2 9A15 15 0 0 0 11 5.1M12 19.5h.01',
  twitch: 'M6 3.5 4 7v11.5h4.5v3l3-3h3.5l5.5-5.5V3.5H6ZM11.5 8v4.5M16 8v4.5',
} as const

export type IconName = keyof typeof PATHS

/** Decoration: the words beside it, or the button's label, say the same. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={name === 'grip' ? 2.6 : 1.9}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
