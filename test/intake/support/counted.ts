/** What the database says of customers, in the form of the plain recount. */

import type { Counted } from './recount.ts'
import type { Shop } from './shop.ts'

const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::bigint`

/** A customer by the shop's id, or else by the browser. */
const people = `
  WITH people AS (
    SELECT c.*, coalesce(external_id, (SELECT min(value) FROM identities i
                                       WHERE i.customer_id = c.id AND i.kind = 'anonymous')) AS who
    FROM customers c WHERE merged_into IS NULL)`

export async function counted(shop: Shop): Promise<Counted> {
  const rows = async (select: string): Promise<string[]> => {
    const found = await shop.rows<{ row: unknown[] }>(`${people} ${select}`)
    return found.map(({ row }) => JSON.stringify(row)).sort()
  }
  return {
    customers: await rows(
      `SELECT json_build_array(who, ${ms('first_seen_at')}, ${ms('last_seen_at')}, order_count, ${ms('first_order_at')},
              ${ms('last_order_at')}, currency, revenue_cents, refunded_cents, discount_cents, discounted_revenue_cents) AS row
       FROM people`,
    ),
    eventDays: await rows(
      `SELECT json_build_array(who, name, day, count, ${ms('first_at')}, ${ms('last_at')}) AS row
       FROM event_days d JOIN people p ON p.id = d.customer_id`,
    ),
    categories: await rows(
      `SELECT json_build_array(who, category, orders, quantity, k.revenue_cents) AS row
       FROM customer_categories k JOIN people p ON p.id = k.customer_id`,
    ),
    orders: await rows(
      `SELECT json_build_array(order_key, who, ${ms('ordered_at')}, o.revenue_cents, o.refunded_cents, o.discount_cents,
              o.currency, cancelled_at IS NOT NULL,
              (SELECT count(*) FROM order_lines l WHERE l.order_id = o.id)) AS row
       FROM orders o JOIN people p ON p.id = o.customer_id`,
    ),
  }
}
