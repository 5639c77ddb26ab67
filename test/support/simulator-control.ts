import assert from 'node:assert/strict'

/** The simulator's control API over HTTP, as an operator's script would use it. */
export function createControl(simulatorUrl: string) {
  const call = async <Body>(method: string, path: string, body?: unknown): Promise<Body> => {
    const response = await fetch(`${simulatorUrl}/control/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    assert.ok(response.ok, `${method} /control/${path}: ${response.status} ${await response.clone().text()}`)
    return (response.status === 204 ? undefined : await response.json()) as Body
  }
  return {
    donate: (donation: { daId: string } & Record<string, unknown>) =>
      call<{ ids: Array<number | string> }>('POST', 'donations', donation),
    reorder: (daId: string, hold: number) => call('POST', 'reorder', { daId, hold }),
    closeSockets: (body: Record<string, unknown>) => call('POST', 'sockets/close', body),
    halfOpen: (body: Record<string, unknown>) => call('POST', 'sockets/half-open', body),
    resetEpoch: (daId: string) => call('POST', 'epoch', { daId }),
    fault: (fault: Record<string, unknown>) => call('POST', 'faults', fault),
    clearFaults: () => call('DELETE', 'faults'),
    kill: (body: { platform: 'da' | 'twitch'; userId: string; kill: 'access' | 'refresh' | 'both' }) =>
      call('POST', 'tokens', body),
    switches: (body: Record<string, unknown>) => call('PATCH', 'switches', body),
    revoke: (body: { user: string; status?: 'authorization_revoked' | 'user_removed' }) =>
      call<{ subscriptionsEnded: number }>('POST', 'twitch/revoke', body),
    subscriptions: (channel: string) =>
      call<{ subscriptions: Array<{ type: string; status: string }> }>(
        'GET',
        `twitch/subscriptions?channel=${channel}`,
      ),
    conduits: () => call<{ conduits: Array<{ id: string; subscriptions: number }> }>('GET', 'twitch/conduits'),
    deleteConduit: (id: string) => call('POST', 'twitch/conduits/delete', { id }),
    closeChatSockets: (body: { all: true; code: number }) => call('POST', 'twitch/sockets/close', body),
    endSubscriptions: (body: { channel: string; type?: string; status: string }) =>
      call<{ ended: number }>('POST', 'twitch/subscriptions/end', body),
    state: () => call<Record<string, unknown>>('GET', 'state'),
    requests: () =>
      call<{ maxInWindow: Record<string, number>; requests: Array<Record<string, unknown>> }>('GET', 'requests'),
  }
}
