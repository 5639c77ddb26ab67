import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import packageJson from '../../package.json' with { type: 'json' }
import { readConfig } from '../../src/config.ts'
import { parseDockerfile } from '../support/dockerfile.ts'

const root = join(import.meta.dirname, '..', '..')
const PLACE = join(root, 'deploy', 'kubernetes')

type Labels = Record<string, string>

interface Probe {
  httpGet: { path: string; port: string }
}

interface Container {
  image: string
  ports: Array<{ name: string; containerPort: number }>
  envFrom: Array<{ configMapRef?: { name: string }; secretRef?: { name: string } }>
  env: Array<{ name: string; value?: string; valueFrom?: { fieldRef: { fieldPath: string } } }>
  startupProbe: Probe
  livenessProbe: Probe
  readinessProbe: Probe
  lifecycle?: { preStop: { sleep: { seconds: number } } }
  resources: { requests: object; limits: { memory: string } }
  securityContext: object
  volumeMounts: Array<{ name: string; mountPath: string }>
}

interface Pod {
  automountServiceAccountToken: boolean
  terminationGracePeriodSeconds: number
  securityContext: { runAsUser: number; runAsGroup: number; runAsNonRoot: boolean; seccompProfile: { type: string } }
  topologySpreadConstraints: Array<{ labelSelector: { matchLabels: Labels } }>
  containers: Container[]
  volumes: Array<{ name: string }>
}

/** What the tests look at, of all kinds together. */
interface Manifest {
  kind: string
  metadata: { name: string }
  data?: Record<string, string>
  stringData?: Record<string, string>
  spec: {
    replicas?: number
    strategy?: { rollingUpdate: object }
    selector: { matchLabels: Labels } & Labels
    template: { metadata: { labels: Labels }; spec: Pod }
    podSelector: { matchLabels: Labels }
    scaleTargetRef: { kind: string; name: string }
    ports: Array<{ name: string; targetPort: string }>
    rules: Array<{ http: { paths: Array<{ backend: { service: { name: string; port: { name: string } } } }> } }>
    maxUnavailable: number
  }
}

const read = (name: string) =>
  parseAllDocuments(readFileSync(join(PLACE, name), 'utf8')).map((document) => {
    assert.deepEqual(document.errors, [], name)
    return document.toJS() as Manifest
  })
const kustomization = parse(readFileSync(join(PLACE, 'kustomization.yaml'), 'utf8')) as {
  resources: string[]
  images: Array<{ name: string; newTag: string }>
}
const manifests = kustomization.resources.flatMap(read)
const [secret] = read('secret.example.yaml')
const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind)
const deployments = ofKind('Deployment')
const container = ({ spec }: Manifest) => spec.template.spec.containers[0] ?? assert.fail('no container')

const filled = {
  SECRET_KEYS: Buffer.alloc(32, 1).toString('base64'),
  ADMIN_TOKEN: 'a'.repeat(48),
  TWITCH_CLIENT_ID: 'an-id',
  TWITCH_CLIENT_SECRET: 'a-secret',
}

test('every file is applied, but the secret, which is an example, and what needs another operator', () => {
  const files = readdirSync(PLACE).filter((name) => !['kustomization.yaml', 'secret.yaml'].includes(name))
  assert.deepEqual(
    files.filter((name) => !kustomization.resources.includes(name)),
    ['pod-monitor.yaml', 'secret.example.yaml'],
  )
  assert.deepEqual(
    kustomization.images.map(({ newTag }) => newTag),
    [packageJson.version],
  )
})

test('each role gets settings that a node accepts, and a name that lasts as long as its pod', () => {
  assert.deepEqual(deployments.map(({ metadata }) => metadata.name).sort(), ['bots', 'donations', 'web'])
  const [config] = ofKind('ConfigMap')
  for (const deployment of deployments) {
    const { name } = deployment.metadata
    const { envFrom, env } = container(deployment)
    assert.deepEqual(envFrom, [
      { configMapRef: { name: config?.metadata.name } },
      { secretRef: { name: secret?.metadata.name } },
    ])
    const given = Object.fromEntries(env.flatMap((each) => (each.value === undefined ? [] : [[each.name, each.value]])))
    const nodeId = env.find((each) => each.name === 'NODE_ID')
    assert.equal(nodeId?.valueFrom?.fieldRef.fieldPath, 'metadata.name')
    const settings = readConfig({
      ...config?.data,
      ...secret?.stringData,
      ...filled,
      ...given,
      NODE_ID: `${name}-7d9f`,
    })
    assert.deepEqual([...settings.roles], [name])
    assert.equal(settings.redis?.kind, 'sentinel')
    assert.ok(settings.secure && settings.trustedProxies.length > 0 && settings.databaseUrl !== null)
  }
  for (const [name, value] of Object.entries(secret?.stringData ?? {})) {
    assert.match(value, /^$|PASSWORD/, `${name} is an example`)
  }
})

test('pods run as the image’s user with no right at all, are asked for their health, and get 30 s to hand over', () => {
  const dockerfile = parseDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'))
  const user = dockerfile.stages.at(-1)?.instructions.find(({ name }) => name === 'USER')?.text
  for (const deployment of deployments) {
    const { spec: pod } = deployment.spec.template
    const { runAsUser, runAsGroup, runAsNonRoot, seccompProfile } = pod.securityContext
    assert.equal(`${runAsUser}:${runAsGroup}`, user)
    assert.ok(runAsNonRoot && seccompProfile.type === 'RuntimeDefault')
    assert.equal(pod.automountServiceAccountToken, false)
    assert.equal(pod.terminationGracePeriodSeconds, 30)

    const { securityContext, startupProbe, livenessProbe, readinessProbe, ...node } = container(deployment)
    assert.deepEqual(securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    const live = { path: '/health/live', port: 'http' }
    assert.deepEqual([startupProbe.httpGet, livenessProbe.httpGet], [live, live])
    assert.deepEqual(readinessProbe.httpGet, { path: '/health/ready', port: 'http' })
    assert.deepEqual(node.ports, [{ name: 'http', containerPort: 3000 }])
    assert.ok(node.resources.limits.memory)
    assert.deepEqual(
      node.volumeMounts.map(({ name }) => name),
      pod.volumes.map(({ name }) => name),
    )
    assert.ok(kustomization.images.some(({ name }) => name === node.image))
    // What it takes before the signal is not there after it.
    assert.ok((node.lifecycle?.preStop.sleep.seconds ?? 0) <= 5)
    assert.deepEqual(deployment.spec.strategy?.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 })
  }
})

test('whatever selects something selects what is there', () => {
  for (const { metadata, spec } of deployments) {
    const labels = { app: 'chatfolk', role: metadata.name }
    assert.deepEqual(spec.selector.matchLabels, labels)
    assert.deepEqual(spec.template.metadata.labels, labels)
    for (const { labelSelector } of spec.template.spec.topologySpreadConstraints) {
      assert.deepEqual(labelSelector.matchLabels, labels)
    }
    const budget = ofKind('PodDisruptionBudget').find((each) => each.metadata.name === metadata.name)
    assert.deepEqual(budget?.spec.selector.matchLabels, labels)
    // With a single pod a budget would do nothing, or forbid to ever empty its machine.
    assert.ok(metadata.name === 'web' || (spec.replicas ?? 1) >= 2, metadata.name)
  }
  const [service] = ofKind('Service')
  assert.deepEqual(service?.spec.selector, { app: 'chatfolk', role: 'web' })
  const [ingress] = ofKind('Ingress')
  const backend = ingress?.spec.rules[0]?.http.paths[0]?.backend.service
  assert.equal(backend?.name, service?.metadata.name)
  assert.equal(backend?.port.name, service?.spec.ports[0]?.name)
  assert.equal(service?.spec.ports[0]?.targetPort, 'http')
  const [autoscaler] = ofKind('HorizontalPodAutoscaler')
  assert.deepEqual([autoscaler?.spec.scaleTargetRef.kind, autoscaler?.spec.scaleTargetRef.name], ['Deployment', 'web'])
  assert.equal(deployments.find(({ metadata }) => metadata.name === 'web')?.spec.replicas, undefined)
  for (const { spec } of ofKind('NetworkPolicy')) assert.equal(spec.podSelector.matchLabels['app'], 'chatfolk')
})
