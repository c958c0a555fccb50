/** What customers bought by category: counted from their orders and the categories that products have today. */

import type { Queryable } from './database.ts'

/**
 * Counts anew for these customers. Orders and quantities are of all orders that were not cancelled, the revenue of those
 * in the customer's currency. Products without a category do not count.
 *
 * Call it after `recountOrders`, which tells the currency; the customers must be locked.
 */
export async function recountCategories(client: Queryable, customerIds: readonly string[]): Promise<void> {
  if (customerIds.length === 0) return
  await client.query({
    name: 'recount-categories',
    text: `
      WITH counted AS (
        SELECT c.id, p.category, count(DISTINCT o.id) AS orders, sum(l.quantity) AS quantity,
               least(coalesce(sum(l.quantity * l.price_cents) FILTER (WHERE o.currency = c.currency), 0),
                     9007199254740991) AS revenue -- What a double holds exactly; beyond it nothing is money.
        FROM customers c
        JOIN orders o ON o.customer_id = c.id AND o.cancelled_at IS NULL
        JOIN order_lines l ON l.order_id = o.id
        JOIN products p ON p.product_key = l.product_key AND p.category IS NOT NULL
        WHERE c.id = ANY ($1::uuid[])
        GROUP BY c.id, p.category
      ), gone AS (
        DELETE FROM customer_categories k WHERE customer_id = ANY ($1::uuid[])
          AND NOT EXISTS (SELECT FROM counted WHERE counted.id = k.customer_id AND counted.category = k.category)
      )
      INSERT INTO customer_categories AS k (customer_id, category, orders, quantity, revenue_cents)
      SELECT id, category, orders, quantity, revenue FROM counted
      ON CONFLICT (customer_id, category) DO UPDATE
        SET orders = excluded.orders, quantity = excluded.quantity, revenue_cents = excluded.revenue_cents
        WHERE (k.orders, k.quantity, k.revenue_cents)
              IS DISTINCT FROM (excluded.orders, excluded.quantity, excluded.revenue_cents)`,
    values: [customerIds],
  })
}
