/** A segment of whom a product would be recommended to: filled by the recommender in use, and moved by an order. */

import { randomUUID } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scoreOne } from '../../activities/score-one.ts'
import { createTrainingActivities } from '../../activities/training.ts'
import type { ScoringResult } from '../../activities/training-types.ts'
import type { ModelKind } from '../../src/domain/model-kind.ts'
import { loadDefinitions } from '../../src/store/campaigns.ts'
import { saveRecommenderTables } from '../../src/store/findings.ts'
import { insertModel, promoteModel } from '../../src/store/models.ts'
import { recommendFor } from '../../src/store/recommendations.ts'
import { createTrainingStore } from '../../src/store/training-store.ts'
import { openSegmentShop, type SegmentShop } from './support/engine.ts'

let shop: SegmentShop
beforeAll(async () => {
  shop = await openSegmentShop()
})
afterAll(() => shop.close())

const wantsCable = 'name: Wants cable\nif: { match.recommendation: cable }'
const wantsEither = 'name: Wants either\nif: { match.recommendation: [drum, lamp] }'
const products = ['amp', 'book', 'cable', 'drum', 'lamp', ...Array.from({ length: 12 }, (_, i) => `other-${i}`)]

test('a segment on recommendations holds whom the recommender in use is about, and follows their orders', async () => {
  await shop.live([
    ...products.map((product) => order('seller', product)),
    order('ada', 'amp'),
    order('bob', 'book'),
    { type: 'identify', userId: 'new', traits: {}, timestamp: now() },
  ])
  await shop.publish('segment', { 'wants-cable': wantsCable, 'wants-either': wantsEither })
  await shop.build()
  expect(await shop.members('wants-cable')).toEqual([])

  await useRecommender()
  const { customers } = await applyRecommender()
  expect(customers).toBe(2) // Whoever has everything, or nothing, is recommended nothing.
  await shop.evaluate()
  expect(await shop.members('wants-cable')).toEqual(['ada'])
  expect(await shop.members('wants-either')).toEqual(['bob'])

  // Who buys it has it, and what goes with that comes next; for nobody else anything changes.
  await shop.live([order('ada', 'cable')])
  await scoreOne(await idOf('ada'), { store: store(), clock: clock(), idFor: () => randomUUID() })
  await shop.evaluate()
  expect(await shop.members('wants-cable')).toEqual([])
  expect(await shop.members('wants-either')).toEqual(['ada', 'bob'])
  await applyRecommender()
  expect(await shop.rows('SELECT FROM dirty_customers')).toEqual([])
  const { kept, rebuilt } = await shop.compareWithRebuild()
  expect(kept).toEqual(rebuilt)
})

test('the keys are what the same customer is shown first', async () => {
  for (const who of ['ada', 'bob']) {
    const id = await idOf(who)
    const shown = await recommendFor(shop.database.pool, id, { limit: 10 })
    const kept = await shop.rows<{ key: string }>(
      `SELECT key FROM customer_matches WHERE customer_id = $1 AND kind = 'recommendation'`,
      [id],
    )
    expect(kept.map(({ key }) => key).toSorted()).toEqual(shown.map(({ productKey }) => productKey).toSorted())
    expect(kept).toHaveLength(10)
  }
})

/** What goes with what, and of the rest all is as popular: amp with cable, cable with drum, book with lamp. */
async function useRecommender(): Promise<void> {
  const id = randomUUID()
  const model = { id, kind: 'recommender' as const, method: 'items-and-popularity', createdAtMs: shop.time.nowMs }
  await insertModel(shop.database, { ...model, parameters: { setting: { likenessWeight: 0.8 } } })
  await promoteModel(shop.database, id, shop.time.nowMs)
  await saveRecommenderTables(shop.database, id, {
    products,
    product: Int32Array.of(0, 2, 1),
    related: Int32Array.of(2, 3, 4),
    score: Float64Array.of(0.9, 0.8, 0.7),
    popularity: Float64Array.from(products, (_, i) => (i < 5 ? 0.01 : 0.5)),
  })
}

async function applyRecommender(): Promise<ScoringResult> {
  const activities = createTrainingActivities({
    store: store(),
    definitions: { get: () => loadDefinitions(shop.database) },
    clock: clock(),
    idFor: () => randomUUID(),
    codeVersion: () => 'test',
  })
  const environment = new MockActivityEnvironment({ workflowExecution: { workflowId: 'w', runId: 'r' } })
  type Score = typeof activities.scoreEveryone
  return environment.run<[ModelKind], ScoringResult, Score>(activities.scoreEveryone, 'recommender')
}

const store = () => createTrainingStore(shop.database)
const clock = () => ({ nowMs: () => shop.time.nowMs, realMsUntil: () => 0, speed: 1 })
const now = (): string => new Date(shop.time.nowMs).toISOString()

let orders = 0
function order(userId: string, product: string): Parameters<SegmentShop['live']>[0][number] {
  return {
    type: 'track',
    event: 'Order Completed',
    userId,
    timestamp: now(),
    properties: {
      order_id: `o${++orders}`,
      revenue: 10,
      currency: 'EUR',
      products: [{ product_id: product, name: product, price: 10, quantity: 1 }],
    },
  }
}

async function idOf(externalId: string): Promise<string> {
  const [row] = await shop.rows<{ id: string }>('SELECT id FROM customers WHERE external_id = $1', [externalId])
  return row?.id as string
}
