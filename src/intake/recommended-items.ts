/** What models recommend to customers, as templates show it. */

import type { RecommendedItem } from '../domain/recommended-item.ts'
import type { Queryable } from '../store/database.ts'
import { type RecommendedProduct, recommendForAll } from '../store/recommendations.ts'
import { decimalsOf } from './money.ts'

/** As many as a message has room for. */
const recommendedInMessages = 12

export async function recommendedItems(client: Queryable, customerId: string): Promise<readonly RecommendedItem[]> {
  return (await recommendedItemsOf(client, [customerId])).get(customerId) ?? []
}

/** The same for many, by id. */
export async function recommendedItemsOf(
  client: Queryable,
  customerIds: readonly string[],
): Promise<Map<string, readonly RecommendedItem[]>> {
  const all = await recommendForAll(client, customerIds, { limit: recommendedInMessages })
  return new Map([...all].map(([id, products]) => [id, products.map(toItem)]))
}

function toItem(one: RecommendedProduct): RecommendedItem {
  return {
    product_id: one.productKey,
    name: one.name,
    category: one.category,
    price: one.priceCents === null ? null : one.priceCents / 10 ** (decimalsOf[one.currency ?? ''] ?? 2),
    currency: one.currency,
    url: one.url,
    image_url: one.imageUrl,
    reason: one.reason,
  }
}
