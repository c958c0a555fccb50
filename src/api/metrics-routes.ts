/** `GET /metrics` for Prometheus: with a key of the admin API as bearer, whatever its kind. */

import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Clock } from '../clock.ts'
import type { Database } from '../store/database.ts'
import { type Counted, readMetrics } from '../store/metrics.ts'
import { readScoreAges, scoreAgeHelps, scoreAgeMetrics } from '../store/score-ages.ts'
import { letIn } from './admin/admin-access.ts'
import type { KeyCheck } from './key-check.ts'

export interface MetricsNeeds {
  readonly database: Database
  readonly clock: Clock
  readonly checkKey: KeyCheck
  readonly requests: RequestTimes
}

export type RequestTimes = Histogram<'route' | 'status'>

/** Times every answer by its route as registered, never by its address: that may hold what somebody searched for. */
export function timeRequests(app: FastifyInstance): RequestTimes {
  const requests: RequestTimes = new Histogram({
    name: 'perennial_http_request_seconds',
    help: 'Answers of this process by route and status',
    labelNames: ['route', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 1, 5],
    registers: [],
  })
  app.addHook('onResponse', (request, reply, done) => {
    const status = `${Math.floor(reply.statusCode / 100)}xx`
    requests.observe({ route: request.routeOptions.url ?? 'none', status }, reply.elapsedTime / 1_000)
    done()
  })
  return requests
}

/** Several that ask at once share one answer: it counts rows. Real time. */
const rememberMs = 10_000
/** These are read one and all. Their ages move by days. */
const rememberScoresMs = 600_000

const helps: Readonly<Record<string, string>> = {
  perennial_messages: 'Messages of the ledger by channel, class and status',
  perennial_messages_oldest_open_seconds: 'For how long the oldest message that may leave has waited',
  perennial_sending_pauses: 'Pauses of sending that are in force',
  perennial_suppressions: 'Addresses and numbers that get nothing any more',
  perennial_message_reports: 'What mail servers and providers have reported of messages',
  perennial_webhook_calls: 'Calls that journeys made, by status; dead ones were given up',
  perennial_events_waiting: 'Accepted events that are not handled yet',
  perennial_events_oldest_waiting_seconds: 'For how long the oldest event that is not handled has waited',
  perennial_news_oldest_untold_seconds: 'For how long the oldest news has waited of which Temporal was not told',
  perennial_customers_overdue: 'Customers whose moment passed more than a minute ago',
  perennial_workflow_check_age_seconds: 'When work was last held against workflows, seconds ago',
  perennial_workflows_stuck: 'Workflows that could not go on at the last check',
  perennial_news_unread: 'News that no review has read yet',
  perennial_journey_runs_active: 'Customers who are under way in a journey',
  ...scoreAgeHelps,
}

export function metricsRoutes({
  database,
  clock,
  checkKey,
  requests,
}: MetricsNeeds): (app: FastifyInstance) => Promise<void> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'perennial_api_' })
  registry.registerMetric(requests)
  const current = remembered(rememberMs, () => readMetrics(database.pool, clock.nowMs()))
  const scores = remembered(rememberScoresMs, async () =>
    scoreAgeMetrics(await readScoreAges(database.pool, clock.nowMs())),
  )
  return async (app) => {
    app.addHook('onRequest', letIn(checkKey))
    app.get('/metrics', async (_request, reply) => {
      const text = [await registry.metrics(), await exposition([...(await current()), ...(await scores())])].join('\n')
      return reply.type(registry.contentType).send(text)
    })
  }
}

function remembered(forMs: number, read: () => Promise<readonly Counted[]>): () => Promise<readonly Counted[]> {
  let counted: { readonly untilMs: number; readonly rows: Promise<readonly Counted[]> } | undefined
  return () => {
    if (counted === undefined || counted.untilMs < performance.now()) {
      counted = { untilMs: performance.now() + forMs, rows: read() }
      // What failed is asked for anew.
      counted.rows.catch(() => (counted = undefined))
    }
    return counted.rows
  }
}

function exposition(counted: readonly Counted[]): Promise<string> {
  const registry = new Registry()
  const byMetric = Map.groupBy(counted, ({ metric }) => metric)
  for (const [name, help] of Object.entries(helps)) {
    const rows = byMetric.get(name) ?? []
    const gauge = new Gauge({ name, help, labelNames: Object.keys(rows[0]?.labels ?? {}), registers: [registry] })
    for (const { labels, value } of rows) gauge.set(labels, value)
  }
  return registry.metrics()
}
