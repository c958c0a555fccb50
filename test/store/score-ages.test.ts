/** How old scores are: told to monitoring, and by the doctor where nobody makes them anew. */

import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { examineScores } from '../../src/cli/doctor/scores.ts'
import { readConfig } from '../../src/config.ts'
import { hourMs } from '../../src/domain/time.ts'
import { neglected, readScoreAges, scoreAgeMetrics } from '../../src/store/score-ages.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let client: pg.Client
const nowMs = Date.now()

beforeAll(async () => {
  database = await createTestDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

async function score(kind: string, ...ages: readonly number[]): Promise<void> {
  await client.query(
    `INSERT INTO scores (customer_id, kind, value, model_id, scored_at)
     SELECT gen_random_uuid(), $1, 0.5, gen_random_uuid(), at FROM unnest($2::timestamptz[]) AS at`,
    [kind, ages.map((hours) => new Date(nowMs - hours * hourMs))],
  )
}

test('without scores there is nothing to tell, and nothing to warn of', async () => {
  expect(await readScoreAges(client, nowMs)).toEqual([])
  expect(await examineScores(client, readConfig())).toMatchObject({ status: 'ok', detail: 'none yet' })
})

test('of each kind the oldest and the newest are told, and how many are late', async () => {
  await score('churn', 1, 20, 300)
  await score('clv', 50, 60, 70, 2)
  await score('rfm_recency', 900)
  const ages = await readScoreAges(client, nowMs)
  expect(ages).toEqual([
    { kind: 'churn', scores: 3, late: 1, oldestMs: 300 * hourMs, newestMs: hourMs },
    { kind: 'clv', scores: 4, late: 3, oldestMs: 70 * hourMs, newestMs: 2 * hourMs },
    { kind: 'rfm_recency', scores: 1, late: 1, oldestMs: 900 * hourMs, newestMs: 900 * hourMs },
  ])
  expect(scoreAgeMetrics(ages).slice(0, 3)).toEqual([
    { metric: 'perennial_scores_oldest_seconds', labels: { kind: 'churn' }, value: 300 * 3_600 },
    { metric: 'perennial_scores_newest_seconds', labels: { kind: 'churn' }, value: 3_600 },
    { metric: 'perennial_scores_late', labels: { kind: 'churn' }, value: 1 },
  ])
})

test('the doctor warns of kinds of which most are late, not of a few whom nothing can score any more', async () => {
  const late = neglected(await readScoreAges(client, nowMs), ['churn', 'clv', 'purchase'])
  expect(late.map(({ kind }) => kind)).toEqual(['clv'])
  const finding = await examineScores(client, readConfig())
  expect(finding).toMatchObject({
    status: 'warning',
    detail: expect.stringMatching(/^lifetime value: 3 of 4/) as string,
  })
  expect(finding.remedy).toMatch(/model-care:clv/)
})
