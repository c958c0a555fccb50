/** What training and scoring read and write. */

import type { LaterPurchases, PurchaseHistories } from '../domain/purchase-history.ts'
import type { EpochMs } from '../domain/time.ts'
import { type FeaturesWanted, loadCustomerFeatures } from './customer-features.ts'
import type { Database, Queryable } from './database.ts'
import {
  amendModel,
  championModel,
  insertModel,
  loadModel,
  type ModelRow,
  type NewModel,
  promoteModel,
  rejectModel,
} from './models.ts'
import { orderSpan, usualReturnDays } from './order-rhythm.ts'
import { type ScorePage, saveScores } from './scores.ts'
import { type Placing, placePage } from './stages.ts'

export interface TrainingStore {
  orderSpan(untilMs: EpochMs): ReturnType<typeof orderSpan>
  usualReturnDays(untilMs: EpochMs): Promise<number | null>
  histories(wanted: FeaturesWanted): Promise<{ histories: PurchaseHistories; later: LaterPurchases }>
  insertModel(model: NewModel): Promise<ModelRow>
  amendModel(id: string, patch: Parameters<typeof amendModel>[2]): Promise<void>
  loadModel(id: string): Promise<ModelRow>
  championModel(kind: ModelRow['kind']): Promise<ModelRow | undefined>
  promoteModel(id: string, nowMs: EpochMs): Promise<void>
  rejectModel(id: string): Promise<void>
  /** The ids of customers who have bought, in order, after this one; at most `limit`. */
  buyersAfter(customerId: string | null, limit: number): Promise<string[]>
  /**
   * Saves a page of scores. Who never had a score of this kind, and for whom nothing is pending, is put where `stageOf`
   * says: nobody will look at them, and a first score is no news.
   */
  saveScorePage(page: ScorePage, placing: Omit<Placing, 'nowMs'>): Promise<{ crossings: number }>
  /** Saves scores of customers who will be looked at next. */
  saveScoresQuietly(page: Omit<ScorePage, 'announce'>): Promise<void>
}

export function createTrainingStore(database: Database): TrainingStore {
  const db = database.pool
  return {
    orderSpan: (untilMs) => orderSpan(db, untilMs),
    usualReturnDays: (untilMs) => usualReturnDays(db, untilMs),
    histories: (wanted) => loadCustomerFeatures(db, wanted),
    insertModel: (model) => insertModel(database, model),
    amendModel: (id, patch) => amendModel(db, id, patch),
    loadModel: (id) => loadModel(database, id),
    championModel: (kind) => championModel(database, kind),
    promoteModel: (id, nowMs) => promoteModel(database, id, nowMs),
    rejectModel: (id) => rejectModel(database, id),
    buyersAfter: (customerId, limit) => buyersAfter(db, customerId, limit),
    saveScorePage: (page, placing) =>
      database.transaction(async (client) => {
        const { crossings, firstScored } = await saveScores(client, page)
        await placePage(client, firstScored, { ...placing, nowMs: page.nowMs })
        return { crossings }
      }),
    async saveScoresQuietly(page) {
      await saveScores(db, page)
    },
  }
}

async function buyersAfter(db: Queryable, customerId: string | null, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `SELECT id FROM customers
      WHERE order_count > 0 AND merged_into IS NULL AND ($1::uuid IS NULL OR id > $1)
      ORDER BY id LIMIT $2`,
    [customerId, limit],
  )
  return rows.map((row) => row.id)
}
