/** Who reacts because of an offer: learned from the experiments that hold some customers out, whatever journey they are in. */

import { bestOf, type MeasuredChoice, type OfferUplift } from '../../src/analytics/training/offer-uplift.ts'
import type { Estimate } from '../../src/analytics/training/policy-value.ts'
import type { TasteEncoding } from '../../src/analytics/training/taste-features.ts'
import { upliftScores } from '../../src/analytics/training/uplift.ts'
import { upliftFeatures, upliftFeatureVersion } from '../../src/analytics/training/uplift-features.ts'
import type { ModelRow } from '../../src/store/models.ts'
import { historiesInPages } from './score-pages.ts'
import { nothingYet, type Trainer } from './trainer.ts'
import { heldOut, upliftRows } from './uplift-rows.ts'

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
      featureVersion: upliftFeatureVersion,
    }
  },

  async fit(needs, model) {
    const { experiments, asOfMs } = model.parameters as { experiments: string[]; asOfMs: number }
    const outcomes = await needs.store.experimentOutcomes(experiments, asOfMs, reactDays)
    const buyers = outcomes.filter(({ bought }) => bought)
    const valueCents = buyers.reduce((sum, { revenueCents }) => sum + revenueCents, 0) / Math.max(1, buyers.length)
    const { encoding, matrix, ...rows } = await upliftRows(needs, outcomes, fewest)
    const { uplift, byOffer, ...measured } = await needs.compute('uplift', {
      ...rows,
      features: matrix,
      valueCents,
      costCents: messageCents,
    })
    return { uplift, byOffer, tastes: encoding, measured, valueCents }
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
      words: `Qini coefficient ${value.toFixed(4)} on customers held back${inWords(metrics['choice'])}`,
    }
  },

  // Writes down which offer moves each buyer most, so that a segment may ask for it.
  async apply({ store, ...needs }, model, pages) {
    const byOffer = (model.parameters['byOffer'] ?? []) as readonly OfferUplift[]
    let progress = pages.start
    if (byOffer.length === 0) return { customers: progress.customers, crossings: 0 }
    for await (const { upTo, histories } of historiesInPages({ store, ...needs }, model, pages.nowMs, progress.after)) {
      const tastes = await store.tastes(pages.nowMs, histories.customerIds)
      const { names, matrix } = upliftFeatures(histories, tastes, encodingOf(model))
      const scores = byOffer.map(({ uplift }) => upliftScores(uplift, names, matrix))
      const keys = histories.customerIds.map((_, row) => {
        const { offer, score } = bestOf(scores, row)
        const pays = score * Number(model.parameters['valueCents']) > messageCents
        return pays ? (byOffer[offer - 1] as OfferUplift).offer : noOffer
      })
      await store.replaceKeys('offer', histories.customerIds, keys)
      progress = { after: upTo, customers: progress.customers + keys.length, crossings: 0 }
      await pages.done(progress)
    }
    return { customers: progress.customers, crossings: 0 }
  },
}

/** What targeting brings where only a tenth may get something. */
function inWords(choice: unknown): string {
  const [tenth] = (choice as MeasuredChoice | null | undefined)?.withinBudget ?? []
  if (tenth === undefined) return ''
  const more = ({ value }: Estimate): string => (value * 1_000).toFixed(0)
  const { low, high } = tenth.overChance
  return `; a thousand offers to the likeliest tenth bring ${more(tenth.byRule)} more purchases, by chance ${more(tenth.byChance)} (95 % of the difference: ${(low * 1_000).toFixed(0)} to ${(high * 1_000).toFixed(0)})`
}

/** Whom nothing moves, as far as is known: `match.offer: none`. */
const noOffer = 'none'

/** Models from before there were tastes have none. */
function encodingOf({ parameters }: Pick<ModelRow, 'parameters'>): TasteEncoding | undefined {
  return parameters['tastes'] as TasteEncoding | undefined
}
