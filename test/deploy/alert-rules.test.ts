import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parse } from 'yaml'
import { createMetrics } from '../../src/base/metrics.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const RULES = 'deploy/prometheus/alerts.yml'
const DASHBOARD = 'deploy/grafana/dashboards/chatfolk.json'
const PAGES = 'docs/operations/alarms'

interface Rule {
  alert: string
  expr: string
  for?: string
  labels: { severity: string }
  annotations: { summary: string; description: string; runbook_url: string }
}

interface Panel {
  id: number
  title: string
  type: string
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: Array<{ refId: string; expr: string }>
}

const rules = (parse(read(RULES)) as { groups: Array<{ name: string; rules: Rule[] }> }).groups.flatMap(
  (group) => group.rules,
)
const dashboard = JSON.parse(read(DASHBOARD)) as {
  uid: string
  panels: Panel[]
  templating: { list: Array<{ name: string; type: string }> }
}
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

function promtool(...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { cwd: root, encoding: 'utf8' })
  assert.equal(error, undefined)
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  return stdout
}

test('promtool finds no fault in the rules and the configuration', () => {
  promtool('check', 'rules', RULES)
  // The token lies in a file that is there in the container only.
  promtool('check', 'config', '--syntax-only', 'deploy/prometheus/prometheus.yml')
  const { rule_files: files } = parse(read('deploy/prometheus/prometheus.yml')) as { rule_files: string[] }
  assert.deepEqual(files, ['alerts.yml'], 'beside the configuration')
})

test('each alarm rings for what it is meant for, and for nothing else', () => {
  promtool('test', 'rules', 'deploy/prometheus/alerts.test.yml')
  const { tests } = parse(read('deploy/prometheus/alerts.test.yml')) as { tests: unknown[] }
  const rung = JSON.stringify(tests)
  for (const { alert } of rules) assert.ok(rung.includes(`alertname=\\"${alert}\\"`), `${alert} rings in no test`)
})

test('every alarm says how urgent it is, what it means and where one reads what to do', () => {
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length)
  for (const { alert, labels, annotations } of rules) {
    assert.match(labels.severity, /^(critical|warning)$/, alert)
    assert.ok(annotations.summary.length < 100 && annotations.description.length > 40, alert)
    assert.equal(annotations.runbook_url, `${PAGES}/${pageOf(alert)}`, alert)
    assert.ok(existsSync(join(root, annotations.runbook_url)), `${alert} has no page`)
    const page = read(annotations.runbook_url)
    assert.ok(page.startsWith(`# ${alert}\n`), `${annotations.runbook_url} is headed by its alarm`)
    for (const heading of ['What it means', 'What users notice', 'What to look at', 'What to do'])
      assert.ok(page.includes(`\n## ${heading}\n`), `${annotations.runbook_url}: ${heading}`)
  }
  const pages = readdirSync(join(root, PAGES)).filter((file) => file !== 'README.md')
  assert.deepEqual(
    pages.sort(byName),
    rules.map(({ alert }) => pageOf(alert)).sort(byName),
    'no page without its alarm',
  )
  const index = read(`${PAGES}/README.md`)
  for (const { alert } of rules) assert.ok(index.includes(`[${alert}](${pageOf(alert)})`), `${alert} is in the index`)
})

test('rules, dashboard and pages ask only for metrics that a node tells', () => {
  const known = knownNames()
  const pages = readdirSync(join(root, 'docs/operations'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => read(`docs/operations/${file}`))
  const asked = [...rules.map(({ expr }) => expr), ...queries, ...pages].flatMap(
    (text) => text.match(/\b(chatfolk|process|nodejs)_[a-z_]+\b/g) ?? [],
  )
  assert.ok(asked.length > 80)
  assert.deepEqual(
    [...new Set(asked)].filter((name) => !known.has(name)),
    [],
  )
})

test('every metric of ours is explained', () => {
  const page = read('docs/operations/metrics.md')
  for (const { name } of createMetrics().registry.getMetricsAsArray()) {
    if (name.startsWith('chatfolk_')) assert.ok(page.includes(`\`${name}`), name)
  }
})

test('the dashboard can be imported: panels have their own ids and places, and every query is one', (t) => {
  const { panels, templating, uid } = dashboard
  assert.equal(uid, 'chatfolk')
  assert.deepEqual(
    templating.list.map(({ name, type }) => [name, type]),
    [
      ['datasource', 'datasource'],
      ['job', 'query'],
    ],
  )
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const rows = panels.filter(({ type }) => type === 'row').map(({ title }) => title)
  assert.deepEqual(rows, ['Overview', 'Bots and nodes', 'Chat', 'Donations', 'Overlays', 'Platforms', 'Process'])
  const cells = new Set<string>()
  for (const { title, type, gridPos, targets = [] } of panels) {
    assert.ok(type === 'row' || targets.length > 0, `${title} asks for nothing`)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(x < 24 && !cells.has(`${x} ${y}`), `${title} lies over another panel`)
        cells.add(`${x} ${y}`)
      }
    }
  }
  checkQueries(t, queries)
  assert.throws(() => checkQueries(t, ['sum(']), 'the check itself sees a broken query')
})

/** As rules that record something, so that promtool reads them. */
function checkQueries(t: TestContext, asked: string[]): void {
  const directory = mkdtempSync(join(tmpdir(), 'chatfolk-queries-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'queries.yml')
  const recorded = asked.map((expr, index) => ({ record: `query:${index}`, expr: expr.replaceAll('$job', 'chatfolk') }))
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules: recorded }] }))
  promtool('check', 'rules', file)
}

/** All series that a scrape can bring. */
function knownNames(): Set<string> {
  const known = new Set(['process_start_time_seconds'])
  for (const { name } of createMetrics().registry.getMetricsAsArray()) {
    known.add(name)
    for (const suffix of ['bucket', 'sum', 'count']) known.add(`${name}_${suffix}`)
  }
  return known
}

/** `ChatfolkNodeGone` → `node-gone.md` */
function pageOf(alert: string): string {
  const words = alert.replace(/^Chatfolk/, '').replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`)
  return `${words.toLowerCase()}.md`
}

const byName = (a: string, b: string) => a.localeCompare(b)
