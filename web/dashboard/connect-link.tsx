import type { ComponentChildren } from 'preact'

/** Leads to DonationAlerts' consent page and back to the donations. */
export function ConnectLink({ look, children }: { look: string; children: ComponentChildren }) {
  return (
    <a class={look} href={`/auth/donationalerts/login?return=${encodeURIComponent('/dashboard')}`}>
      {children}
    </a>
  )
}
