/** An offer as marketers write it: `campaigns/offers/*.yaml`. */

import { z } from 'zod'
import { condition } from './condition-schema.ts'
import type { Discount, OfferDefinition } from './definitions.ts'
import { waitingTime, words } from './document-parts.ts'
import { currencyOf, mostCostOf } from './offer-cost.ts'

const currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 currency such as "USD"')
const most = 1_000_000_000

const discount = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('percent'),
      percent: z.number().gt(0).max(100),
      at_most: z.strictObject({ amount_cents: z.int().min(1).max(most), currency }).optional(),
    }),
    z.strictObject({ type: z.literal('amount'), amount_cents: z.int().min(1).max(most), currency }),
  ])
  .transform((document): Discount => {
    if (document.type === 'amount')
      return { type: 'amount', amountCents: document.amount_cents, currency: document.currency }
    const { percent, at_most: atMost } = document
    return {
      type: 'percent',
      percent,
      atMost: atMost === undefined ? null : { amountCents: atMost.amount_cents, currency: atMost.currency },
    }
  })

const budget = z.strictObject({
  coupons: z.int().min(1).max(most).optional(),
  cost: z.strictObject({ amount_cents: z.int().min(1), currency }).optional(),
  returns: z.boolean().default(false),
})

const shape = z.strictObject({
  name: words,
  discount,
  valid_for: waitingTime.optional(),
  codes: z.enum(['generated', 'pool']).default('generated'),
  code_prefix: z
    .string()
    .regex(/^[A-Z0-9]{2,12}$/, 'must be 2 to 12 capital letters or digits')
    .optional(),
  if: condition.optional(),
  per_customer: z.int().min(1).max(1_000).optional(),
  budget: budget.optional(),
})

type Document = z.output<typeof shape>

/** The document without what publishing adds to it. */
export const offerDocument = shape
  .superRefine((document, context) => {
    for (const { path, rule } of contradictionsIn(document)) context.addIssue({ code: 'custom', path, message: rule })
  })
  .transform(
    (document): Omit<OfferDefinition, 'key' | 'version'> => ({
      name: document.name,
      discount: document.discount,
      validForMs: document.valid_for ?? null,
      codes: document.codes === 'pool' ? { from: 'pool' } : { from: 'prefix', prefix: document.code_prefix ?? '' },
      if: document.if ?? null,
      perCustomer: document.per_customer ?? null,
      budget:
        document.budget === undefined
          ? null
          : {
              coupons: document.budget.coupons ?? null,
              costCents: document.budget.cost?.amount_cents ?? null,
              returns: document.budget.returns,
            },
    }),
  )

interface Contradiction {
  readonly path: string[]
  readonly rule: string
}

function contradictionsIn(document: Document): readonly Contradiction[] {
  const { codes, code_prefix: prefix } = document
  const found: Contradiction[] = []
  if (codes === 'generated' && prefix === undefined)
    found.push({
      path: ['code_prefix'],
      rule: 'is missing: generated codes begin with it (codes of the shop itself: "codes: pool")',
    })
  if (codes === 'pool' && prefix !== undefined)
    found.push({ path: ['code_prefix'], rule: 'must not be given: the codes of a pool are whole' })
  return [...found, ...contradictionsInBudget(document)]
}

function contradictionsInBudget({ budget, discount, valid_for: validFor }: Document): readonly Contradiction[] {
  if (budget === undefined) return []
  const found: Contradiction[] = []
  if (budget.coupons === undefined && budget.cost === undefined)
    found.push({ path: ['budget'], rule: 'must limit "coupons", "cost" or both' })
  if (budget.returns && validFor === undefined)
    found.push({ path: ['budget', 'returns'], rule: 'needs "valid_for": what never expires gives nothing back' })
  if (budget.cost === undefined) return found
  const each = mostCostOf(discount)
  if (each === null) {
    const rule = 'needs a discount of a known size: an amount, or a percentage with "at_most"'
    found.push({ path: ['budget', 'cost'], rule })
  } else if (currencyOf(discount) !== budget.cost.currency) {
    const rule = `must be the currency of the discount, "${currencyOf(discount)}"`
    found.push({ path: ['budget', 'cost', 'currency'], rule })
  } else if (each > budget.cost.amount_cents) {
    const rule = `must be enough for one coupon, which may cost ${each}`
    found.push({ path: ['budget', 'cost', 'amount_cents'], rule })
  }
  return found
}
