/** What journeys, variants of experiments and offers did beside those whom chance held out of them. */

import { type LiftArm, liftOf } from '../../analytics/experiments/lift.ts'
import type { NamedLift, OfferEffects } from '../../analytics/experiments/measured-effects.ts'
import {
  combineEstimates,
  type EffectEstimate,
  type SharedEffects,
  shareEffects,
} from '../../analytics/experiments/shared-effects.ts'
import type { Definitions } from '../../domain/definitions.ts'
import { offerOnTheWay, onlyOffer } from '../../domain/variant-offer.ts'
import type { HoldOutRow } from '../../store/message-outcomes.ts'

/** Each variant against its experiment's hold-out, each journey against those held out from all marketing. */
export function liftsOf(rows: readonly HoldOutRow[], { journeys }: Definitions): NamedLift[] {
  const heldOutOf = new Map<string, Set<string>>()
  for (const journey of journeys.values()) {
    for (const step of journey.steps) {
      if (step.type !== 'experiment') continue
      const names = step.variants.filter(({ isHoldOut }) => isHoldOut).map(({ name }) => name)
      heldOutOf.set(`${journey.key}/${step.id}`, new Set(names))
    }
  }
  const isControl = ({ experiment, variant, heldOut }: HoldOutRow): boolean =>
    experiment === null ? heldOut : heldOutOf.get(experiment)?.has(variant ?? '') === true
  return rows.flatMap((row) => {
    const controls = rows.filter(
      (other) => isControl(other) && other.journey === row.journey && other.experiment === row.experiment,
    )
    if (isControl(row) || controls.length === 0) return []
    const control = sumOf(controls.map(({ arm }) => arm))
    const { journey, experiment, variant, arm } = row
    return [
      {
        journey,
        experiment,
        variant,
        offer: offerOf(row, journeys),
        customers: arm.customers,
        heldOut: control.customers,
        lift: liftOf(control, arm),
      },
    ]
  })
}

function sumOf(arms: readonly LiftArm[]): LiftArm {
  const sum = (column: keyof LiftArm): number => arms.reduce((total, arm) => total + arm[column], 0)
  return {
    customers: sum('customers'),
    buyers: sum('buyers'),
    revenueCents: sum('revenueCents'),
    revenueSquares: sum('revenueSquares'),
  }
}

function offerOf({ journey, experiment, variant }: HoldOutRow, journeys: Definitions['journeys']): string | null {
  const versions = [...journeys.values()].filter(({ key }) => key === journey)
  const offers = new Set(
    versions.map((version) => {
      if (experiment === null) return onlyOffer(version)
      const step = version.steps.find(({ id }) => `${journey}/${id}` === experiment)
      const chosen = step?.type === 'experiment' ? step.variants.find(({ name }) => name === variant) : undefined
      return chosen === undefined ? null : offerOnTheWay(version, chosen.next)
    }),
  )
  const [offer] = offers
  return offers.size === 1 ? (offer ?? null) : null // Versions that differ in it are not told apart.
}

const halfWidth = 1.959963984540054

export function offerEffects(lifts: readonly NamedLift[]): OfferEffects {
  const byOffer = Map.groupBy(
    lifts.filter(({ offer, lift }) => offer !== null && lift.rate !== null),
    ({ offer }) => offer as string,
  )
  if (byOffer.size === 0) return { offers: [], common: null }
  const found = [...byOffer].map(([offer, those]) => ({ offer, those, own: combineEstimates(those.map(estimateOf)) }))
  const shared: SharedEffects = shareEffects(found.map(({ own }) => own))
  const offers = found.map(({ offer, those, own }, i) => ({
    offer,
    customers: those.reduce((sum, { customers }) => sum + customers, 0),
    heldOut: those.reduce((sum, { heldOut }) => sum + heldOut, 0),
    difference: own.effect,
    interval: [own.effect - halfWidth * own.error, own.effect + halfWidth * own.error] as const,
    drawn: shared.effects[i] as EffectEstimate,
  }))
  return { offers: offers.toSorted((a, b) => b.drawn.effect - a.drawn.effect), common: shared.common }
}

function estimateOf({ lift }: NamedLift): EffectEstimate {
  const { difference, interval } = lift.rate as NonNullable<NamedLift['lift']['rate']>
  return { effect: difference, error: (interval[1] - interval[0]) / (2 * halfWidth) }
}
