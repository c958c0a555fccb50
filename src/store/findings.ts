/** What models found, written for whoever asks: matches of customers, and the tables of the recommender. */

import type { Database, Queryable } from './database.ts'

export type FindingKind = 'cluster' | 'rule' | 'sequence' | 'send-hour' | 'offer'

/** Each of these customers has this one key of the kind, and no other; who did not change is not touched. */
export async function replaceKeys(
  db: Queryable,
  kind: FindingKind,
  customerIds: readonly string[],
  keys: readonly string[],
): Promise<number> {
  const { rows } = await db.query<{ changed: number }>(
    `WITH new AS (
       SELECT * FROM unnest($2::uuid[], $3::text[]) AS n (customer_id, key)
     ), gone AS (
       DELETE FROM customer_matches m USING new n
        WHERE m.customer_id = n.customer_id AND m.kind = $1 AND m.key <> n.key
     ), come AS (
       INSERT INTO customer_matches (customer_id, kind, key) SELECT customer_id, $1, key FROM new
       ON CONFLICT DO NOTHING RETURNING customer_id
     ), dirtied AS (
       INSERT INTO dirty_customers (customer_id, cause) SELECT customer_id, 'score' FROM come
     )
     SELECT count(*)::int AS changed FROM come`,
    [kind, customerIds, keys],
  )
  return rows[0]?.changed ?? 0
}

/** Rules whose conditions a customer has bought, but not what follows from them; ways that lack the last step. */
export interface Pattern {
  readonly key: string
  /** All of it was bought; of a sequence in this order. */
  readonly before: readonly string[]
  readonly last: string
}

/** Writes down anew whom patterns are about, in one statement. @returns how many matches there are. */
export async function replacePatternMatches(
  database: Pick<Database, 'transaction'>,
  kind: 'rule' | 'sequence',
  level: 'category' | 'product',
  patterns: readonly Pattern[],
): Promise<number> {
  const item = level === 'category' ? 'p.category' : 'l.product_key'
  return database.transaction(async (client) => {
    const { rows } = await client.query<{ matches: number }>(
      `WITH patterns AS (
         SELECT * FROM jsonb_to_recordset($2) AS p (key text, first text, second text, last text)
       ), items AS (
         SELECT first AS item FROM patterns UNION SELECT second FROM patterns UNION SELECT last FROM patterns
       ), bought AS (
         SELECT o.customer_id, ${item} AS item, min(o.ordered_at) AS first_at, max(o.ordered_at) AS last_at
           FROM orders o JOIN order_lines l ON l.order_id = o.id LEFT JOIN products p USING (product_key)
          WHERE o.cancelled_at IS NULL AND l.quantity > 0 AND ${item} IN (SELECT item FROM items)
          GROUP BY 1, 2
       ), found AS (
         SELECT a.customer_id, p.key
           FROM patterns p JOIN bought a ON a.item = p.first
           LEFT JOIN bought b ON b.customer_id = a.customer_id AND b.item = p.second
           LEFT JOIN bought c ON c.customer_id = a.customer_id AND c.item = p.last
          WHERE (p.second IS NULL OR b.item IS NOT NULL AND ($1 = 'rule' OR a.first_at < b.last_at))
            AND (c.item IS NULL OR $1 = 'sequence' AND c.last_at <= coalesce(b.first_at, a.first_at))
       ), gone AS (
         DELETE FROM customer_matches m WHERE kind = $1
            AND NOT EXISTS (SELECT FROM found f WHERE f.customer_id = m.customer_id AND f.key = m.key)
         RETURNING customer_id
       ), come AS (
         INSERT INTO customer_matches (customer_id, kind, key) SELECT customer_id, $1, key FROM found
         ON CONFLICT DO NOTHING RETURNING customer_id
       ), dirtied AS (
         INSERT INTO dirty_customers (customer_id, cause)
         SELECT DISTINCT customer_id, 'score' FROM (SELECT * FROM come UNION ALL SELECT * FROM gone) AS touched
       )
       SELECT count(*)::int AS matches FROM found`,
      [
        kind,
        JSON.stringify(
          patterns.map(({ key, before, last }) => ({ key, first: before[0], second: before[1] ?? null, last })),
        ),
      ],
    )
    return rows[0]?.matches ?? 0
  })
}

export interface RecommenderRows {
  readonly products: readonly string[]
  readonly product: Int32Array
  readonly related: Int32Array
  readonly score: Float64Array
  readonly popularity: Float64Array
}

/** Writes the tables of a recommender; those of models that are neither in use nor this one are cleared away. */
export async function saveRecommenderTables(
  database: Pick<Database, 'transaction'>,
  modelId: string,
  { products, product, related, score, popularity }: RecommenderRows,
): Promise<void> {
  await database.transaction(async (client) => {
    for (const table of ['product_relations', 'product_popularity']) {
      await client.query(
        `DELETE FROM ${table} WHERE model_id = $1 OR model_id NOT IN
           (SELECT id FROM models WHERE kind = 'recommender' AND status IN ('champion', 'retired', 'training')
             ORDER BY (status = 'champion') DESC, version DESC LIMIT 3)`,
        [modelId],
      )
    }
    await client.query(
      `INSERT INTO product_relations (model_id, product_key, rank, related_key, score)
       SELECT $1, p.key, row_number() OVER (PARTITION BY r.product ORDER BY r.score DESC, r.related), q.key, r.score
         FROM unnest($2::int[], $3::int[], $4::float8[]) AS r (product, related, score)
         JOIN unnest($5::text[]) WITH ORDINALITY AS p (key, place) ON p.place = r.product + 1
         JOIN unnest($5::text[]) WITH ORDINALITY AS q (key, place) ON q.place = r.related + 1`,
      [modelId, Array.from(product), Array.from(related), Array.from(score), products],
    )
    await client.query(
      `INSERT INTO product_popularity (model_id, product_key, rank, score)
       SELECT $1, key, row_number() OVER (ORDER BY score DESC, key), score
         FROM unnest($2::text[], $3::float8[]) AS p (key, score)`,
      [modelId, products, Array.from(popularity)],
    )
  })
}
