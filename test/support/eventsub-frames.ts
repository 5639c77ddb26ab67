/** Messages of EventSub as Twitch writes them, with the fields of the captured ones. */

let lastId = 0

function frame(type: string, payload: unknown, metadata: Record<string, unknown> = {}): string {
  lastId += 1
  return JSON.stringify({
    metadata: {
      message_id: `message-${lastId}`,
      message_type: type,
      message_timestamp: '2025-08-17T20:54:52.122361111Z',
      ...metadata,
    },
    payload,
  })
}

export function welcome(sessionId: string, keepaliveS: number | null = 10): string {
  return frame('session_welcome', {
    session: {
      id: sessionId,
      status: 'connected',
      connected_at: '2023-07-19T14:56:51.616329898Z',
      keepalive_timeout_seconds: keepaliveS,
      reconnect_url: null,
      recovery_url: null,
    },
  })
}

export function keepalive(): string {
  return frame('session_keepalive', {})
}

export function reconnect(url: string): string {
  return frame('session_reconnect', {
    session: { id: 'any', status: 'reconnecting', keepalive_timeout_seconds: null, reconnect_url: url },
  })
}

export function notification(type: string, event: unknown, metadata: Record<string, unknown> = {}): string {
  return frame(
    'notification',
    {
      subscription: { id: 'a-subscription', status: 'enabled', type, version: '1', condition: {}, cost: 0 },
      event,
    },
    { subscription_type: type, subscription_version: '1', ...metadata },
  )
}

export function revocation(type: string, status: string, condition: unknown): string {
  return frame('revocation', {
    subscription: {
      id: 'f1c2a387',
      status,
      type,
      version: '1',
      cost: 0,
      condition,
      transport: { method: 'conduit', conduit_id: 'conduit-1' },
      created_at: '2022-11-16T10:11:12.464757833Z',
    },
  })
}

/** The event of a chat message: the one of facts §7.1, with these fields. */
export function chatEvent(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    broadcaster_user_id: '869914383',
    broadcaster_user_login: 'xsophe',
    broadcaster_user_name: 'xSophe',
    source_broadcaster_user_id: null,
    source_broadcaster_user_login: null,
    source_broadcaster_user_name: null,
    chatter_user_id: '571743364',
    chatter_user_login: 'glow_jamesbond_007',
    chatter_user_name: 'Glow_JamesBond_007',
    message_id: 'b7f16a65-4224-488c-8001-f2d5cafe8592',
    source_message_id: null,
    is_source_only: null,
    message: {
      text: 'woo warst du',
      fragments: [{ type: 'text', text: 'woo warst du', cheermote: null, emote: null, mention: null }],
    },
    color: '#DAA520',
    badges: [{ set_id: 'hype-train', id: '2', info: '' }],
    source_badges: null,
    message_type: 'text',
    cheer: null,
    reply: null,
    channel_points_custom_reward_id: null,
    channel_points_animation_id: null,
    ...fields,
  }
}
