import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Latencies from one millisecond to a minute, among them what is promised: 2.5 s to an overlay, 15 s to a takeover. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60]

export type Metrics = ReturnType<typeof createMetrics>

/**
 * Every series of the service in one list. Labels are bounded sets of our own words:
 * never a channel, a viewer or free text.
 */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter<Label>({ name, help, labelNames, registers })
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name, help, labelNames, registers })
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Histogram<Label>({ name, help, labelNames, buckets: SECONDS, registers })

  return {
    registry,
    chatReplies: counter('chatfolk_chat_replies_total', 'Answers in chat by what became of them', ['result']),
    chatToOverlay: histogram(
      'chatfolk_chat_to_overlay_seconds',
      'From a chat message read off the socket to its frame written to overlays',
    ),
    donations: counter('chatfolk_donations_total', 'Donations received, by way and outcome', ['source', 'result']),
    donationToOverlay: histogram(
      'chatfolk_donation_to_overlay_seconds',
      'From a push read off the socket to the offer written to an overlay',
    ),
    donationStreams: gauge('chatfolk_donation_streams', 'Donation streams of this node by state', ['state']),
    donationStandbySockets: gauge(
      'chatfolk_donation_standby_sockets',
      'Second donation sockets of this node that are subscribed',
    ),
    donationBackoffStreamers: gauge('chatfolk_donation_backoff_streamers', 'Streamers waiting in backoff'),
    chatMessages: counter('chatfolk_chat_messages_total', 'Chat messages by what became of them', ['result']),
    platformRequests: counter('chatfolk_platform_requests_total', 'Requests sent to platforms', [
      'platform',
      'endpoint',
      'status',
    ]),
    platformSeconds: histogram('chatfolk_platform_request_seconds', 'Time to a platform’s answer', [
      'platform',
      'endpoint',
    ]),
    platformErrors: counter('chatfolk_platform_errors_total', 'Failed platform requests by type', ['platform', 'type']),
    budgetWait: histogram(
      'chatfolk_platform_budget_wait_seconds',
      'Time a request waited for its place in the budget',
      ['platform', 'priority'],
    ),
    alerts: gauge('chatfolk_alerts', 'Alerts not yet at their end, by state', ['state']),
    alertsStuckSeconds: gauge(
      'chatfolk_alerts_stuck_seconds',
      'For how long a channel on this node has had an alert to show, an overlay to show it, and none in flight: the longest',
    ),
    parkedPayloads: gauge(
      'chatfolk_parked_payloads',
      'Payloads of platforms that could not be read and wait for a person',
    ),
    assignmentsUnowned: gauge('chatfolk_assignments_unowned', 'What shall run and is run by no node, by kind', [
      'kind',
    ]),
    bots: gauge('chatfolk_bots', 'Chat bots of this node that are turned on, by state', ['state']),
    chatConnections: gauge('chatfolk_chat_connections', 'Connections that chat is delivered over, by state', ['state']),
    botTakeover: histogram(
      'chatfolk_bot_takeover_seconds',
      'From the last sign of life of a lost owner to chat that reaches the next one',
    ),
    botRestarts: counter('chatfolk_bot_restarts_total', 'Chat bots that had to be subscribed again, by reason', [
      'reason',
    ]),
    overlayConnections: gauge('chatfolk_overlay_connections', 'Open overlay streams', ['role']),
    overlayFrames: counter('chatfolk_overlay_frames_total', 'Frames written to overlays', ['type']),
    overlayDropped: counter('chatfolk_overlay_dropped_total', 'Overlay streams cut by us', ['reason']),
    nodes: gauge('chatfolk_nodes', 'Nodes of the cluster as this one sees them, by state', ['state']),
    watchdogActions: counter('chatfolk_watchdog_actions_total', 'What the watchdog had to put right', ['action']),
    busMessages: counter('chatfolk_bus_messages_total', 'Messages between nodes by what became of them', [
      'direction',
      'result',
    ]),
    redisUp: gauge('chatfolk_redis_up', '1 while Redis can be used; no series where none is configured'),
    databaseUp: gauge('chatfolk_database_up', '1 while the database answers'),
    eventLoopDelay: gauge('chatfolk_event_loop_delay_seconds', 'Event loop delay over the last scrape interval', [
      'quantile',
    ]),
  }
}
