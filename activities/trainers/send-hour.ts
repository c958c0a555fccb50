/** The hour at which a customer is there: learned from what they did, judged by when they came later. */

import { bestHours, type SendHourModel } from '../../src/analytics/training/send-hours.ts'
import { dayMs } from '../../src/domain/time.ts'
import type { ModelRow } from '../../src/store/models.ts'
import { historiesInPages } from './score-pages.ts'
import { nothingYet, type Trainer } from './trainer.ts'

const learnDays = 180
const laterDays = 28
const fewestCustomers = 200
/** Whoever did less has no hour of their own. */
const fewestEvents = 3
const margin = 0.005

export const sendHourTrainer: Trainer = {
  async draft({ store }, nowMs) {
    const splitMs = nowMs - laterDays * dayMs
    const { customerIds } = await store.hours(splitMs - learnDays * dayMs, splitMs)
    if (customerIds.length < fewestCustomers) {
      return nothingYet(
        `Too little data: ${customerIds.length} customers did anything until four weeks ago, ${fewestCustomers} are needed.`,
      )
    }
    return {
      method: 'own-and-shop-hours',
      parameters: { splitMs, asOfMs: nowMs },
      trainedFromMs: splitMs - learnDays * dayMs,
      trainedToMs: splitMs,
      featureVersion: null,
    }
  },

  async fit({ store, compute }, model) {
    const { splitMs, asOfMs } = model.parameters as { splitMs: number; asOfMs: number }
    const earlier = await store.hours(splitMs - learnDays * dayMs, splitMs)
    const later = await store.hours(splitMs, asOfMs)
    const { model: hours, ...measured } = await compute('sendHours', { earlier, later })
    return { hours, measured }
  },

  async evaluate(_needs, model) {
    return { ...(model.parameters['measured'] as object) }
  },

  judgement({ metrics }) {
    const value = Number(metrics['hitRate'] ?? Number.NaN)
    const shop = Number(metrics['shopHitRate'] ?? Number.NaN)
    return {
      measure: 'share of events within an hour of it',
      value,
      // Everybody's hour is what it has to beat; a newer one is as good as the one before.
      champion: shop,
      rival: 'by the hour of the shop',
      higherIsBetter: true,
      margin,
      words: `${Math.round(value * 100)} % of later events within an hour of the customer's own hour, ${Math.round(shop * 100)} % of the shop's`,
    }
  },

  async apply(needs, model, pages) {
    const hours = hoursOf(model)
    if (hours === undefined) return { customers: 0, crossings: 0 }
    let progress = pages.start
    for await (const { upTo, histories } of historiesInPages(needs, model, pages.nowMs, progress.after)) {
      const fromMs = pages.nowMs - learnDays * dayMs
      const counted = await needs.store.hours(fromMs, pages.nowMs, histories.customerIds)
      const best = bestHours(hours, counted)
      const known = counted.customerIds.flatMap((id, i) => {
        const events = counted.counts.subarray(i * 24, (i + 1) * 24).reduce((sum, count) => sum + count, 0)
        return events < fewestEvents ? [] : [{ id, hour: String(best[i]) }]
      })
      const ids = known.map(({ id }) => id)
      await needs.store.replaceKeys(
        'send-hour',
        ids,
        known.map(({ hour }) => hour),
      )
      progress = { after: upTo, customers: progress.customers + ids.length, crossings: 0 }
      await pages.done(progress)
    }
    return { customers: progress.customers, crossings: 0 }
  },
}

function hoursOf(model: ModelRow): SendHourModel | undefined {
  return model.parameters['hours'] as SendHourModel | undefined
}
