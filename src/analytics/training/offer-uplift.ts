/** Whom which offer moves, learned from an experiment for each offer, and what choosing among them is worth. */

import { type BudgetValue, type ChoiceValue, valueOfBudget, valueOfChoice } from './choice-value.ts'
import { type AnyUplift, chooseUplift, trainUplift, type UpliftResult, type UpliftTraining } from './uplift.ts'

export interface OfferUpliftTraining extends UpliftTraining {
  readonly offers: readonly string[]
  /** What each row was given: 0 nothing, from 1 on the offers; 255 something that is none of them. */
  readonly given: Uint8Array
  /** 1 for the rows of one experiment, in which nothing and all offers were given by chance: choosing is judged by these. */
  readonly judged: Uint8Array
}

export interface OfferUplift {
  readonly offer: string
  readonly uplift: AnyUplift
  readonly qini: number
}

/** What choosing an offer (or none) for each customer is worth, on customers not learned from. */
export interface MeasuredChoice {
  readonly offers: readonly string[]
  /** With all that a reaction brings, and with what is left of it at smaller margins. */
  readonly atMargins: readonly { readonly margin: number; readonly value: ChoiceValue }[]
  /** Reactions per customer who gets something, if only so many may. */
  readonly withinBudget: readonly BudgetValue[]
  readonly customers: number
}

export interface OfferUpliftResult extends UpliftResult {
  /** One for each offer of which enough is known. */
  readonly byOffer: readonly OfferUplift[]
  readonly choice: MeasuredChoice | null
}

const margins = [1, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5, 0.4] as const
const budgets = [0.1, 0.25, 0.5] as const

/** @throws RangeError as `trainUplift` does. */
export function trainOfferUplift(
  training: OfferUpliftTraining,
  onProgress: (share: number) => void = () => {},
): OfferUpliftResult {
  const { offers, given, outcome } = training
  const parts = offers.length + 1
  const general = trainUplift(training, (share) => onProgress(share / parts))
  const chosen = offers.map((_, o) => {
    const learns = given.map((one) => (one === 0 || one === o + 1 ? 1 : 0))
    const treatment = given.map((one) => (one === o + 1 ? 1 : 0))
    return chooseUplift({ ...training, treatment, outcome }, (share) => onProgress((o + 1 + share) / parts), learns)
  })
  return {
    ...general,
    byOffer: offers.map((offer, o) => ({ offer, uplift: chosen[o]?.uplift as AnyUplift, qini: chosen[o]?.qini ?? 0 })),
    choice: measured(
      training,
      chosen.map(({ scores }) => scores),
    ),
  }
}

function measured(training: OfferUpliftTraining, scores: readonly Float64Array[]): MeasuredChoice | null {
  const { outcome, judged, valueCents, costCents } = training
  const all = Array.from(training.given.keys()).filter((row) => judged[row] === 1)
  const known = training.offers.map((_, o) => o).filter((o) => all.some((row) => training.given[row] === o + 1))
  // As they are counted here: 0 for nothing, from 1 on the offers that this experiment made.
  const place = new Map([[0, 0], ...known.map((o, i): [number, number] => [o + 1, i + 1])])
  const rows = all.filter((row) => place.has(training.given[row] as number))
  const given = rows.map((row) => place.get(training.given[row] as number) as number)
  if (known.length === 0 || !given.includes(0)) return null
  const own = known.map((o) => scores[o] as Float64Array)
  const best = rows.map((row) => bestOf(own, row))
  const reactions = rows.map((row) => outcome[row] as number)
  const offers = known.length
  return {
    offers: known.map((o) => training.offers[o] as string),
    atMargins: margins.map((margin) => {
      const cents = valueCents * margin
      const chosen = best.map(({ offer, score }) => (score * cents > costCents ? offer : 0))
      const gains = reactions.map((one) => one * cents)
      return { margin, value: valueOfChoice({ given, offers, gains, costCents, chosen }) }
    }),
    withinBudget: budgets.map((share) =>
      valueOfBudget(
        { given, offers, gains: reactions, costCents: 0, chosen: best.map(({ offer }) => offer) },
        best.map(({ score }) => score),
        share,
      ),
    ),
    customers: rows.length,
  }
}

/** Which offer moves a customer most, from 1 on. */
export function bestOf(scores: readonly Float64Array[], row: number): { offer: number; score: number } {
  let [offer, score] = [0, Number.NEGATIVE_INFINITY]
  scores.forEach((own, o) => {
    if ((own[row] as number) > score) [offer, score] = [o + 1, own[row] as number]
  })
  return { offer, score }
}
