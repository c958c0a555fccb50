/** Puts customers at rest into their stage, a page at a time. Who has a workflow is left to it. */

import type { CustomerView } from '../domain/condition.ts'
import type { Needs } from '../domain/conditions/needs.ts'
import type { Stage } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Database, Queryable } from './database.ts'
import type { DirtyCause } from './dirty-customers.ts'
import { lockAndLoadSnapshots } from './snapshots.ts'

/** Where a customer stands. */
export interface Place {
  readonly stage: Stage
  readonly reason: string
  readonly atRisk: boolean
}

export interface Placing {
  readonly nowMs: EpochMs
  /** The version of the lifecycle that `stageOf` follows. */
  readonly rules: string
  readonly stageOf: (view: CustomerView) => Place
  /** Why their segments may have to change. Default: `review`. */
  readonly cause?: DirtyCause
  /** What `stageOf` asks for beyond the snapshot. */
  readonly needs?: Needs | undefined
}

const pageSize = 1_000

/** Places everybody for whom nothing is pending. @returns how many customers were looked at. */
export async function placeCustomers(database: Database, placing: Placing): Promise<number> {
  let after: string | null = null
  let count = 0
  for (;;) {
    const ids: string[] = await customersAfter(database.pool, after)
    if (ids.length === 0) return count
    await database.transaction((client) => placePage(client, ids, placing))
    after = ids.at(-1) ?? null
    count += ids.length
  }
}

/** Places these customers, except those whose workflow is about to look or is in the middle of a journey. */
export async function placePage(
  client: Queryable,
  customerIds: readonly string[],
  { nowMs, rules, stageOf, needs, cause = 'review' }: Placing,
): Promise<void> {
  if (customerIds.length === 0) return
  const loaded = await lockAndLoadSnapshots(client, customerIds, { nowMs, newsPage: 1, needs })
  const places = loaded
    .map(({ snapshot }) => snapshot)
    .filter((snapshot) => snapshot.runs.length === 0 && snapshot.news.length === 0)
    .map((snapshot) => ({ id: snapshot.customer.id, from: snapshot.customer.stage, ...stageOf(snapshot) }))
  await client.query({
    name: 'place-customers',
    text: `
      WITH place AS (
        SELECT * FROM jsonb_to_recordset($1) AS p (id uuid, "from" text, stage text, reason text, "atRisk" boolean)
      ), placed AS (
        UPDATE customers c
           SET stage = p.stage, at_risk = p."atRisk",
               stage_since = CASE WHEN p.stage = p."from" THEN c.stage_since ELSE $2 END
          FROM place p WHERE c.id = p.id
      ), dirtied AS (
        INSERT INTO dirty_customers (customer_id, cause)
        SELECT p.id, $4 FROM place p JOIN customers c ON c.id = p.id
         WHERE p.stage <> p."from" OR p."atRisk" <> c.at_risk
      )
      INSERT INTO lifecycle_moves (customer_id, from_stage, to_stage, moved_at, reason, rule_version)
      SELECT id, "from", stage, $2, reason, $3 FROM place WHERE stage <> "from"`,
    values: [JSON.stringify(places), new Date(nowMs), rules, cause],
  })
}

async function customersAfter(db: Queryable, after: string | null): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `SELECT id FROM customers WHERE merged_into IS NULL AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2`,
    [after, pageSize],
  )
  return rows.map((row) => row.id)
}
