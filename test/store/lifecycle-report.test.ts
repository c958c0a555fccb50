/** The funnel and the cohorts that the database counts are those that plain counting gives. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { stageFunnel } from '../../src/analytics/lifecycle/stage-funnel.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { lifecycleCohorts, lifecycleFunnel, stagesInOrder } from '../../src/store/lifecycle-report.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url)
})
beforeEach(() => database.pool.query('DELETE FROM lifecycle_moves; DELETE FROM customers'))
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

interface Person {
  readonly seenAt: Date
  /** The stages that they were in, each with the days until then. */
  readonly way: readonly { readonly stage: number; readonly day: number }[]
  readonly isMerged?: boolean
}

const dayMs = 86_400_000

async function addPeople(people: readonly Person[]): Promise<void> {
  for (const { seenAt, way, isMerged = false } of people) {
    const id = randomUUID()
    const here = stagesInOrder[way.at(-1)?.stage ?? 0]
    await database.pool.query(
      `INSERT INTO customers (id, stage, stage_since, first_seen_at, last_seen_at, merged_into, created_at, updated_at)
       VALUES ($1, $2, $3, $3, $3, $4, $3, $3)`,
      [id, here, seenAt, isMerged ? randomUUID() : null],
    )
    for (const [i, { stage, day }] of way.entries())
      if (i > 0)
        await database.pool.query(
          `INSERT INTO lifecycle_moves (customer_id, from_stage, to_stage, moved_at, reason, rule_version)
           VALUES ($1, $2, $3, $4, 'test', 'v')`,
          [id, stagesInOrder[way[i - 1]!.stage], stagesInOrder[stage], new Date(seenAt.getTime() + day * dayMs)],
        )
  }
}

/** Up and down by chance. */
function wanderers(count: number): Person[] {
  const random = seededRandom(11)
  return Array.from({ length: count }, () => {
    const way = [{ stage: Math.floor(5 * random() ** 3), day: 0 }]
    for (let day = 0; random() < 0.6; ) {
      day += 1 + Math.floor(30 * random())
      way.push({ stage: Math.floor(5 * random()), day })
    }
    const seenAt = new Date(Date.UTC(2026, Math.floor(6 * random()), 1 + Math.floor(28 * random()), 3))
    return { seenAt, way }
  })
}

test('the funnel is that of plain counting, and so are the cohorts', async () => {
  const people = wanderers(150)
  await addPeople([...people, { seenAt: new Date(0), way: [{ stage: 4, day: 0 }], isMerged: true }])
  const furthest = people.map(({ way }) => Math.max(...way.map(({ stage }) => stage)))
  const current = people.map(({ way }) => way.at(-1)!.stage)
  const funnel = await lifecycleFunnel(database.pool)
  expect(funnel.map((row) => ({ ...row, medianDays: undefined }))).toEqual(
    stageFunnel(stagesInOrder, furthest, current).map((row) => ({ ...row, medianDays: undefined })),
  )

  const cohorts = await lifecycleCohorts(database.pool, 12)
  const months = [...new Set(people.map(({ seenAt }) => seenAt.toISOString().slice(0, 7)))].sort()
  expect(cohorts.map(({ month }) => month)).toEqual(months)
  for (const { month, size, reached, current: here } of cohorts) {
    const theirs = people.flatMap(({ seenAt }, i) => (seenAt.toISOString().startsWith(month) ? [i] : []))
    expect(size).toBe(theirs.length)
    for (const [n, stage] of stagesInOrder.entries()) {
      expect(reached[stage]).toBe(theirs.filter((i) => furthest[i]! >= n).length)
      expect(here[stage]).toBe(theirs.filter((i) => current[i] === n).length)
    }
  }
  expect(await lifecycleCohorts(database.pool, 2)).toEqual(cohorts.slice(-2))
})

test('the days until a stage are those to the first time in it or beyond; nobody has none', async () => {
  const seenAt = new Date(Date.UTC(2026, 0, 1))
  const way = (...steps: [number, number][]) => [{ stage: 0, day: 0 }, ...steps.map(([stage, day]) => ({ stage, day }))]
  await addPeople([
    { seenAt, way: way([1, 4], [2, 10], [1, 20], [2, 30]) },
    { seenAt, way: way([1, 8]) },
    { seenAt, way: way([2, 2]) }, // Straight to the third stage: the second is reached as well.
  ])
  const days = Object.fromEntries((await lifecycleFunnel(database.pool)).map((row) => [row.stage, row.medianDays]))
  expect(days).toEqual({ acquire: null, activate: 4, retain: 6, revenue: null, refer: null })
})

test('without customers there is a funnel of nobody and no cohort', async () => {
  const nobody = { reached: 0, current: 0, fromBefore: null, fromFirst: null, medianDays: null }
  expect(await lifecycleFunnel(database.pool)).toEqual(stagesInOrder.map((stage) => ({ stage, ...nobody })))
  expect(await lifecycleCohorts(database.pool, 12)).toEqual([])
})
