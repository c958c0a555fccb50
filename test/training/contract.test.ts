/** Churn where customers have a contract: whoever ends it has left, however much or little they buy. */

import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTrainingActivities } from '../../activities/training.ts'
import type { TrainingDraft, TrainingResult } from '../../activities/training-types.ts'
import type { Definitions } from '../../src/domain/definitions.ts'
import { lifecycleDocument } from '../../src/domain/lifecycle-schema.ts'
import type { ModelKind } from '../../src/domain/model-kind.ts'
import { loadDefinitions } from '../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { createIdentifiers } from '../../src/store/identifiers.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { contractsAsOf } from '../../src/store/training-sources.ts'
import { createTrainingStore } from '../../src/store/training-store.ts'
import { Vault } from '../../src/store/vault.ts'
import { createTestDatabase } from '../support/database.ts'

const contract = { starts: ['Subscription Started'], ends: ['Subscription Cancelled'] }
const todayMs = Date.parse('2026-06-01T00:00:00Z')
const vault = new Vault(Buffer.alloc(32, 7))
let database: Database
let drop: () => Promise<void>
let definitions: Definitions

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase(created.url)
  await publishCampaigns(database, 'campaigns', 0)
  const published = await loadDefinitions(database)
  const churn = { ...published.lifecycle.churn, contract }
  definitions = { ...published, lifecycle: { ...published.lifecycle, churn } }
  await makeSubscribers()
})
afterAll(async () => {
  await database.close()
  await drop()
})

it('is learned from ends of contracts, by who is quiet, and tells it in plain words', async () => {
  const { draft, result } = await train()
  expect(draft.tooLittle).toBeUndefined()
  expect(result.reason).toMatch(/AUC/)
  expect(result.promoted).toBe(true)
  const model = await createTrainingStore(database).loadModel(result.modelId)
  expect(model.parameters).toMatchObject({ contract })
  // The shortest horizon in which enough of them end.
  expect([14, 28, 56]).toContain(model.parameters['horizonDays'])
  expect(model.metrics['auc']).toBeGreaterThan(0.65)
  const { customerIds } = await contractsAsOf(database.pool, contract, todayMs)
  const { rows } = await database.pool.query<{ scored: number; quiet: number; busy: number; words: boolean }>(
    `SELECT count(*)::int AS scored, avg(value) FILTER (WHERE n % 2 = 1) AS quiet, avg(value) FILTER (WHERE n % 2 = 0) AS busy,
            bool_or(reasons::text ~ 'active on|last seen') AS words
       FROM (SELECT s.*, right(customer_id::text, 12)::int AS n FROM scores s WHERE kind = 'churn') AS s`,
  )
  expect(rows[0]?.scored).toBe(customerIds.length)
  expect(rows[0]?.quiet).toBeGreaterThan(rows[0]?.busy ?? 1)
  expect(rows[0]?.words).toBe(true)
})

it('below 200 customers says so, and the stated rule stands in', async () => {
  await database.pool.query(`DELETE FROM customers WHERE right(id::text, 12)::int > 150`)
  await database.pool.query(`DELETE FROM models`)
  const { draft, result } = await train()
  expect(draft.tooLittle).toMatch(/^Too little data: \d+ customers were under contract .*, 200 are needed\.$/)
  expect(result.reason).toMatch(/A stated rule stands in/)
})

it('is asked for in the lifecycle, and must name an event that ends it', () => {
  const stages = ['acquire', 'activate', 'retain', 'revenue', 'refer'].map((stage, i) => ({
    stage,
    because: 'x',
    ...(i === 0 ? {} : { if: { 'orders.count': { at_least: i } } }),
  }))
  const document = { name: 'x', stages, churn: { enter: 0.7, leave: 0.5, contract: { starts: [], ends: ['Left'] } } }
  expect(lifecycleDocument.safeParse(document).success).toBe(true)
  const endless = { ...document, churn: { ...document.churn, contract: { starts: ['Came'], ends: [] } } }
  expect(lifecycleDocument.safeParse(endless).success).toBe(false)
})

/** 600 people who subscribed in January; odd ones go quiet in March, and of these many cancel in the months after. */
async function makeSubscribers(): Promise<void> {
  await database.pool.query(
    `INSERT INTO customers (id, stage_since, first_seen_at, last_seen_at, created_at, updated_at)
     SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, t, t, t, t, t
       FROM generate_series(1, 600) AS n, (SELECT timestamptz '2026-01-05 08:00Z' AS t) AS moment`,
  )
  const day = (name: string, days: string, where: string): Promise<unknown> =>
    database.pool.query(
      `INSERT INTO event_days (customer_id, name, day, count, first_at, last_at)
       SELECT DISTINCT ON (id, d) id, '${name}', d, 1, d + interval '9 hours', d + interval '9 hours'
         FROM (SELECT id, right(id::text, 12)::int AS n FROM customers) AS c, LATERAL (${days}) AS days (d) WHERE ${where}`,
    )
  await day('Subscription Started', `SELECT date '2026-01-06'`, 'true')
  await day('App Opened', `SELECT date '2026-01-06' + k * 3 FROM generate_series(0, 48) AS k`, 'n % 2 = 0')
  await day('App Opened', `SELECT date '2026-01-06' + k * 3 FROM generate_series(0, 17) AS k`, 'n % 2 = 1')
  // Quiet ones cancel some time from April on, busy ones seldom.
  await day('Subscription Cancelled', `SELECT date '2026-03-25' + (n * 7) % 66`, 'n % 2 = 1 AND n % 3 <> 0')
  await day('Subscription Cancelled', `SELECT date '2026-03-25' + (n * 11) % 66`, 'n % 2 = 0 AND n % 8 = 0')
}

async function train(): Promise<{ draft: TrainingDraft; result: TrainingResult }> {
  const activities = createTrainingActivities({
    store: createTrainingStore(database),
    definitions: { get: async () => definitions },
    clock: { nowMs: () => todayMs, realMsUntil: () => 0, speed: 1 },
    idFor: createIdentifiers(vault, 'models').id,
    codeVersion: () => 'test',
  })
  const environment = new MockActivityEnvironment({
    workflowExecution: { workflowId: 'w', runId: String(Math.random()) },
  })
  type Extract = typeof activities.extractTrainingData
  const draft = await environment.run<[ModelKind], TrainingDraft, Extract>(activities.extractTrainingData, 'churn')
  if (draft.tooLittle === undefined) {
    await environment.run(activities.fitModel, draft.modelId)
    await environment.run(activities.evaluateModel, draft.modelId)
    await environment.run(activities.calibrateModel, draft.modelId)
    await environment.run(activities.shadowModel, draft.modelId)
  }
  type Publish = typeof activities.publishModel
  const result = await environment.run<[string], TrainingResult, Publish>(activities.publishModel, draft.modelId)
  if (draft.tooLittle === undefined) await environment.run(activities.scoreEveryone, 'churn' as const)
  return { draft, result }
}
