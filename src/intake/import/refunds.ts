/**
 * Refunds of a file, matched to orders once all orders are there: the customer's newest order until then that holds the
 * product, else their newest order until then. Who had bought nothing until then cannot take anything back.
 */

import type { Queryable } from '../../store/database.ts'
import { takeImportedRefunds } from '../../store/imported-orders.ts'
import { applyOrderChanges, insertOrderChanges } from '../../store/orders.ts'
import { type ImportContext, Tally } from './chunk.ts'

export const refundRule = 'must come after something that the customer bought'
const pageCustomers = 1_000

/** A page of customers. @returns undefined when all are done. */
export async function finishRefunds(client: Queryable, context: ImportContext): Promise<Tally | undefined> {
  const placed = await takeImportedRefunds(client, context.importId, pageCustomers)
  if (placed.length === 0) return undefined
  const tally = new Tally()
  const changes = placed.flatMap(({ line, orderKey, amountCents, refundedMs, isExact }) => {
    if (orderKey === null) {
      tally.reject({ line, text: '' }, 'invoice_date', refundRule)
      tally.add('refund lines', -1)
      tally.add('refund cents', -amountCents)
      return []
    }
    tally.add(isExact ? 'refund lines matched by product' : 'refund lines matched by customer')
    const messageId = `import:${context.contentId}:${line}`
    return [{ orderKey, messageId, kind: 'refund' as const, amountCents, atMs: refundedMs }]
  })
  await insertOrderChanges(client, changes)
  await applyOrderChanges(client, [...new Set(changes.map(({ orderKey }) => orderKey))])
  return tally
}
