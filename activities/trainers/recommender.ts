/** Recommendations: settings chosen by what was bought later, judged by what was bought after that. */

import type { RankingMetrics } from '../../src/analytics/recommend/ranking-metrics.ts'
import { nothingYet, type Trainer } from './trainer.ts'

const fewestCustomers = 200
const fewestPairs = 1_000
const margin = 0.002

/** Each brings some thousand products to choose from. */
const customersAtOnce = 500

/** The last of the time judges, and the part before it chooses. */
const partShare = 1 / 6

export const recommenderTrainer: Trainer = {
  async draft({ store }, nowMs) {
    const span = await store.orderSpan(nowMs)
    if (!span || span.days < 42 || span.buyers < fewestCustomers) {
      const found = `${span?.buyers ?? 0} customers have bought in ${Math.floor(span?.days ?? 0)} days`
      return nothingYet(`Too little data: ${found}; ${fewestCustomers} in 42 days are needed.`)
    }
    const { customers } = await store.firstPurchases(nowMs)
    if (customers.length < fewestPairs) {
      return nothingYet(`Too little data: orders name ${customers.length} products, ${fewestPairs} are needed.`)
    }
    const part = (nowMs - span.firstMs) * partShare
    return {
      method: 'items-and-popularity',
      parameters: { chooseFromMs: nowMs - 2 * part, judgeFromMs: nowMs - part, asOfMs: nowMs },
      trainedFromMs: span.firstMs,
      trainedToMs: nowMs,
      featureVersion: null,
    }
  },

  async fit({ store, compute }, model) {
    const { chooseFromMs, judgeFromMs, asOfMs } = model.parameters as Record<string, number>
    const pairs = await store.firstPurchases(asOfMs as number)
    const { tables, setting, ...measured } = await compute('recommender', {
      ...pairs,
      chooseFromMs: chooseFromMs as number,
      judgeFromMs: judgeFromMs as number,
    })
    await store.saveRecommenderTables(model.id, tables)
    return { setting, measured, products: tables.products.length }
  },

  async evaluate(_needs, model, champion) {
    const { hybrid, popularityOnly, likenessOnly, customers, tops } = model.parameters['measured'] as Measured
    const standing = champion?.metrics['ndcg']
    return {
      customers,
      ndcg: hybrid.ndcg,
      popularityNdcg: popularityOnly.ndcg,
      likenessNdcg: likenessOnly.ndcg,
      precision: hybrid.precision,
      recall: hybrid.recall,
      map: hybrid.map,
      coverage: hybrid.coverage,
      hitRate: hybrid.hitRate,
      tops,
      // Its tables are of another day: a newer one knows products that it does not.
      ...(typeof standing === 'number' ? { previousNdcg: standing } : {}),
    }
  },

  judgement({ metrics }) {
    const value = Number(metrics['ndcg'] ?? Number.NaN)
    const plain = Number(metrics['popularityNdcg'] ?? Number.NaN)
    return {
      measure: 'NDCG@10',
      value,
      // Against what anybody could show without a model, on the same orders.
      champion: plain,
      rival: 'by popularity alone',
      higherIsBetter: true,
      margin,
      words: `NDCG@10 ${value.toFixed(3)} on later orders`,
    }
  },

  /** What somebody is shown is looked up when they ask; whom it is about is written down for conditions. */
  async apply({ store }, model, pages) {
    if (model.method === 'rule') return { customers: 0, crossings: 0 }
    let progress = pages.start
    for (;;) {
      const ids = await store.buyersAfter(progress.after, customersAtOnce)
      if (ids.length === 0) return { customers: progress.customers, crossings: 0 }
      const customers = progress.customers + (await store.replaceRecommendationMatches(ids))
      progress = { after: ids.at(-1) as string, customers, crossings: 0 }
      await pages.done(progress)
    }
  },
}

interface Measured {
  readonly hybrid: RankingMetrics
  readonly popularityOnly: RankingMetrics
  readonly likenessOnly: RankingMetrics
  readonly customers: number
  readonly tops: readonly object[]
}
