/** Conditions on orders one by one, in SQL. */

import type { OrderCondition, OrderPick } from '../../domain/conditions/happening.ts'
import { sameForAll } from '../../domain/conditions/happening.ts'
import type { Answer } from './answer.ts'
import type { Desk } from './desk.ts'
import { happeningSql, periodSql } from './happening-sql.ts'
import type { SqlParams } from './sql-params.ts'

export function orderSql({ pick, period, test }: OrderCondition, desk: Desk): Answer {
  const constant = sameForAll(test)
  if (constant !== undefined) return desk.constant(constant)
  const { params } = desk
  // Only what is added up has to be in one currency.
  const hasAmount = 'property' in test
  const where = `o.cancelled_at IS NULL${picked(pick, params)}${periodSql('o.ordered_at', period, params)}${desk.inScope('o.customer_id')}`
  return happeningSql(
    {
      sql: `FROM orders o${hasAmount ? ' JOIN customers k ON k.id = o.customer_id' : ''} WHERE ${where}`,
      customerId: 'o.customer_id',
      at: 'o.ordered_at',
      amount: hasAmount ? 'CASE WHEN o.currency = k.currency THEN o.revenue_cents::numeric END' : null,
      onMerge: 'moves',
    },
    test,
    period.withinMs,
    desk,
  )
}

function picked({ products, categories }: OrderPick, params: SqlParams): string {
  const ofProducts =
    products === null
      ? ''
      : ` AND EXISTS (SELECT FROM order_lines l WHERE l.order_id = o.id AND l.product_key = ANY (${params.texts(products)}))`
  const ofCategories =
    categories === null
      ? ''
      : ` AND EXISTS (SELECT FROM order_lines l JOIN products p ON p.product_key = l.product_key
            WHERE l.order_id = o.id AND p.category = ANY (${params.texts(categories)}))`
  return ofProducts + ofCategories
}
