/**
 * Scoring everybody anew with a trained model of churn, reasons and all, against the bare SQL update of the same rows.
 *
 *   npm run -s bench -- scoring [--customers 100000] [--json]
 *
 * ours: seconds from features to saved scores, page by page, of customers who all had one; reference: one UPDATE that writes value, tier, reasons,
 * model and time of all of them. At most 3 times is wanted.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { createTrainingActivities } from '../activities/training.ts'
import type { TrainingDraft } from '../activities/training-types.ts'
import { codeVersion } from '../src/code-version.ts'
import type { ModelKind } from '../src/domain/model-kind.ts'
import { dayMs } from '../src/domain/time.ts'
import { startInstallation } from '../src/embedded/supervisor.ts'
import { loadDefinitions } from '../src/store/campaigns.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { createIdentifiers } from '../src/store/identifiers.ts'
import { publishCampaigns } from '../src/store/publishing/publish-campaigns.ts'
import { createTrainingStore, type TrainingStore } from '../src/store/training-store.ts'
import { loadMasterKey, Vault } from '../src/store/vault.ts'
import { makeBuyers } from './scoring/buyers.ts'
import { runBench, say, wholeNumber } from './support/bench.ts'

/** Seconds spent in the database, by what for. */
const spent = { features: 0, saving: 0 }

const nowMs = Date.parse('2026-06-01T00:00:00Z')

/** What is measured is scoring: a model of so many customers will do for it. */
const mostLearned = 20_000

await runBench('scoring', { customers: '100000' }, async (options) => {
  const customers = wholeNumber('customers', options.customers, 1_000)
  const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  say('starting PostgreSQL …')
  const installation = await startInstallation({
    home,
    port: 0,
    processes: [],
    env: { PERENNIAL_PUBLIC_URL: 'https://shop.example' }, // No message is written.
  })
  const database = openDatabase(installation.databaseUrl)
  const vault = new Vault(loadMasterKey(home, undefined))
  try {
    await publishCampaigns(database, 'campaigns', 0)
    say(`making ${customers} customers with orders …`)
    const learned = Math.min(customers, mostLearned)
    await makeBuyers(database, learned, nowMs)
    say('training …')
    await train(database, vault, nowMs)
    if (customers > learned) await makeBuyers(database, customers - learned, nowMs)
    say('scoring, so that everybody has a score …')
    await giveScores(database)
    await score(database, vault, nowMs)
    say('scoring anew, a week later …')
    await database.pool.query('TRUNCATE dirty_customers, news')
    await database.pool.query('VACUUM ANALYZE scores')
    const before = process.memoryUsage().rss
    let peak = before
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 200)
    Object.assign(spent, { features: 0, saving: 0 })
    const ours = await score(database, vault, nowMs + 7 * dayMs)
    clearInterval(watch)
    await database.pool.query('VACUUM ANALYZE scores')
    const reference = await bareUpdate(database)
    const megabytes = Math.round(peak / 2 ** 20)
    say(`of ${ours.toFixed(1)} s: features ${spent.features.toFixed(1)}, saving ${spent.saving.toFixed(1)}`)
    const text = `${customers} customers in ${(ours / 60).toFixed(1)} min (${ours.toFixed(1)} s), ${megabytes} MB; the bare update of the rows took ${reference.toFixed(1)} s: ${(ours / reference).toFixed(2)} (at most 3 wanted).`
    return { result: { ours, reference, unit: 's', customers, megabytes, target: 3 }, text }
  } finally {
    await database.close()
    await installation.stop()
    rmSync(home, { recursive: true, force: true })
  }
})

/** A first score puts customers into their stage, which is another matter: everybody has had one. */
async function giveScores({ pool }: Database): Promise<void> {
  await pool.query(
    `INSERT INTO scores (customer_id, kind, value, tier, reasons, model_id, scored_at)
     SELECT id, 'churn', 0.5, 'low', '[]', id, $1 FROM customers ORDER BY id`,
    [new Date(nowMs)],
  )
  await pool.query('UPDATE customers SET scored_at = $1', [new Date(nowMs)])
  await pool.query('VACUUM ANALYZE')
}

async function train(database: Database, vault: Vault, atMs: number): Promise<void> {
  const { environment, activities } = at(database, vault, atMs)
  type Extract = typeof activities.extractTrainingData
  const draft = await environment.run<[ModelKind], TrainingDraft, Extract>(activities.extractTrainingData, 'churn')
  if (draft.tooLittle !== undefined) throw new Error(draft.tooLittle)
  await environment.run(activities.fitModel, draft.modelId)
  await environment.run(activities.evaluateModel, draft.modelId)
  await environment.run(activities.calibrateModel, draft.modelId)
  await createTrainingStore(database).promoteModel(draft.modelId, atMs)
}

/** @returns seconds. */
async function score(database: Database, vault: Vault, atMs: number): Promise<number> {
  const { environment, activities } = at(database, vault, atMs)
  const startedAt = performance.now()
  await environment.run(activities.scoreEveryone, 'churn' as const)
  return (performance.now() - startedAt) / 1000
}

async function bareUpdate({ pool }: Database): Promise<number> {
  const startedAt = performance.now()
  await pool.query(
    `UPDATE scores SET value = 1 - value, tier = 'low', reasons = '["quiet for 3 days", "bought on 2 days", "customer for 9 days"]',
            model_id = gen_random_uuid(), scored_at = now() WHERE kind = 'churn'`,
  )
  return (performance.now() - startedAt) / 1000
}

function timedStore(store: TrainingStore): TrainingStore {
  const timed = async <T>(what: keyof typeof spent, work: Promise<T>): Promise<T> => {
    const startedAt = performance.now()
    try {
      return await work
    } finally {
      spent[what] += (performance.now() - startedAt) / 1000
    }
  }
  return {
    ...store,
    histories: (wanted) => timed('features', store.histories(wanted)),
    saveScorePage: (page, placing) => timed('saving', store.saveScorePage(page, placing)),
  }
}

function at(database: Database, vault: Vault, atMs: number) {
  const activities = createTrainingActivities({
    store: timedStore(createTrainingStore(database)),
    definitions: { get: () => loadDefinitions(database) },
    clock: { nowMs: () => atMs, realMsUntil: () => 0, speed: 1 },
    idFor: createIdentifiers(vault, 'models').id,
    codeVersion,
  })
  return {
    activities,
    environment: new MockActivityEnvironment({ workflowExecution: { workflowId: 'w', runId: 'r' } }),
  }
}
