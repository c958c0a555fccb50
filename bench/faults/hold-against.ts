/** Holds what the ledger says of each message against what the mail server has really taken. */

import type { Database } from '../../src/store/database.ts'
import { crowdAddress } from '../../test/workflows/support/crowds.ts'
import type { UnreliableSink } from './unreliable-sink.ts'

export interface ClassTally {
  messages: number
  readonly byStatus: Record<string, number>
  /** Why those that were neither sent nor are in doubt did not leave. */
  readonly reasons: Record<string, number>
  /** Messages that the server took more than once. */
  duplicates: number
  /** Of those, the ones of which the ledger says that no earlier attempt was in doubt. */
  unexplained: number
  /** Not at an end when time was up. */
  open: number
  /** Not taken, and not listed as failed or in doubt. */
  unlisted: number
  /** Listed as failed, and taken. */
  taken: number
  /** Never taken; neither failed nor, as the server's log says, refused for good by an answer that nobody lived to hear. */
  lost: number
}

export interface Tally {
  readonly marketing: ClassTally
  readonly transactional: ClassTally
}

interface Row {
  readonly id: string
  readonly customerId: string
  readonly messageClass: keyof Tally
  readonly status: string
  readonly attempts: number
  readonly reason: string | null
  readonly isOpen: boolean
}

export async function holdAgainst(
  { pool }: Database,
  { copies, refusedForGood }: Pick<UnreliableSink, 'copies' | 'refusedForGood'>,
): Promise<Tally> {
  const { rows } = await pool.query<Row>(
    `SELECT id, customer_id AS "customerId", message_class AS "messageClass", status, attempts, reason,
            settled_at IS NULL AS "isOpen" FROM messages`,
  )
  const tally: Tally = { marketing: nothing(), transactional: nothing() }
  for (const { id, customerId, messageClass, status, attempts, reason, isOpen } of rows) {
    const sums = tally[messageClass]
    const times = copies.get(id) ?? 0
    sums.messages++
    sums.byStatus[status] = (sums.byStatus[status] ?? 0) + 1
    if (status === 'failed' || status === 'refused') {
      const why = `${status}: ${reason}`
      sums.reasons[why] = (sums.reasons[why] ?? 0) + 1
    }
    if (times > 1) sums.duplicates++
    // Each transmission of which nobody knows how it ended is counted; one that surely came to nothing is not.
    if (times > attempts) sums.unexplained++
    if (isOpen) {
      sums.open++
      continue
    }
    if (times === 0 && status !== 'failed' && status !== 'in_doubt') sums.unlisted++
    if (times > 0 && status === 'failed') sums.taken++
    const isRefused = status === 'failed' || (status === 'in_doubt' && refusedForGood.has(crowdAddress(customerId)))
    if (times === 0 && !isRefused) sums.lost++
  }
  return tally
}

/** What was promised and not kept, in words; nothing if all is well. */
export function brokenPromises({ marketing, transactional }: Tally): string[] {
  const broken: readonly (readonly [number, string])[] = [
    [marketing.open + transactional.open, 'messages had not come to an end when time was up'],
    [marketing.duplicates, 'marketing messages came twice'],
    [marketing.unlisted, 'marketing messages never came, and are listed neither as failed nor as in doubt'],
    [transactional.lost, 'transactional messages were lost'],
    [transactional.unexplained, 'transactional messages came more often than the ledger knows'],
    [marketing.taken + transactional.taken, 'messages are listed as failed, and came'],
  ]
  return broken.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]))
}

function nothing(): ClassTally {
  return {
    messages: 0,
    byStatus: {},
    reasons: {},
    duplicates: 0,
    unexplained: 0,
    open: 0,
    unlisted: 0,
    taken: 0,
    lost: 0,
  }
}
