/** What training and scoring read and write. */

import type { CustomerView } from '../domain/condition.ts'
import type { LaterPurchases, PurchaseHistories } from '../domain/purchase-history.ts'
import type { Stage } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
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
import { loadPurchaseHistories, orderSpan, usualReturnDays } from './purchase-histories.ts'
import { type ScorePage, saveScores } from './scores.ts'
import { lockAndLoadSnapshots } from './snapshots.ts'

/** Where a customer at rest stands after a new score. */
export interface RestingStage {
  readonly stage: Stage
  readonly reason: string
  readonly atRisk: boolean
}

export interface TrainingStore {
  orderSpan(untilMs: EpochMs): ReturnType<typeof orderSpan>
  usualReturnDays(untilMs: EpochMs): Promise<number | null>
  histories(
    wanted: Parameters<typeof loadPurchaseHistories>[1],
  ): Promise<{ histories: PurchaseHistories; later: LaterPurchases }>
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
  saveScorePage(
    page: ScorePage,
    placing: { rules: string; stageOf: (view: CustomerView) => RestingStage },
  ): Promise<{ crossings: number }>
  /** Saves scores of customers who will be looked at next. */
  saveScoresQuietly(page: Omit<ScorePage, 'announce'>): Promise<void>
}

export function createTrainingStore(database: Database): TrainingStore {
  const db = database.pool
  return {
    orderSpan: (untilMs) => orderSpan(db, untilMs),
    usualReturnDays: (untilMs) => usualReturnDays(db, untilMs),
    histories: (wanted) => loadPurchaseHistories(db, wanted),
    insertModel: (model) => insertModel(db, model),
    amendModel: (id, patch) => amendModel(db, id, patch),
    loadModel: (id) => loadModel(db, id),
    championModel: (kind) => championModel(db, kind),
    promoteModel: (id, nowMs) => promoteModel(database, id, nowMs),
    rejectModel: (id) => rejectModel(db, id),
    buyersAfter: (customerId, limit) => buyersAfter(db, customerId, limit),
    saveScorePage: (page, placing) =>
      database.transaction(async (client) => {
        const { crossings, firstScored } = await saveScores(client, page)
        await placeAtRest(client, firstScored, page.nowMs, placing)
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

async function placeAtRest(
  client: Queryable,
  customerIds: readonly string[],
  nowMs: EpochMs,
  { rules, stageOf }: { rules: string; stageOf: (view: CustomerView) => RestingStage },
): Promise<void> {
  if (customerIds.length === 0) return
  const loaded = await lockAndLoadSnapshots(client, customerIds, { nowMs, newsPage: 1 })
  const places = loaded
    .map(({ snapshot }) => snapshot)
    .filter((snapshot) => snapshot.runs.length === 0 && snapshot.news.length === 0)
    .map((snapshot) => {
      const { stage, reason, atRisk } = stageOf(snapshot)
      return { id: snapshot.customer.id, from: snapshot.customer.stage, stage, reason, atRisk }
    })
  await client.query({
    name: 'place-at-rest',
    text: `
      WITH place AS (
        SELECT * FROM jsonb_to_recordset($1) AS p (id uuid, "from" text, stage text, reason text, "atRisk" boolean)
      ), placed AS (
        UPDATE customers c
           SET stage = p.stage, at_risk = p."atRisk",
               stage_since = CASE WHEN p.stage = p."from" THEN c.stage_since ELSE $2 END
          FROM place p WHERE c.id = p.id
      )
      INSERT INTO lifecycle_moves (customer_id, from_stage, to_stage, moved_at, reason, rule_version)
      SELECT id, "from", stage, $2, reason, $3 FROM place WHERE stage <> "from"`,
    values: [JSON.stringify(places), new Date(nowMs), rules],
  })
}
