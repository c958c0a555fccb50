/** Training on the purchases of a real shop, in a real database: what is learned, judged, put into use and scored. */

import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scoreOne } from '../../activities/score-one.ts'
import { holdFrom } from '../../activities/scoring.ts'
import { createTrainingActivities, type TrainingNeeds } from '../../activities/training.ts'
import type { DriftResult, ScoringResult, TrainingDraft, TrainingResult } from '../../activities/training-types.ts'
import { readCdnow, sampleCustomers } from '../../src/cli/demo/cdnow.ts'
import { historyOf } from '../../src/cli/demo/history.ts'
import type { ModelKind } from '../../src/domain/model-kind.ts'
import { importHistory } from '../../src/intake/import-history.ts'
import { loadDefinitions } from '../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { createIdentifiers } from '../../src/store/identifiers.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { createTrainingStore } from '../../src/store/training-store.ts'
import { Vault } from '../../src/store/vault.ts'
import { createTestDatabase } from '../support/database.ts'

const vault = new Vault(Buffer.alloc(32, 7))
const purchases = sampleCustomers(readCdnow(), 900)
let database: Database
let drop: () => Promise<void>
let runs = 0

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase(created.url)
  await publishCampaigns(database, 'campaigns', Date.parse('1997-01-01'))
  await importUntil('1998-02-01')
})

afterAll(async () => {
  await database.close()
  await drop()
})

describe.each(['churn', 'purchase', 'clv'] as const)('a training of %s', (kind) => {
  it('is judged on later data, put into use, and scores everybody who has bought', async () => {
    const { result, scoring } = await train(kind, '1998-02-01')
    const model = await championOf(kind)
    expect(result.promoted).toBe(true)
    expect(model.id).toBe(result.modelId)
    expect(model.method).toBe(kind === 'clv' ? 'bg-nbd' : 'logistic-regression')
    expect(scoring.customers).toBe(900)
    const { rows } = await database.pool.query<{ scored: number; low: number; high: number; explained: boolean }>(
      `SELECT count(*) AS scored, min(value) AS low, max(value) AS high, bool_and(jsonb_array_length(reasons) > 0) AS explained
         FROM scores WHERE kind = $1 AND model_id = $2`,
      [kind, result.modelId],
    )
    expect(rows[0]).toMatchObject({ scored: 900, explained: true })
    expect(rows[0]?.low).toBeGreaterThanOrEqual(0)
    expect(rows[0]?.high).toBeGreaterThan(0)
  })

  it('that is no better, repeated step by step as after a crash, leaves the one in use', async () => {
    const inUse = await championOf(kind)
    const { environment, activities, draft } = await begin(kind, '1998-02-01')
    for (let again = 0; again < 2; again++) {
      await environment.run(activities.fitModel, draft.modelId)
      await environment.run(activities.evaluateModel, draft.modelId)
      await environment.run(activities.calibrateModel, draft.modelId)
      await environment.run(activities.shadowModel, draft.modelId)
      await environment.run(activities.publishModel, draft.modelId)
    }
    const { rows } = await database.pool.query(`SELECT id FROM models WHERE kind = $1 AND status = 'champion'`, [kind])
    expect(rows).toEqual([{ id: inUse.id }])
    const challenger = await createTrainingStore(database).loadModel(draft.modelId)
    expect(challenger.status).toBe('rejected')
    expect(challenger.metrics['reason']).toMatch(/Not better by .*in use/)
  })
})

describe('what was measured', () => {
  it('a churn model ranks later customers better than the length of their silence does', async () => {
    const { metrics } = await championOf('churn')
    expect(metrics['auc']).toBeGreaterThan(metrics['recencyAuc'] as number)
    expect(metrics['calibrationError']).toBeLessThan(0.1)
  })

  it('the value model foresees the purchases of later weeks to within a third', async () => {
    const { metrics } = await championOf('clv')
    const factor = (metrics['predictedPurchases'] as number) / (metrics['actualPurchases'] as number)
    expect(factor).toBeGreaterThan(2 / 3)
    expect(factor).toBeLessThan(3 / 2)
  })

  it('nothing of the future is known: a training as of a day is the same, whatever came later', async () => {
    const before = await trainedParameters('1998-01-01')
    await importUntil('1998-03-01')
    expect(await trainedParameters('1998-01-01')).toEqual(before)
  })
})

describe('crossings', () => {
  it('a first score is no news, and puts customers at rest where it says', async () => {
    const { rows } = await database.pool.query<{ news: number; revenue: number }>(
      `SELECT (SELECT count(*) FROM news) AS news,
              (SELECT count(*) FROM customers WHERE stage IN ('revenue', 'refer')) AS revenue`,
    )
    expect(rows[0]?.news).toBe(0)
    expect(rows[0]?.revenue).toBeGreaterThan(0)
  })

  it('a score that crosses the threshold is news once, however often it trembles about it', async () => {
    const { id } = await championOf('churn')
    const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM customers WHERE at_risk LIMIT 1')
    const customerId = rows[0]?.id as string
    const store = createTrainingStore(database)
    const saved = async (value: number): Promise<number> => {
      const scores = [{ customerId, value, tier: null, reasons: ['test'] }]
      const page = { kind: 'churn' as const, modelId: id, nowMs: Date.parse('1998-02-02'), scores }
      const placing = { rules: 'test', stageOf: () => ({ stage: 'retain' as const, reason: 'test', atRisk: true }) }
      return (await store.saveScorePage({ ...page, announce: { enter: 0.7, leave: 0.5 } }, placing)).crossings
    }
    const trembling = []
    for (const value of [0.71, 0.69, 0.72, 0.51, 0.7]) trembling.push(await saved(value))
    expect(trembling).toEqual([0, 0, 0, 0, 0])
    expect(await saved(0.49)).toBe(1)
    const below = []
    for (const value of [0.51, 0.48, 0.6, 0.69, 0.5]) below.push(await saved(value))
    expect(below).toEqual([0, 0, 0, 0, 0])
    expect(await saved(0.7)).toBe(1)
  })
})

describe('drift', () => {
  const measured = async (day: string) => {
    const { measureDrift } = createTrainingActivities(needsOf(database, day))
    const environment = new MockActivityEnvironment({ workflowExecution: { workflowId: 'care', runId: day } })
    const { largest } = await environment.run<[ModelKind], DriftResult, typeof measureDrift>(measureDrift, 'churn')
    const { rows } = await database.pool.query<{ what: string; psi: number }>(
      'SELECT what, psi FROM model_drift WHERE day = $1 ORDER BY psi DESC, what',
      [day],
    )
    return { largest, rows }
  }

  it('is nothing on the day of the training, and tells what moved when everybody has gone quiet', async () => {
    const { id } = await championOf('churn')
    const sameDay = await measured('1998-02-01')
    expect(sameDay.largest?.psi).toBeLessThan(0.05)
    const later = await measured('1998-11-01')
    expect(later.rows.map(({ what }) => what)).toEqual(expect.arrayContaining(['score', 'log_silence_days']))
    expect(later.largest).toEqual(later.rows[0])
    expect(later.largest?.psi).toBeGreaterThan(0.25)
    expect(await measured('1998-11-01')).toEqual(later) // Again on that day: the same rows, not twice as many.
    const { rows } = await database.pool.query('SELECT DISTINCT model_id AS id FROM model_drift')
    expect(rows).toEqual([{ id }])
  })
})

describe('a value about the limit of the high tier', () => {
  it('is news once upwards and once downwards, however it trembles, also when somebody buys meanwhile', async () => {
    const model = await championOf('clv')
    const { highCents } = model.parameters['tiers'] as { highCents: number }
    const { rows } = await database.pool.query<{ id: string }>(
      `SELECT customer_id AS id FROM scores WHERE kind = 'clv' AND tier = 'low' ORDER BY customer_id LIMIT 1`,
    )
    const customerId = rows[0]?.id as string
    const store = createTrainingStore(database)
    const holdHighFromCents = holdFrom(model)
    const page = (share: number) => ({
      kind: 'clv' as const,
      modelId: model.id,
      nowMs: Date.parse('1998-02-02'),
      scores: [{ customerId, value: share * highCents, tier: tierAt(share), reasons: ['test'] }],
      holdHighFromCents,
    })
    const placing = { rules: 'test', stageOf: () => ({ stage: 'retain' as const, reason: 'test', atRisk: false }) }
    const saved = async (...shares: number[]): Promise<number[]> => {
      const crossings = []
      for (const share of shares) {
        const saving = { ...page(share), announce: { enter: 0.7, leave: 0.5 } }
        crossings.push((await store.saveScorePage(saving, placing)).crossings)
      }
      return crossings
    }
    // From below: not high before the limit itself is reached, and then held down to nine tenths of it.
    expect(await saved(0.95, 0.99)).toEqual([0, 0])
    expect(await saved(1.01, 0.99, 1.02, 0.91, 1.3, 0.95)).toEqual([1, 0, 0, 0, 0, 0])
    await store.saveScoresQuietly(page(0.97)) // An order: somebody looks at them anyway.
    expect(await saved(1.01, 0.92)).toEqual([0, 0])
    // From above: lost once, and not won back by trembling below the limit.
    expect(await saved(0.89, 0.95, 0.88, 0.99, 0.91)).toEqual([1, 0, 0, 0, 0])
    const news = await database.pool.query<{ crossed: string }>(
      `SELECT detail->>'crossed' AS crossed FROM news WHERE customer_id = $1 AND kind = 'score' ORDER BY id`,
      [customerId],
    )
    expect(news.rows.map(({ crossed }) => crossed)).toEqual(['up', 'down'])
  })
})

describe('scores that segments ask about', () => {
  it('make customers dirty, those that no segment asks about do not', async () => {
    const { pool } = database
    const dirty = async (): Promise<number> => {
      await pool.query('DELETE FROM dirty_customers')
      const { id } = await championOf('purchase')
      const { rows } = await pool.query<{ id: string }>('SELECT id FROM customers ORDER BY id LIMIT 5')
      const scores = rows.map((row) => ({ customerId: row.id, value: Math.random(), tier: null, reasons: ['test'] }))
      const page = { kind: 'purchase' as const, modelId: id, nowMs: Date.parse('1998-02-03'), scores }
      const placing = { rules: 'test', stageOf: () => ({ stage: 'retain' as const, reason: 'test', atRisk: false }) }
      await createTrainingStore(database).saveScorePage(page, placing)
      const { rows: found } = await pool.query<{ count: number }>('SELECT count(*) AS count FROM dirty_customers')
      return found[0]?.count ?? 0
    }
    expect(await dirty()).toBe(0)
    const document = { name: 'Eager', if: { any: [{ 'score.purchase': { at_least: 0.5 } }] } }
    await pool.query(
      `INSERT INTO campaigns (kind, key, version, name, status, document, published_at)
       VALUES ('segment', 'eager', 'v', 'Eager', 'live', $1, now())`,
      [JSON.stringify(document)],
    )
    await pool.query(
      `INSERT INTO segments (kind, key, version, status, created_at) VALUES ('segment', 'eager', 'v', 'waiting', now())`,
    )
    expect(await dirty()).toBe(5)
  })
})

/** As the model itself would say, of shares of the limit. */
function tierAt(share: number): 'high' | 'middle' {
  return share >= 1 ? 'high' : 'middle'
}

describe('too little data', () => {
  it('is said, a stated rule stands in, and it never replaces a trained model', async () => {
    const trained = await championOf('churn')
    const { draft, result } = await train('churn', '1997-02-01')
    expect(draft.tooLittle).toMatch(/Too little data/)
    expect(result).toMatchObject({ promoted: false, reason: expect.stringMatching(/model in use stays/) })
    expect((await championOf('churn')).id).toBe(trained.id)
  })

  it('in an empty shop the rule is put into use, and scores the first customer who buys', async () => {
    const empty = await createTestDatabase()
    const shop = openDatabase(empty.url)
    try {
      await publishCampaigns(shop, 'campaigns', 0)
      await importHistory(historyOf(purchases.slice(0, 1)), {
        database: shop,
        vault,
        definitions: await loadDefinitions(shop),
        nowMs: Date.parse('1997-02-01'),
      })
      const { rows } = await shop.pool.query<{ id: string }>('SELECT id FROM customers')
      await scoreOne(rows[0]?.id as string, needsOf(shop, '1997-02-01'))
      const scores = await shop.pool.query<{ kind: string; method: string }>(
        'SELECT s.kind, m.method FROM scores s JOIN models m ON m.id = s.model_id ORDER BY 1',
      )
      expect(scores.rows).toEqual([
        { kind: 'churn', method: 'rule' },
        { kind: 'clv', method: 'rule' },
        { kind: 'purchase', method: 'rule' },
      ])
    } finally {
      await shop.close()
      await empty.drop()
    }
  })
})

function needsOf(db: Database, day: string): TrainingNeeds {
  const nowMs = Date.parse(`${day}T00:00:00Z`)
  return {
    store: createTrainingStore(db),
    definitions: { get: () => loadDefinitions(db) },
    clock: { nowMs: () => nowMs, realMsUntil: () => 0, speed: 1 },
    idFor: (key) => createIdentifiers(vault, 'models').id(key),
    codeVersion: () => 'test',
  }
}

async function begin(kind: ModelKind, day: string) {
  const workflowExecution = { workflowId: `model-training:${kind}`, runId: `run-${++runs}` }
  const environment = new MockActivityEnvironment({ workflowExecution })
  const activities = createTrainingActivities(needsOf(database, day))
  const draft = await environment.run<[ModelKind], TrainingDraft, typeof activities.extractTrainingData>(
    activities.extractTrainingData,
    kind,
  )
  return { environment, activities, draft }
}

async function train(
  kind: ModelKind,
  day: string,
): Promise<{ draft: TrainingDraft; result: TrainingResult; scoring: ScoringResult }> {
  const { environment, activities, draft } = await begin(kind, day)
  if (draft.tooLittle === undefined) {
    await environment.run(activities.fitModel, draft.modelId)
    await environment.run(activities.evaluateModel, draft.modelId)
    await environment.run(activities.calibrateModel, draft.modelId)
    await environment.run(activities.shadowModel, draft.modelId)
  }
  const result = await environment.run<[string], TrainingResult, typeof activities.publishModel>(
    activities.publishModel,
    draft.modelId,
  )
  const scoring = await environment.run<[ModelKind], ScoringResult, typeof activities.scoreEveryone>(
    activities.scoreEveryone,
    kind,
  )
  return { draft, result, scoring }
}

async function trainedParameters(day: string): Promise<unknown> {
  const { environment, activities, draft } = await begin('churn', day)
  await environment.run(activities.fitModel, draft.modelId)
  return (await createTrainingStore(database).loadModel(draft.modelId)).parameters
}

async function championOf(kind: ModelKind) {
  const model = await createTrainingStore(database).championModel(kind)
  if (!model) throw new Error(`no model of ${kind} is in use`)
  return model
}

/** Importing again what is there already changes nothing. */
async function importUntil(day: string): Promise<void> {
  const untilMs = Date.parse(`${day}T00:00:00Z`)
  const definitions = await loadDefinitions(database)
  const past = historyOf(purchases.filter(({ atMs }) => atMs < untilMs))
  await importHistory(past, { database, vault, definitions, nowMs: untilMs })
}
