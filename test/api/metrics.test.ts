/** What monitoring sees: /metrics, /ready, and that alerts, dashboard and docs speak of metrics that there are. */

import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { answerReady } from '../../src/api/ready.ts'
import { openDatabase } from '../../src/store/database.ts'
import { readMetrics } from '../../src/store/metrics.ts'
import { customerId, live, plant } from './support/people.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

const fileAt = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

let server: TestServer
let exposed: string
beforeAll(async () => {
  server = await startTestServer()
  await live(server, [{ type: 'identify', userId: 'ada', traits: { email: 'ada@example.org' } }])
  await plant(server, { customerId: await customerId(server, 'ada'), status: 'planned' })
  await fetch(`${server.url}/api/customers?search=secret@example.org`)
  const response = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${server.adminToken}` } })
  exposed = await response.text()
})
afterAll(() => server.close())

const sql = async (text: string, ...values: unknown[]): Promise<void> =>
  void (await server.database.pool.query(text, values))

const valueOf = async (metric: string): Promise<number | undefined> =>
  (await readMetrics(server.database.pool, server.time.nowMs)).find((one) => one.metric === metric)?.value

/** Names that a text speaks of, without what Prometheus appends to a histogram's. */
const namesIn = (text: string): string[] => [
  ...new Set(
    (text.match(/\bperennial_[a-z0-9_]*[a-z0-9]\b/g) ?? []).map((name) => name.replace(/_(?:bucket|count|sum)$/, '')),
  ),
]

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: { readonly summary?: string; readonly do?: string }
}

const rules = (): Rule[] =>
  (parse(fileAt('ops/prometheus-alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
    (group) => group.rules,
  )

test('every alert says what is wrong and what to do, and asks for metrics that there are', () => {
  const there = namesIn(exposed)
  expect(rules().length).toBeGreaterThan(5)
  for (const { alert, expr, annotations } of rules()) {
    expect([alert, annotations.summary !== undefined && annotations.do !== undefined]).toEqual([alert, true])
    expect([alert, namesIn(expr).filter((name) => !there.includes(name))]).toEqual([alert, []])
  }
})

test('every panel of the dashboard asks for metrics that there are', () => {
  interface Panel {
    readonly type: string
    readonly title: string
    readonly targets?: readonly { readonly expr: string }[]
  }
  const { panels } = JSON.parse(fileAt('ops/grafana-dashboard.json')) as { panels: Panel[] }
  const there = namesIn(exposed)
  for (const { type, title, targets = [] } of panels) {
    expect([title, targets.length > 0]).toEqual([title, type !== 'row'])
    expect([title, targets.flatMap(({ expr }) => namesIn(expr)).filter((name) => !there.includes(name))]).toEqual([
      title,
      [],
    ])
  }
})

test('the docs tell of every metric of ours, and of none that is gone', () => {
  const ours = namesIn(exposed).filter((name) => !name.startsWith('perennial_api_'))
  const told = namesIn(fileAt('docs/operate.md')).filter((name) => !name.startsWith('perennial_api'))
  expect(told.toSorted()).toEqual(ours.toSorted())
})

test('what stands still is told by its age', async () => {
  expect(await valueOf('perennial_events_oldest_waiting_seconds')).toBe(0)
  await sql(`UPDATE events SET handled_at = NULL, received_at = $1`, new Date(server.time.nowMs - 90_000))
  expect(await valueOf('perennial_events_oldest_waiting_seconds')).toBe(90)
  await sql('DELETE FROM news')
  expect(await valueOf('perennial_news_oldest_untold_seconds')).toBe(0)
  const ada = await customerId(server, 'ada')
  const earlier = new Date(server.time.nowMs - 300_000)
  await sql(`INSERT INTO news (customer_id, kind, created_at) VALUES ($1, 'contact', $2)`, ada, earlier)
  expect(await valueOf('perennial_news_oldest_untold_seconds')).toBe(300)
  await sql('UPDATE customers SET due_at = $1', earlier)
  expect(await valueOf('perennial_customers_overdue')).toBe(1)
  expect(await valueOf('perennial_workflow_check_age_seconds')).toBeUndefined()
  await sql(
    `INSERT INTO workflow_checks (checked_at, asked_by, open_workflows, without_workflow, without_work, stuck, repaired)
     VALUES ($1, 'schedule', 5, 0, 0, 2, 0)`,
    earlier,
  )
  expect(await valueOf('perennial_workflow_check_age_seconds')).toBe(300)
  expect(await valueOf('perennial_workflows_stuck')).toBe(2)
})

test('answers are timed by their route, and nothing that was searched for is told', () => {
  expect(exposed).toMatch(/perennial_http_request_seconds_count\{route="\/api\/customers",status="4xx"\} 1/)
  expect(exposed).not.toContain('secret@example.org')
})

test('ready is who reaches a PostgreSQL that may be written; why not is told by a code alone', async () => {
  expect(await (await fetch(`${server.url}/ready`)).json()).toEqual({ status: 'ready', database: 'ok' })
  const readOnly = new URL(server.databaseUrl)
  readOnly.searchParams.set('options', '-c default_transaction_read_only=on')
  const away = new URL(server.databaseUrl)
  away.port = '1'
  for (const [url, reason] of [
    [readOnly, 'read-only'],
    [away, 'ECONNREFUSED'],
  ] as const) {
    const database = openDatabase(url.href, { maxConnections: 1 })
    const app = Fastify()
    app.get('/ready', (_request, reply) => answerReady(database, reply))
    const answer = await app.inject('/ready')
    expect([answer.statusCode, answer.json()]).toEqual([503, { status: 'unavailable', database: reason }])
    await app.close()
    await database.close()
  }
})
