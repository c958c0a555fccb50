/**
 * Products, as events tell of them. What an event says nothing about stays; of two words the later one holds.
 *
 * Customers' categories are counted by what is told here, so a product's category must not depend on the order in which
 * events arrive: it is the one told on the latest day, and of two told on one day the one that sorts last.
 */

import type { Queryable } from './database.ts'

export interface ProductRow {
  readonly productKey: string
  readonly name: string | null
  readonly category: string | null
  /** The latest day on which that was told: whole days since 1970-01-01, UTC. Null without a category. */
  readonly categoryDay: number | null
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
      SELECT product_key AS "productKey", name, category, category_day - date '1970-01-01' AS "categoryDay", brand,
             price_cents AS "priceCents", currency, url,
             image_url AS "imageUrl", (extract(epoch FROM first_seen_at) * 1000)::float8 AS "firstSeenMs",
             (extract(epoch FROM updated_at) * 1000)::float8 AS "updatedMs"
      FROM products WHERE product_key = ANY ($1::text[])`,
    values: [keys],
  })
  return new Map(rows.map((row) => [row.productKey, row]))
}

/** Writes products. Where somebody else wrote the same one in the meantime, both words are heard. */
export async function upsertProducts(client: Queryable, rows: readonly ProductRow[]): Promise<void> {
  if (rows.length === 0) return
  const sorted = [...rows].sort((a, b) => (a.productKey < b.productKey ? -1 : 1)) // Always locked in the same order.
  await client.query({
    name: 'upsert-products',
    text: upsertSql,
    values: [
      sorted.map((row) => row.productKey),
      sorted.map((row) => row.name),
      sorted.map((row) => row.category),
      sorted.map((row) => row.categoryDay),
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

const later = (column: string): string => `${column} = CASE WHEN excluded.updated_at >= p.updated_at
          THEN coalesce(excluded.${column}, p.${column}) ELSE coalesce(p.${column}, excluded.${column}) END`

/** Null without a category, and null sorts below everything: the comparison is then not true. */
const hasNewCategory = `(excluded.category IS NOT NULL AND (p.category IS NULL OR
          (excluded.category_day, excluded.category COLLATE "C") > (p.category_day, p.category COLLATE "C")))`

const upsertSql = `
      INSERT INTO products AS p (product_key, name, category, category_day, brand, price_cents, currency, url, image_url,
                                 first_seen_at, updated_at)
      SELECT product_key, name, category, date '1970-01-01' + category_day, brand, price, currency, url, image_url,
             to_timestamp(first_ms / 1000), to_timestamp(updated_ms / 1000)
      FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::bigint[], $7::text[], $8::text[],
                  $9::text[], $10::float8[], $11::float8[])
        AS given (product_key, name, category, category_day, brand, price, currency, url, image_url, first_ms, updated_ms)
      ON CONFLICT (product_key) DO UPDATE SET
        ${['name', 'brand', 'price_cents', 'currency', 'url', 'image_url'].map(later).join(', ')},
        category = CASE WHEN ${hasNewCategory} THEN excluded.category ELSE p.category END,
        category_day = greatest(p.category_day, CASE WHEN ${hasNewCategory} THEN excluded.category_day END),
        category_changes = p.category_changes
          + CASE WHEN ${hasNewCategory} AND p.category IS DISTINCT FROM excluded.category THEN 1 ELSE 0 END,
        updated_at = greatest(p.updated_at, excluded.updated_at),
        first_seen_at = least(p.first_seen_at, excluded.first_seen_at)`
