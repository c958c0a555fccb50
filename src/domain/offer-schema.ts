/** An offer as marketers write it: `campaigns/offers/*.yaml`. */

import { z } from 'zod'
import { condition } from './condition-schema.ts'
import type { OfferDefinition } from './definitions.ts'
import { waitingTime, words } from './document-parts.ts'

const discount = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('percent'), percent: z.number().gt(0).max(100) }),
  z.strictObject({
    type: z.literal('amount'),
    amount_cents: z.int().min(1),
    currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 currency such as "USD"'),
  }),
])

/** The document without what publishing adds to it. */
export const offerDocument = z
  .strictObject({
    name: words,
    discount,
    valid_for: waitingTime.optional(),
    code_prefix: z.string().regex(/^[A-Z0-9]{2,12}$/, 'must be 2 to 12 capital letters or digits'),
    if: condition.optional(),
  })
  .transform(
    (document): Omit<OfferDefinition, 'key' | 'version'> => ({
      name: document.name,
      discount:
        document.discount.type === 'percent'
          ? document.discount
          : {
              type: 'amount',
              amountCents: document.discount.amount_cents,
              currency: document.discount.currency,
            },
      validForMs: document.valid_for ?? null,
      codePrefix: document.code_prefix,
      if: document.if ?? null,
    }),
  )
