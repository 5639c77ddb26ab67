import type { ShardStatus } from './conduits.ts'

/** Why Twitch closes, as the documentation of its WebSocket has it, and what that makes of a shard. */
const CLOSES: Readonly<Record<number, ShardStatus>> = {
  4000: 'websocket_internal_error',
  4001: 'websocket_received_inbound_traffic',
  4002: 'websocket_failed_ping_pong',
  // 4003 (nothing assigned in time) and 4007 (invalid reconnect URL) end connections that hold no shard.
  4004: 'websocket_failed_to_reconnect',
  4005: 'websocket_network_timeout',
  4006: 'websocket_network_error',
}

export function statusOfClose(code: number): ShardStatus {
  return CLOSES[code] ?? 'websocket_disconnected'
}
