/** Groups of customers: found in how they bought up to some weeks ago, judged by how well they still part them today. */

import { type ClusterModel, clusterQuality, nearestClusters } from '../../src/analytics/training/clusters.ts'
import { dayMs } from '../../src/domain/time.ts'
import type { ModelRow } from '../../src/store/models.ts'
import { historiesInPages } from './score-pages.ts'
import { nothingYet, type Trainer } from './trainer.ts'

const fewestCustomers = 200
const laterDays = 28
const seed = 1
const margin = 0.01
/** Below this there are no groups, only a cloud that was cut. */
const leastQuality = 0.1

export const clusterTrainer: Trainer = {
  async draft({ store }, nowMs) {
    const trainAtMs = nowMs - laterDays * dayMs
    const { histories } = await store.histories({ asOfMs: trainAtMs })
    const customers = histories.customerIds.length
    if (customers < fewestCustomers) {
      return nothingYet(
        `Too little data: ${customers} customers had bought four weeks ago, ${fewestCustomers} are needed.`,
      )
    }
    return {
      method: 'k-means',
      parameters: { trainAtMs, asOfMs: nowMs },
      trainedFromMs: null,
      trainedToMs: trainAtMs,
      featureVersion: 'customer-2',
      seed,
    }
  },

  async fit({ store, compute }, model) {
    const { histories } = await store.histories({ asOfMs: Number(model.parameters['trainAtMs']) })
    return { ...(await compute('clusters', { histories, seed })) }
  },

  async evaluate({ store }, model, champion) {
    const { histories } = await store.histories({ asOfMs: Number(model.parameters['asOfMs']) })
    const standing = champion?.method === 'k-means' ? modelOf(champion) : undefined
    return {
      customers: histories.customerIds.length,
      silhouette: clusterQuality(modelOf(model), histories),
      ...(standing ? { championSilhouette: clusterQuality(standing, histories) } : {}),
    }
  },

  judgement({ metrics, parameters }) {
    const value = Number(metrics['silhouette'] ?? Number.NaN)
    const champion = metrics['championSilhouette']
    const names = (parameters['model'] as ClusterModel).clusters.map(({ name }) => name).join('; ')
    return {
      measure: 'silhouette',
      value,
      champion: typeof champion === 'number' ? champion : undefined,
      higherIsBetter: true,
      margin,
      useless: value >= leastQuality ? undefined : 'There are no groups to be told apart',
      words: `silhouette ${value.toFixed(3)} on later data: ${names}`,
    }
  },

  async apply(needs, model, pages) {
    if (model.method !== 'k-means') return { customers: 0, crossings: 0 }
    const clusters = modelOf(model)
    let progress = pages.start
    for await (const { upTo, histories } of historiesInPages(needs, model, pages.nowMs, progress.after)) {
      const keys = Array.from(nearestClusters(clusters, histories), (c) => clusters.clusters[c]?.key ?? '')
      await needs.store.replaceKeys('cluster', histories.customerIds, keys)
      progress = { after: upTo, customers: progress.customers + keys.length, crossings: 0 }
      await pages.done(progress)
    }
    return { customers: progress.customers, crossings: 0 }
  },
}

function modelOf(model: ModelRow): ClusterModel {
  return model.parameters['model'] as ClusterModel
}
