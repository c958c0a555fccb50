/** What models recommend to a customer, as templates show it. */

import type { Queryable } from '../store/database.ts'
import { recommendFor } from '../store/recommendations.ts'
import { decimalsOf } from './money.ts'

export interface RecommendedItem {
  readonly product_id: string
  readonly name: string | null
  readonly category: string | null
  /** In whole units: 24.9. */
  readonly price: number | null
  readonly currency: string | null
  readonly url: string | null
  readonly image_url: string | null
  /** "because you bought Kind of Blue" */
  readonly reason: string
}

/** As many as a message has room for. */
const recommendedInMessages = 12

export async function recommendedItems(client: Queryable, customerId: string): Promise<RecommendedItem[]> {
  const products = await recommendFor(client, customerId, { limit: recommendedInMessages })
  return products.map((one) => ({
    product_id: one.productKey,
    name: one.name,
    category: one.category,
    price: one.priceCents === null ? null : one.priceCents / 10 ** (decimalsOf[one.currency ?? ''] ?? 2),
    currency: one.currency,
    url: one.url,
    image_url: one.imageUrl,
    reason: one.reason,
  }))
}
