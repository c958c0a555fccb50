/** The crowd in pages: customers who have something to look at, and messages that nobody is delivering. */

import type { Channel } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'
import { ownerPrefix } from './ledger-types.ts'

export interface CrowdStore {
  /** Customers with unread news or a wake-up that has come, by ascending id. */
  findCustomers(after: string | undefined, limit: number, nowMs: EpochMs): Promise<string[]>
  /** Makes customers due, for whom the crowd could decide nothing: the sweep sends each a look of their own. */
  leaveToSweep(customerIds: readonly string[], nowMs: EpochMs): Promise<void>
  /**
   * Open messages of a channel that may leave now, the oldest first: those that nobody holds, and those that an earlier
   * attempt of the same owner held when it died.
   */
  findMessages(
    channel: Channel,
    owner: string,
    after: MessagePlace | undefined,
    limit: number,
    nowMs: EpochMs,
  ): Promise<MessagePlace[]>
}

/** A message and where it stands in the line. */
export interface MessagePlace {
  readonly id: string
  readonly plannedAtMs: EpochMs
}

const lowestId = '00000000-0000-0000-0000-000000000000'

export function createCrowdStore(db: Queryable): CrowdStore {
  return {
    async findCustomers(after = lowestId, limit, nowMs) {
      // That somebody has become part of somebody else is for their workflow, and told by the nudger.
      const { rows } = await db.query<{ id: string }>({
        name: 'crowd-customers',
        text: `
          SELECT id FROM (
            (SELECT DISTINCT customer_id AS id FROM news
              WHERE consumed_at IS NULL AND kind <> 'merged' AND customer_id > $1 ORDER BY 1 LIMIT $2)
            UNION
            (SELECT id FROM customers WHERE due_at <= $3 AND merged_into IS NULL AND erasing_at IS NULL AND id > $1
              ORDER BY id LIMIT $2)
          ) AS crowd ORDER BY id LIMIT $2`,
        values: [after, limit, new Date(nowMs)],
      })
      return rows.map(({ id }) => id)
    },
    async leaveToSweep(customerIds, nowMs) {
      await db.query('UPDATE customers SET due_at = least(due_at, $2) WHERE id = ANY ($1::uuid[])', [
        customerIds,
        new Date(nowMs),
      ])
    },
    async findMessages(channel, owner, after, limit, nowMs) {
      const { rows } = await db.query<{ id: string; planned_at: Date }>({
        name: 'crowd-messages',
        text: `
          SELECT id, planned_at FROM messages
           WHERE settled_at IS NULL AND broadcast_id IS NULL AND channel = $1 AND (planned_at, id) > ($2::timestamptz, $3::uuid)
             AND (not_before IS NULL OR not_before <= $4)
             AND (status = 'planned' OR lease_until < clock_timestamp() OR starts_with(claimed_by, $5))
           ORDER BY planned_at, id LIMIT $6`,
        values: [
          channel,
          after === undefined ? '-infinity' : new Date(after.plannedAtMs),
          after?.id ?? lowestId,
          new Date(nowMs),
          ownerPrefix(owner),
          limit,
        ],
      })
      return rows.map(({ id, planned_at: plannedAt }) => ({ id, plannedAtMs: plannedAt.getTime() }))
    },
  }
}
