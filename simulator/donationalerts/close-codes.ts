/** Why the server closes, and whether the client is welcome again. */
export interface Disconnect {
  code: number
  reason: string
  reconnect: boolean
}

export const DISCONNECTS = {
  normal: { code: 3000, reason: 'normal', reconnect: true },
  shutdown: { code: 3001, reason: 'shutdown', reconnect: true },
  invalidToken: { code: 3002, reason: 'invalid token', reconnect: false },
  badRequest: { code: 3003, reason: 'bad request', reconnect: false },
  serverError: { code: 3004, reason: 'internal server error', reconnect: true },
  expired: { code: 3005, reason: 'expired', reconnect: true },
  subscriptionExpired: { code: 3006, reason: 'subscription expired', reconnect: true },
  stale: { code: 3007, reason: 'stale', reconnect: false },
  slow: { code: 3008, reason: 'slow', reconnect: true },
  writeError: { code: 3009, reason: 'write error', reconnect: true },
  insufficientState: { code: 3010, reason: 'insufficient state', reconnect: true },
  forceReconnect: { code: 3011, reason: 'force reconnect', reconnect: true },
  forceDisconnect: { code: 3012, reason: 'force disconnect', reconnect: false },
} as const satisfies Record<string, Disconnect>

/** The close reason as it is sent: JSON text. */
export function closeReason({ reason, reconnect }: Omit<Disconnect, 'code'>): string {
  return JSON.stringify({ reason, reconnect })
}

/** What the server would say with this code; for a code that it does not know, nothing. */
export function disconnectOf(code: number): Disconnect | undefined {
  return Object.values(DISCONNECTS).find((known) => known.code === code)
}
