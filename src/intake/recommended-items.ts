/** What models recommend to a customer, as templates show it. */

import type { RecommendedItem } from '../domain/recommended-item.ts'
import type { Queryable } from '../store/database.ts'
import { recommendFor } from '../store/recommendations.ts'
import { decimalsOf } from './money.ts'

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
