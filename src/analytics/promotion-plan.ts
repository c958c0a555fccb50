/** Promotion planning: which offer for which segment, when the budget does not reach for all. */

import { checkFinite, checkWhole, refuse } from './core/check.ts'

/** What an offer is expected to do in a segment. Each customer gets at most one offer. */
export interface PromotionChoice {
  readonly segment: string
  readonly offer: string
  /** The segment's customers who may get it; the same for all of a segment's offers. */
  readonly customers: number
  /** Per customer who gets it: the margin that would not come without it, in minor units, before the offer's cost. */
  readonly expectedValueCents: number
  /** Per customer who gets it: what redeeming and sending it are expected to cost. */
  readonly expectedCostCents: number
}

/** So many customers of a segment get an offer. */
interface PlannedOffer {
  readonly segment: string
  readonly offer: string
  readonly customers: number
  readonly costCents: number
  readonly valueCents: number
}

export interface PromotionPlan {
  /** By segment, as first named in the choices; customers who get nothing are not listed. */
  readonly offers: readonly PlannedOffer[]
  readonly costCents: number
  readonly valueCents: number
  /** Value less cost. */
  readonly netCents: number
  /** What one more cent of budget would bring, net; 0 if the budget reaches for all that pays. */
  readonly netPerFurtherCent: number
}

/**
 * The plan with the highest expected net value within the budget, by whole customers.
 *
 * In each segment only offers on the concave hull of net value over cost are ever worth it; going from one to the next is a
 * step, and steps are taken by falling net value per cent, as far as the budget reaches. If customers could be cut in
 * pieces, that would be optimal; as it is, the plan misses the best one by less than the first step that is cut short is
 * worth for one customer.
 *
 * @throws RangeError if the budget or a cost is negative, a number is not finite, customers are no whole number, a segment's
 * offers differ in customers, or a segment has an offer twice.
 * @see Zemel (1980), "The linear multiple choice knapsack problem", Operations Research 28 (6).
 */
export function planPromotions(choices: readonly PromotionChoice[], budgetCents: number): PromotionPlan {
  if (checkFinite('budgetCents', budgetCents) < 0) refuse('budgetCents', budgetCents, 'must not be negative')
  const segments = bySegment(choices)
  const steps = segments.flatMap(concaveSteps).sort((a, b) => b.netPerCent - a.netPerCent)
  const planned = new Map<PromotionChoice, number>()
  const cutShort = new Set<string>()
  let left = budgetCents
  let netPerFurtherCent = 0
  for (const { from, to, cost, netPerCent } of steps) {
    if (cutShort.has(to.segment)) continue // The step before it is not complete, so nobody stands where it starts.
    const affordable = cost === 0 ? to.customers : Math.floor((left * (1 + 1e-12)) / cost)
    const customers = Math.min(to.customers, affordable)
    if (customers > 0) planned.set(to, customers)
    if (from && customers > 0) planned.set(from, from.customers - customers)
    left = Math.max(0, left - customers * cost)
    if (customers === to.customers) continue
    cutShort.add(to.segment)
    netPerFurtherCent = Math.max(netPerFurtherCent, netPerCent)
  }
  const offers = choices.flatMap((choice) => plannedOffer(choice, planned.get(choice) ?? 0))
  const costCents = sumOf(offers, 'costCents')
  const valueCents = sumOf(offers, 'valueCents')
  return { offers, costCents, valueCents, netCents: valueCents - costCents, netPerFurtherCent }
}

/** From one offer (or none) to the next better one of the segment, per customer. */
interface Step {
  readonly from: PromotionChoice | undefined
  readonly to: PromotionChoice
  readonly cost: number
  readonly netPerCent: number
}

/** The segment's steps along the upper concave hull, by falling net value per cent; only those that pay. */
function concaveSteps(choices: readonly PromotionChoice[]): Step[] {
  const net = (choice: PromotionChoice): number => choice.expectedValueCents - choice.expectedCostCents
  const byCost = choices.toSorted((a, b) => a.expectedCostCents - b.expectedCostCents || net(b) - net(a))
  const steps: Step[] = []
  for (const to of byCost) {
    for (;;) {
      const last = steps.at(-1)
      const cost = to.expectedCostCents - (last?.to.expectedCostCents ?? 0)
      const gain = net(to) - (last ? net(last.to) : 0)
      if (gain <= 0) break // Dearer, and no better.
      const netPerCent = cost === 0 ? Number.POSITIVE_INFINITY : gain / cost
      if (last && netPerCent >= last.netPerCent) {
        steps.pop() // The offer before lies under the line from its predecessor to this one.
        continue
      }
      steps.push({ from: last?.to, to, cost, netPerCent })
      break
    }
  }
  return steps
}

function plannedOffer(choice: PromotionChoice, customers: number): PlannedOffer[] {
  if (customers === 0) return []
  const { segment, offer, expectedCostCents, expectedValueCents } = choice
  const costCents = customers * expectedCostCents
  return [{ segment, offer, customers, costCents, valueCents: customers * expectedValueCents }]
}

function bySegment(choices: readonly PromotionChoice[]): PromotionChoice[][] {
  const segments = new Map<string, PromotionChoice[]>()
  choices.forEach((choice, i) => {
    checkWhole(`choices[${i}].customers`, choice.customers, 0)
    checkFinite(`choices[${i}].expectedValueCents`, choice.expectedValueCents)
    const cost = checkFinite(`choices[${i}].expectedCostCents`, choice.expectedCostCents)
    if (cost < 0) refuse(`choices[${i}].expectedCostCents`, cost, 'must not be negative')
    const others = segments.get(choice.segment) ?? []
    if (others.some(({ offer }) => offer === choice.offer)) {
      refuse(`choices[${i}].offer`, choice.offer, `must not be there twice for segment ${choice.segment}`)
    }
    const [first] = others
    if (first && first.customers !== choice.customers) {
      refuse(
        `choices[${i}].customers`,
        choice.customers,
        `must be as in the segment's other offers (${first.customers})`,
      )
    }
    segments.set(choice.segment, [...others, choice])
  })
  return [...segments.values()]
}

function sumOf(offers: readonly PlannedOffer[], key: 'costCents' | 'valueCents'): number {
  return offers.reduce((sum, offer) => sum + offer[key], 0)
}
