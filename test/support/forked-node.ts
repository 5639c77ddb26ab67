import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { nextNode, type TestNode } from './node.ts'

/** A node as a process of its own ({@link file://./node-process.ts}). Resolves when it is ready. */
export async function forkNode(environment: Record<string, string>): Promise<ChildProcess> {
  const node = fork(join(import.meta.dirname, 'node-process.ts'), {
    env: { ...environment, PATH: process.env['PATH'], LOG_LEVEL: 'error', LOG_PRETTY: 'false' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(node, 'exit').then(([code]) =>
    assert.fail(`the node ended with ${String(code)} before it was ready`),
  )
  await Promise.race([once(node, 'message'), ended])
  ended.catch(() => undefined)
  return node
}

/** Resolves when it is gone. */
export async function endForked(node: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return
  const ended = once(node, 'exit')
  node.kill(signal)
  await ended
}

/** A node of the cluster of `beside`, to be killed. */
export async function forkBeside(t: TestContext, beside: TestNode, environment: Record<string, string> = {}) {
  const place = await nextNode()
  const node = await forkNode({ ...beside.environment, ...place, ...environment })
  const kill = () => endForked(node, 'SIGKILL')
  t.after(kill)
  return { nodeId: place['NODE_ID'] ?? '', kill }
}
