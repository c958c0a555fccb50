/** Who reacts because of an offer: learned from the experiments that hold some customers out, whatever journey they are in. */

import { churnFeatureNames, churnFeatures, churnFeatureVersion } from '../../src/analytics/churn/churn-features.ts'
import { type Definitions, experimentKey } from '../../src/domain/definitions.ts'
import { dayMs } from '../../src/domain/time.ts'
import { nothingYet, type Trainer } from './trainer.ts'

/** So long a reaction is waited for. */
const reactDays = 14
const fewest = 200
const margin = 0.001

/** What sending costs beside the offer itself, in cents. */
const messageCents = 1

export const upliftTrainer: Trainer = {
  async draft({ store, definitions }, nowMs) {
    const experiments = [...heldOut(await definitions.get()).keys()]
    if (experiments.length === 0) return nothingYet('Too little data: no journey has an experiment with a hold-out.')
    const rows = await store.experimentOutcomes(experiments, nowMs, reactDays)
    const variants = heldOut(await definitions.get())
    const untreated = rows.filter(({ experiment, variant }) => variants.get(experiment)?.has(variant)).length
    if (Math.min(untreated, rows.length - untreated) < fewest) {
      return nothingYet(
        `Too little data: ${rows.length - untreated} customers got something and ${untreated} were held out, ${fewest} of each are needed.`,
      )
    }
    return {
      method: 'uplift',
      parameters: { experiments, asOfMs: nowMs, reactDays },
      trainedFromMs: null,
      trainedToMs: nowMs,
      featureVersion: churnFeatureVersion,
    }
  },

  async fit({ store, definitions, compute }, model) {
    const { experiments, asOfMs } = model.parameters as { experiments: string[]; asOfMs: number }
    const variants = heldOut(await definitions.get())
    const rows = await store.experimentOutcomes(experiments, asOfMs, reactDays)
    const treatment: number[] = []
    const outcome: number[] = []
    const values: number[] = []
    // Features as of the day before each was given a variant, a day's customers at a time.
    const byDay = Map.groupBy(rows, ({ assignedAtMs }) => Math.floor(assignedAtMs / dayMs))
    for (const [day, assigned] of byDay) {
      const { histories } = await store.histories({
        asOfMs: day * dayMs,
        customerIds: assigned.map(({ customerId }) => customerId),
        population: 'known',
      })
      const features = churnFeatures(histories)
      const place = new Map(histories.customerIds.map((id, i) => [id, i]))
      for (const { customerId, experiment, variant, bought } of assigned) {
        const i = place.get(customerId)
        if (i === undefined) continue
        const width = churnFeatureNames.length
        values.push(...features.subarray(i * width, (i + 1) * width))
        treatment.push(variants.get(experiment)?.has(variant) ? 0 : 1)
        outcome.push(bought ? 1 : 0)
      }
    }
    const buyers = rows.filter(({ bought }) => bought)
    const valueCents = buyers.reduce((sum, { revenueCents }) => sum + revenueCents, 0) / Math.max(1, buyers.length)
    const { uplift, ...measured } = await compute('uplift', {
      names: churnFeatureNames,
      features: {
        rows: treatment.length,
        columns: churnFeatureNames.length,
        values: Float64Array.from(values),
      },
      treatment: Uint8Array.from(treatment),
      outcome: Uint8Array.from(outcome),
      valueCents,
      costCents: messageCents,
    })
    return { uplift, measured, valueCents }
  },

  async evaluate(_needs, model, champion) {
    const measured = model.parameters['measured'] as Record<string, unknown>
    const standing = champion?.metrics['qini']
    return { ...measured, ...(typeof standing === 'number' ? { championQini: standing } : {}) }
  },

  judgement({ metrics }) {
    const value = Number(metrics['qini'] ?? Number.NaN)
    const champion = metrics['championQini']
    return {
      measure: 'Qini coefficient',
      value,
      champion: typeof champion === 'number' ? champion : undefined,
      higherIsBetter: true,
      margin,
      useless: value > 0 ? undefined : 'Finds those who react no better than chance',
      words: `Qini coefficient ${value.toFixed(4)} on customers held back`,
    }
  },

  // It is asked for whom to choose; nobody has a score of it by themselves.
  apply: async () => ({ customers: 0, crossings: 0 }),
}

/** By experiment, the variants that get nothing. */
export function heldOut({ journeys }: Definitions): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const journey of journeys.values()) {
    for (const step of journey.steps) {
      if (step.type !== 'experiment') continue
      const names = step.variants.filter(({ isHoldOut }) => isHoldOut).map(({ name }) => name)
      if (names.length > 0) found.set(experimentKey(journey.key, step.id), new Set(names))
    }
  }
  return found
}
