/** Crowds: many customers with an address and a yes, in a few statements, and news for all of them. */

import { randomUUID } from 'node:crypto'
import { sealAddress } from '../../../src/store/personal-data.ts'
import { crowdReviewType, crowdWorkflowId, lifecycleQueue } from '../../../workflows/ids.ts'
import { lookSignal } from '../../../workflows/messages.ts'
import type { World } from './world.ts'

type Needs = Pick<World, 'database' | 'vault' | 'clock'>

/** Where one of a crowd is written to, if not said otherwise. */
export function crowdAddress(id: string): string {
  return `crowd.${id}@listener.example`
}

/** @returns their ids, ascending. */
export async function addCrowd(
  { database, vault, clock }: Needs,
  count: number,
  emailOf = crowdAddress,
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID()).sort()
  const now = new Date(clock.nowMs())
  const rows = ids.map((id) => {
    const { key, wrapped } = vault.createCustomerKey(id)
    const pointId = randomUUID()
    const email = emailOf(id)
    return { wrapped, pointId, sealed: sealAddress(vault, key, pointId, email), hash: vault.lookupHash('email', email) }
  })
  await database.transaction(async (client) => {
    await client.query(
      `INSERT INTO customers (id, stage, stage_since, first_seen_at, last_seen_at, created_at, updated_at)
       SELECT id, 'acquire', $2, $2, $2, $2, $2 FROM unnest($1::uuid[]) AS given (id)`,
      [ids, now],
    )
    await client.query('INSERT INTO customer_keys SELECT *, $3 FROM unnest($1::uuid[], $2::bytea[])', [
      ids,
      rows.map(({ wrapped }) => wrapped),
      now,
    ])
    await client.query(
      `INSERT INTO contact_points (id, customer_id, channel, address, address_hash, created_at)
       SELECT point, id, 'email', address, hash, $5
         FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) AS p (point, id, address, hash)`,
      [rows.map((row) => row.pointId), ids, rows.map((row) => row.sealed), rows.map((row) => row.hash), now],
    )
    await client.query(
      `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
       SELECT id, 'email', '*', 'granted', $2, 'test', 'form' FROM unnest($1::uuid[]) AS given (id)`,
      [ids, now],
    )
  })
  return ids
}

/** News for all of them that they are put into a journey. */
export async function enterCrowd({ database, clock }: Needs, ids: readonly string[], journey: string): Promise<void> {
  await database.pool.query(
    `INSERT INTO news (customer_id, kind, detail, created_at)
     SELECT id, 'entry', $2, $3 FROM unnest($1::uuid[]) AS given (id)`,
    [ids, JSON.stringify({ journey, properties: {} }), new Date(clock.nowMs())],
  )
}

/** Says "look" to the walk of the crowd, as the nudger does, and starts it if it is not under way. */
export async function lookAtCrowd({ client }: Pick<World, 'client'>, state: object = {}): Promise<void> {
  await client.workflow.signalWithStart(crowdReviewType, {
    workflowId: crowdWorkflowId,
    taskQueue: lifecycleQueue,
    args: [state],
    signal: lookSignal,
  })
}

export interface CrowdTally {
  readonly runs: number
  readonly entries: number
  readonly messages: number
  readonly sent: number
  readonly inDoubt: number
  readonly unread: number
}

/** What has become of some customers in a journey. */
export async function tally({ database }: Needs, ids: readonly string[], journey: string): Promise<CrowdTally> {
  const { rows } = await database.pool.query<CrowdTally>(
    `SELECT (SELECT count(*) FROM journey_runs WHERE customer_id = ANY ($1) AND journey = $2) AS runs,
            (SELECT count(*) FROM decision_records
              WHERE customer_id = ANY ($1) AND journey = $2 AND kind = 'entry' AND outcome = 'done') AS entries,
            (SELECT count(*) FROM messages WHERE customer_id = ANY ($1) AND journey = $2) AS messages,
            (SELECT count(*) FROM messages WHERE customer_id = ANY ($1) AND journey = $2 AND status = 'sent') AS sent,
            (SELECT count(*) FROM messages WHERE customer_id = ANY ($1) AND journey = $2 AND status = 'in_doubt') AS "inDoubt",
            (SELECT count(*) FROM news WHERE customer_id = ANY ($1) AND consumed_at IS NULL) AS unread`,
    [ids, journey],
  )
  return rows[0] as CrowdTally
}
