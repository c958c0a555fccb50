/** Products, as events tell of them. What an event says nothing about stays; of two words the later one holds. */

import type { Queryable } from './database.ts'

export interface ProductRow {
  readonly productKey: string
  readonly name: string | null
  readonly category: string | null
  readonly brand: string | null
  readonly priceCents: number | null
  readonly currency: string | null
  readonly url: string | null
  readonly imageUrl: string | null
  readonly firstSeenMs: number
  readonly updatedMs: number
}

/** By key, those that are known. */
export async function findProducts(client: Queryable, keys: readonly string[]): Promise<Map<string, ProductRow>> {
  const { rows } = await client.query<ProductRow>({
    name: 'find-products',
    text: `
      SELECT product_key AS "productKey", name, category, brand, price_cents AS "priceCents", currency, url,
             image_url AS "imageUrl", (extract(epoch FROM first_seen_at) * 1000)::float8 AS "firstSeenMs",
             (extract(epoch FROM updated_at) * 1000)::float8 AS "updatedMs"
      FROM products WHERE product_key = ANY ($1::text[])`,
    values: [keys],
  })
  return new Map(rows.map((row) => [row.productKey, row]))
}

/** Writes products; a row that somebody else made newer in the meantime stays as it is. */
export async function upsertProducts(client: Queryable, rows: readonly ProductRow[]): Promise<void> {
  if (rows.length === 0) return
  const sorted = [...rows].sort((a, b) => (a.productKey < b.productKey ? -1 : 1)) // Always locked in the same order.
  await client.query({
    name: 'upsert-products',
    text: `
      INSERT INTO products AS p (product_key, name, category, brand, price_cents, currency, url, image_url,
                                 first_seen_at, updated_at)
      SELECT product_key, name, category, brand, price, currency, url, image_url, to_timestamp(first_ms / 1000),
             to_timestamp(updated_ms / 1000)
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[],
                  $9::float8[], $10::float8[])
        AS given (product_key, name, category, brand, price, currency, url, image_url, first_ms, updated_ms)
      ON CONFLICT (product_key) DO UPDATE SET
        name = excluded.name, category = excluded.category, brand = excluded.brand,
        price_cents = excluded.price_cents, currency = excluded.currency, url = excluded.url,
        image_url = excluded.image_url, updated_at = excluded.updated_at,
        first_seen_at = least(p.first_seen_at, excluded.first_seen_at)
      WHERE excluded.updated_at >= p.updated_at`,
    values: [
      sorted.map((row) => row.productKey),
      sorted.map((row) => row.name),
      sorted.map((row) => row.category),
      sorted.map((row) => row.brand),
      sorted.map((row) => row.priceCents),
      sorted.map((row) => row.currency),
      sorted.map((row) => row.url),
      sorted.map((row) => row.imageUrl),
      sorted.map((row) => row.firstSeenMs),
      sorted.map((row) => row.updatedMs),
    ],
  })
}
