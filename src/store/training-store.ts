/** What training and scoring read and write. */

import type { ModelKind } from '../domain/model-kind.ts'
import type { LaterPurchases, PurchaseHistories } from '../domain/purchase-history.ts'
import type { Tastes } from '../domain/tastes.ts'
import type { EpochMs } from '../domain/time.ts'
import { type FeaturesWanted, loadCustomerFeatures } from './customer-features.ts'
import { loadCustomerTastes } from './customer-tastes.ts'
import type { Database, Queryable } from './database.ts'
import {
  type FindingKind,
  type Pattern,
  type RecommenderRows,
  replaceKeys,
  replacePatternMatches,
  saveRecommenderTables,
} from './findings.ts'
import { saveDrift } from './model-drift.ts'
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
import { replaceRecommendationMatches } from './recommending/matches.ts'
import { type ScorePage, saveScores } from './scores.ts'
import { isScoreAsked } from './segments/asked-scores.ts'
import { type Placing, placePage } from './stages.ts'
import {
  basketsBetween,
  type ContractEvents,
  contractsAsOf,
  dailyRevenue,
  type ExperimentRow,
  experimentOutcomes,
  firstPurchases,
  firstSight,
  hoursBetween,
  type ItemLevel,
  itemLevel,
  sequencesBetween,
} from './training-sources.ts'

export interface TrainingStore {
  orderSpan(untilMs: EpochMs): ReturnType<typeof orderSpan>
  usualReturnDays(untilMs: EpochMs): Promise<number | null>
  histories(wanted: FeaturesWanted): Promise<{ histories: PurchaseHistories; later: LaterPurchases }>
  /** What these customers liked and were, in their order. */
  tastes(asOfMs: EpochMs, customerIds: readonly string[]): Promise<Tastes[]>
  insertModel(model: NewModel): Promise<ModelRow>
  amendModel(id: string, patch: Parameters<typeof amendModel>[2]): Promise<void>
  loadModel(id: string): Promise<ModelRow>
  championModel(kind: ModelKind): Promise<ModelRow | undefined>
  promoteModel(id: string, nowMs: EpochMs): Promise<void>
  rejectModel(id: string, reason: string, status?: 'rejected' | 'failed'): Promise<void>
  firstSight(): Promise<EpochMs | null>
  contracts(events: ContractEvents, asOfMs: EpochMs, untilMs?: EpochMs): ReturnType<typeof contractsAsOf>
  itemLevel(): Promise<ItemLevel>
  baskets(level: ItemLevel, fromMs: EpochMs, untilMs: EpochMs, most?: number): Promise<string[][]>
  sequences(level: ItemLevel, fromMs: EpochMs, untilMs: EpochMs): Promise<string[][][]>
  firstPurchases(untilMs: EpochMs): ReturnType<typeof firstPurchases>
  hours(fromMs: EpochMs, untilMs: EpochMs, customerIds?: readonly string[]): ReturnType<typeof hoursBetween>
  dailyRevenue(untilMs: EpochMs, mostDays: number): Promise<number[]>
  experimentOutcomes(experiments: readonly string[], untilMs: EpochMs, withinDays: number): Promise<ExperimentRow[]>
  replaceKeys(kind: FindingKind, customerIds: readonly string[], keys: readonly string[]): Promise<number>
  replacePatternMatches(kind: 'rule' | 'sequence', level: ItemLevel, patterns: readonly Pattern[]): Promise<number>
  saveRecommenderTables(modelId: string, tables: RecommenderRows): Promise<void>
  /** Buyers by ascending id, after this one. */
  buyersAfter(after: string | null, size: number): Promise<string[]>
  replaceRecommendationMatches(customerIds: readonly string[]): Promise<number>
  saveDrift(modelId: string, nowMs: EpochMs, drift: readonly { what: string; psi: number }[]): Promise<void>
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
    tastes: (asOfMs, customerIds) => loadCustomerTastes(db, asOfMs, customerIds),
    insertModel: (model) => insertModel(database, model),
    amendModel: (id, patch) => amendModel(db, id, patch),
    loadModel: (id) => loadModel(database, id),
    championModel: (kind) => championModel(database, kind),
    promoteModel: (id, nowMs) => promoteModel(database, id, nowMs),
    rejectModel: (id, reason, status) => rejectModel(db, id, reason, status),
    firstSight: () => firstSight(db),
    contracts: (events, asOfMs, untilMs) => contractsAsOf(db, events, asOfMs, untilMs),
    itemLevel: () => itemLevel(db),
    baskets: (level, fromMs, untilMs, most) => basketsBetween(db, level, fromMs, untilMs, most),
    sequences: (level, fromMs, untilMs) => sequencesBetween(db, level, fromMs, untilMs),
    firstPurchases: (untilMs) => firstPurchases(db, untilMs),
    hours: (fromMs, untilMs, customerIds) => hoursBetween(db, fromMs, untilMs, customerIds),
    dailyRevenue: (untilMs, mostDays) => dailyRevenue(db, untilMs, mostDays),
    experimentOutcomes: (experiments, untilMs, days) => experimentOutcomes(db, experiments, untilMs, days),
    replaceKeys: (kind, customerIds, keys) => replaceKeys(db, kind, customerIds, keys),
    replacePatternMatches: (kind, level, patterns) => replacePatternMatches(database, kind, level, patterns),
    saveRecommenderTables: (modelId, tables) => saveRecommenderTables(database, modelId, tables),
    buyersAfter: (after, size) => buyersAfter(db, after, size),
    replaceRecommendationMatches: (customerIds) => replaceRecommendationMatches(db, customerIds),
    saveDrift: (modelId, nowMs, drift) => saveDrift(db, modelId, nowMs, drift),
    saveScorePage: (page, placing) =>
      database.transaction(async (client) => {
        const unasked = !(await isScoreAsked(client, page.kind))
        const { crossings, firstScored } = await saveScores(client, { ...page, unasked })
        await placePage(client, firstScored, { ...placing, nowMs: page.nowMs })
        return { crossings }
      }),
    async saveScoresQuietly(page) {
      await saveScores(db, page)
    },
  }
}

async function buyersAfter(db: Queryable, after: string | null, size: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `SELECT id FROM customers
      WHERE order_count > 0 AND merged_into IS NULL AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2`,
    [after, size],
  )
  return rows.map(({ id }) => id)
}
