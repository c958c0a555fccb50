/**
 * What customers like and are, as of any past moment: from which categories they had bought, and the impersonal traits
 * that were said of them by then. Nothing said or bought at that moment or later changes the answer.
 */

import type { Tastes } from '../domain/tastes.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

/** A longer text is no value that many have in common. */
const longestText = 64

// A trait keeps the moment at which it was last said. One that was said again since is looked up in the events of then:
// to call it unknown would tell who came back.
const tastesSql = `
  WITH bought AS (
    SELECT customer_id AS id, jsonb_object_agg(category, orders) AS categories
      FROM (SELECT o.customer_id, p.category, count(DISTINCT o.id) AS orders
              FROM orders o
              JOIN order_lines l ON l.order_id = o.id AND l.quantity > 0
              JOIN products p ON p.product_key = l.product_key AND p.category IS NOT NULL
             WHERE o.customer_id = ANY ($2::uuid[]) AND o.ordered_at < $1
               AND (o.cancelled_at IS NULL OR o.cancelled_at >= $1)
             GROUP BY 1, 2) AS counted
     GROUP BY 1
  ), said AS (
    SELECT c.id, t.name, t.at::timestamptz AS at, c.traits -> t.name AS value
      FROM customers c, jsonb_each_text(c.trait_times) AS t (name, at)
     WHERE c.id = ANY ($2::uuid[])
  ), earlier AS (
    SELECT DISTINCT ON (s.id, s.name) s.id, s.name,
           CASE WHEN e.type = 'identify' AND e.properties ? s.name THEN e.properties -> s.name
                ELSE e.context -> 'traits' -> s.name END AS value
      FROM said s
      JOIN events e ON e.customer_id = s.id AND e.occurred_at < $1
     WHERE s.at >= $1
       AND ((e.type = 'identify' AND e.properties ? s.name) OR e.context -> 'traits' ? s.name)
     ORDER BY s.id, s.name, e.occurred_at DESC, e.id DESC
  ), known AS (
    SELECT id, jsonb_object_agg(name, value) AS traits
      FROM (SELECT id, name, value FROM said WHERE at < $1 UNION ALL SELECT id, name, value FROM earlier) AS both_sides
     WHERE jsonb_typeof(value) IN ('string', 'number', 'boolean') AND length(value #>> '{}') <= ${longestText}
     GROUP BY id
  )
  SELECT w.id, coalesce(b.categories, '{}') AS categories, coalesce(k.traits, '{}') AS traits
    FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, place)
    LEFT JOIN bought b USING (id) LEFT JOIN known k USING (id)
   ORDER BY w.place`

/** Of these customers, in their order. */
export async function loadCustomerTastes(
  db: Queryable,
  asOfMs: EpochMs,
  customerIds: readonly string[],
): Promise<Tastes[]> {
  const { rows } = await db.query<Tastes>(tastesSql, [new Date(asOfMs), customerIds])
  return rows.map(({ categories, traits }) => ({ categories, traits }))
}
