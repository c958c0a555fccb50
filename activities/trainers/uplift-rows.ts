/** From experiments with a hold-out to rows to learn from: what was known of each customer, what they got, what came. */

import { chooseTastes, type TasteEncoding } from '../../src/analytics/training/taste-features.ts'
import { type UpliftFeatures, upliftFeatures } from '../../src/analytics/training/uplift-features.ts'
import { type Definitions, experimentKey } from '../../src/domain/definitions.ts'
import type { PurchaseHistories } from '../../src/domain/purchase-history.ts'
import type { Tastes } from '../../src/domain/tastes.ts'
import { dayMs, type EpochMs } from '../../src/domain/time.ts'
import { offerOnTheWay } from '../../src/domain/variant-offer.ts'
import type { ExperimentRow } from '../../src/store/training-sources.ts'
import type { TrainerNeeds } from './trainer.ts'

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

/** By `experiment/variant`, the offer that it leads to. */
function offersOf({ journeys }: Definitions): Map<string, string> {
  const found = new Map<string, string>()
  for (const journey of journeys.values()) {
    for (const step of journey.steps) {
      if (step.type !== 'experiment') continue
      for (const { name, next, isHoldOut } of step.variants) {
        const offer = isHoldOut ? null : offerOnTheWay(journey, next)
        if (offer !== null) found.set(`${experimentKey(journey.key, step.id)}/${name}`, offer)
      }
    }
  }
  return found
}

export interface UpliftRows extends UpliftFeatures {
  readonly encoding: TasteEncoding
  readonly treatment: Uint8Array
  readonly outcome: Uint8Array
  readonly offers: readonly string[]
  /** 0 nothing, from 1 on the offers; 255 something else. */
  readonly given: Uint8Array
  /** 1 for the rows of the largest experiment that were given nothing or an offer. */
  readonly judged: Uint8Array
}

const somethingElse = 255
const mostOffers = 20

/** @param fewest An offer that fewer got is not told apart. */
export async function upliftRows(
  needs: TrainerNeeds,
  outcomes: readonly ExperimentRow[],
  fewest: number,
): Promise<UpliftRows> {
  const definitions = await needs.definitions.get()
  const days = await whatWasKnown(needs, outcomes)
  const rows = days.flatMap((day) => day.rows)
  const encoding = chooseTastes(days.flatMap(({ tastes }) => tastes))
  const perDay = days.map(({ histories, tastes }) => upliftFeatures(histories, tastes, encoding))
  const { names } = upliftFeatures(nobody, [], encoding)
  const values = new Float64Array(rows.length * names.length)
  let at = 0
  for (const { matrix } of perDay) {
    values.set(matrix.values, at)
    at += matrix.values.length
  }

  const untreated = heldOut(definitions)
  const isHeldOut = ({ experiment, variant }: ExperimentRow): boolean =>
    untreated.get(experiment)?.has(variant) === true
  const leads = offersOf(definitions)
  const offerOf = (row: ExperimentRow): string | undefined => leads.get(`${row.experiment}/${row.variant}`)
  const offers = [...Map.groupBy(rows, offerOf)]
    .flatMap(([offer, got]) => (offer === undefined || got.length < fewest ? [] : [offer]))
    .sort()
    .slice(0, mostOffers)
  const givenTo = (row: ExperimentRow): number => {
    if (isHeldOut(row)) return 0
    const offer = offerOf(row)
    return offer !== undefined && offers.includes(offer) ? offers.indexOf(offer) + 1 : somethingElse
  }
  const largest = [...Map.groupBy(rows, ({ experiment }) => experiment)].reduce<string | undefined>(
    (most, [experiment, own], _i, all) =>
      own.length > (all.find(([key]) => key === most)?.[1].length ?? 0) ? experiment : most,
    undefined,
  )
  const given = Uint8Array.from(rows, givenTo)
  return {
    names,
    matrix: { rows: rows.length, columns: names.length, values },
    encoding,
    treatment: Uint8Array.from(rows, (row) => (isHeldOut(row) ? 0 : 1)),
    outcome: Uint8Array.from(rows, ({ bought }) => (bought ? 1 : 0)),
    offers,
    given,
    judged: Uint8Array.from(rows, ({ experiment }, i) =>
      experiment === largest && given[i] !== somethingElse ? 1 : 0,
    ),
  }
}

interface Day {
  readonly rows: readonly ExperimentRow[]
  readonly histories: PurchaseHistories
  readonly tastes: readonly Tastes[]
}

/** As of the day before each was given a variant, a day's customers at a time; `rows` are in the order of the histories. */
async function whatWasKnown({ store }: TrainerNeeds, outcomes: readonly ExperimentRow[]): Promise<Day[]> {
  const days: Day[] = []
  for (const [day, assigned] of Map.groupBy(outcomes, ({ assignedAtMs }) => Math.floor(assignedAtMs / dayMs))) {
    // Who takes part in two experiments on one day is two rows, but one customer: one experiment after the other.
    for (const [, own] of Map.groupBy(assigned, ({ experiment }) => experiment)) {
      const asOfMs = day * dayMs
      const rowOf = new Map(own.map((row) => [row.customerId, row]))
      const { histories, tastes } = await knownOf({ store }, asOfMs, [...rowOf.keys()])
      days.push({ rows: histories.customerIds.map((id) => rowOf.get(id) as ExperimentRow), histories, tastes })
    }
  }
  return days
}

/** What an uplift model may see of these customers, also of who never bought. */
async function knownOf(
  { store }: Pick<TrainerNeeds, 'store'>,
  asOfMs: EpochMs,
  customerIds: readonly string[],
): Promise<{ histories: PurchaseHistories; tastes: readonly Tastes[] }> {
  const { histories } = await store.histories({ asOfMs, customerIds, population: 'known' })
  return { histories, tastes: await store.tastes(asOfMs, histories.customerIds) }
}

const none = new Float64Array()
const nobody: PurchaseHistories = {
  asOfMs: 0,
  customerIds: [],
  purchases: none,
  ageDays: none,
  silenceDays: none,
  revenueCents: none,
  repeatRevenueCents: none,
  recentPurchases: none,
}
