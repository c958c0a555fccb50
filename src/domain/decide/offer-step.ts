/** Giving a customer a coupon, or saying why not. */

import type { PlannedCoupon } from '../decision.ts'
import type { OfferDefinition } from '../definitions.ts'
import { holds } from '../evaluate.ts'
import { mostCostOf } from '../offer-cost.ts'
import type { OfferStep } from '../steps.ts'
import type { Outcome } from './outcome.ts'
import { isStaleForAll, staleRule } from './pause.ts'
import { type DefinedRun, note, type Workspace } from './workspace.ts'

/**
 * Issues a coupon of the first offer that is meant for this customer and of which there is one left. Whoever already holds
 * one of them keeps that: nobody gets the same offer twice at once.
 */
export function issueOffer(work: Workspace, run: DefinedRun, step: OfferStep): Outcome {
  const keys = new Set([...(step.personal ?? []).map((each) => each.offer), step.offer])
  const held = work.heldCoupons.find((coupon) => keys.has(coupon.offer))
  if (held !== undefined) {
    remember(run, step.offer, held.id)
    note(work, run, 'offer', 'done', 'already-held', { offer: held.offer })
    return { goTo: step.next }
  }
  if (isStaleForAll(work, run)) {
    note(work, run, 'offer', 'skipped', staleRule, { offer: step.offer })
    return { goTo: step.ifRefused }
  }
  for (const key of meantFor(work, step)) {
    const offer = work.definitions.offers.get(key)
    const refusal = offer === undefined ? 'offer-unknown' : refusalOf(work, offer)
    if (offer !== undefined && refusal === null) {
      issue(work, run, step, offer)
      return { goTo: step.next }
    }
    note(work, run, 'offer', 'refused', refusal ?? 'offer-unknown', { offer: key })
  }
  return { goTo: step.ifRefused }
}

/** The keys of offers, the best first, each once. */
function meantFor({ view, nowMs }: Workspace, { personal = [], offer }: OfferStep): readonly string[] {
  const meant = personal.filter((each) => holds(each.if, view, nowMs)).map((each) => each.offer)
  return [...new Set([...meant, offer])]
}

/** The customer's own reasons first: whether there are coupons left is asked of those who could have one. */
function refusalOf({ snapshot, definitions, heldCoupons, coupons, view, nowMs }: Workspace, offer: OfferDefinition) {
  if (offer.if !== null && !holds(offer.if, view, nowMs)) return 'offer-condition'
  if (heldCoupons.length >= definitions.policy.offersAtOnce) return 'offers-at-once'
  const facts = snapshot.offers?.[offer.key]
  const had = (facts?.had ?? 0) + coupons.filter((coupon) => coupon.offer === offer.key).length
  if (offer.perCustomer !== null && had >= offer.perCustomer) return 'offer-limit'
  if (facts === undefined || facts.exhausted !== null) return facts?.exhausted ?? null
  return facts.centsLeft !== null && (mostCostOf(offer.discount) ?? 0) > facts.centsLeft ? 'offer-budget' : null
}

function issue(work: Workspace, run: DefinedRun, { id: step, offer: place }: OfferStep, offer: OfferDefinition): void {
  const visit = run.memory.visits?.[step] ?? 1
  const coupon: PlannedCoupon = {
    id: work.identifiers.id(`coupon:${run.id}:${step}:${visit}`),
    offer: offer.key,
    code:
      offer.codes.from === 'pool'
        ? null
        : `${offer.codes.prefix}-${work.identifiers.code(`code:${run.id}:${step}:${visit}`)}`,
    costCents: mostCostOf(offer.discount),
    expiresAtMs: offer.validForMs === null ? null : work.nowMs + offer.validForMs,
  }
  work.coupons.push(coupon)
  work.heldCoupons = [...work.heldCoupons, coupon]
  // Messages of the journey know the step's own offer: they show whichever was given in its place.
  remember(run, place, coupon.id)
  note(work, run, 'offer', 'done', 'issued', { offer: offer.key })
}

function remember(run: DefinedRun, offer: string, couponId: string): void {
  run.memory = { ...run.memory, coupons: { ...run.memory.coupons, [offer]: couponId } }
}
