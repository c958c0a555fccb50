/** Events of the past: in the database and taken in one transaction, so that nobody else can take them for something new. */

import { claimEventsById } from '../store/claim-events.ts'
import type { Queryable } from '../store/database.ts'
import type { NewEvent, WaitingEvent } from '../store/events.ts'
import { insertEvents } from '../store/insert-events.ts'

/** Those that were handled before are left out. Call it in the transaction that handles them. */
export async function insertAndClaim(client: Queryable, page: readonly NewEvent[]): Promise<WaitingEvent[]> {
  await insertEvents(client, page)
  const { rows } = await client.query<{ id: number }>(
    'SELECT id FROM events WHERE message_id = ANY ($1) AND handled_at IS NULL ORDER BY id',
    [page.map(({ messageId }) => messageId)],
  )
  return claimEventsById(
    client,
    rows.map(({ id }) => id),
  )
}
