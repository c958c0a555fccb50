/** Giving a customer a coupon, or saying why not. */

import type { OfferStep } from '../definitions.ts'
import { holds } from '../evaluate.ts'
import type { Outcome } from './advance.ts'
import { type DefinedRun, note, type Workspace } from './workspace.ts'

/** Issues a coupon of the offer. Whoever already holds one keeps that: nobody gets the same offer twice at once. */
export function issueOffer(work: Workspace, run: DefinedRun, step: OfferStep): Outcome {
  const held = work.heldCoupons.find((coupon) => coupon.offer === step.offer)
  if (held !== undefined) {
    remember(run, step.offer, held.id)
    note(work, run, 'offer', 'done', 'already-held', { offer: step.offer })
    return { goTo: step.next }
  }
  const refusal = refusalOf(work, step)
  if (refusal !== null) {
    note(work, run, 'offer', 'refused', refusal, { offer: step.offer })
    return { goTo: step.ifRefused }
  }
  issue(work, run, step)
  return { goTo: step.next }
}

function refusalOf({ definitions, heldCoupons, view, nowMs }: Workspace, step: OfferStep): string | null {
  const offer = definitions.offers.get(step.offer)
  if (offer === undefined) return 'offer-unknown'
  if (offer.if !== null && !holds(offer.if, view, nowMs)) return 'offer-condition'
  return heldCoupons.length >= definitions.policy.offersAtOnce ? 'offers-at-once' : null
}

function issue(work: Workspace, run: DefinedRun, { id: step, offer: key }: OfferStep): void {
  const offer = work.definitions.offers.get(key)
  const visit = run.memory.visits?.[step] ?? 1
  const coupon = {
    id: work.identifiers.id(`coupon:${run.id}:${step}:${visit}`),
    offer: key,
    code: `${offer?.codePrefix ?? ''}-${work.identifiers.code(`code:${run.id}:${step}:${visit}`)}`,
    expiresAtMs: offer?.validForMs == null ? null : work.nowMs + offer.validForMs,
  }
  work.coupons.push(coupon)
  work.heldCoupons.push(coupon)
  remember(run, key, coupon.id)
  note(work, run, 'offer', 'done', 'issued', { offer: key })
}

function remember(run: DefinedRun, offer: string, couponId: string): void {
  run.memory = { ...run.memory, coupons: { ...run.memory.coupons, [offer]: couponId } }
}
