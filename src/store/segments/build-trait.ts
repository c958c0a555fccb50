/**
 * Builds a computed trait from nothing. The values are worked out for everybody in one statement, beside what counts and
 * without a lock; then those that differ are written page by page. Whoever is evaluated meanwhile is noted by their page,
 * and looked at once more when the new version counts: it does not matter whose word was the last.
 */

import type { Queryable } from '../database.ts'
import { insertNews, type NewNews } from '../news.ts'
import { compileComputedTrait } from '../segment-sql/computed-trait-sql.ts'
import { SqlParams } from '../segment-sql/sql-params.ts'
import { lockStates, noteForCatchUp } from './evaluate-page.ts'
import type { TraitToEvaluate } from './trait-statements.ts'

/** So few that nobody who is evaluated waits long for a page. */
const pageSize = 5_000

export interface TraitBuild {
  /** Those whose value changes are looked at once more, for the segments that ask about it. */
  readonly isAskedFor: boolean
  /** Whether those whose value changes are told. */
  readonly isNews: boolean
  readonly nowMs: number
}

/** Works out, in a table that ends with the connection. */
export async function prepareTrait(client: Queryable, { definition }: TraitToEvaluate, nowMs: number): Promise<void> {
  const params = new SqlParams(nowMs)
  const answer = compileComputedTrait(definition, params, { all: true })
  await client.query('DROP TABLE IF EXISTS built_trait, changed_trait')
  await client.query(
    'CREATE TEMPORARY TABLE built_trait (customer_id uuid PRIMARY KEY, value jsonb NOT NULL, changes_at timestamptz)',
  )
  await client.query({
    text: `INSERT INTO built_trait SELECT q.customer_id, q.value, q.changes_at FROM (${answer}) AS q
             JOIN customers c ON c.id = q.customer_id WHERE c.merged_into IS NULL AND c.erasing_at IS NULL`,
    values: params.values,
  })
}

type InTransaction = (client: Queryable, work: () => Promise<void>) => Promise<void>

/**
 * Writes what differs from what is kept, each page in a transaction of its own, in the order of ids.
 *
 * @returns whether there is news.
 */
export async function writeTrait(
  client: Queryable,
  inTransaction: InTransaction,
  { key }: TraitToEvaluate,
  build: TraitBuild,
): Promise<boolean> {
  await client.query('CREATE TEMPORARY TABLE changed_trait (customer_id uuid PRIMARY KEY, value jsonb)')
  await client.query(
    `INSERT INTO changed_trait
     SELECT coalesce(b.customer_id, t.customer_id), b.value
       FROM built_trait b
       FULL JOIN (SELECT customer_id, value FROM computed_traits WHERE name = $1) AS t USING (customer_id)
      WHERE b.value IS DISTINCT FROM t.value`,
    [key],
  )
  let hasNews = false
  for (let after: string | undefined = '00000000-0000-0000-0000-000000000000'; after !== undefined; ) {
    const ids: readonly string[] = await nextPage(client, after)
    if (ids.length > 0) await inTransaction(client, () => writePage(client, key, ids, build))
    hasNews ||= build.isNews && ids.length > 0
    after = ids.at(-1)
  }
  await client.query(
    `INSERT INTO segment_moments (customer_id, flips_at)
     SELECT customer_id, changes_at FROM built_trait WHERE changes_at IS NOT NULL`,
  )
  await client.query('DROP TABLE built_trait, changed_trait')
  return hasNews
}

async function nextPage(client: Queryable, after: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(
    'SELECT customer_id AS id FROM changed_trait WHERE customer_id > $1 ORDER BY customer_id LIMIT $2',
    [after, pageSize],
  )
  return rows.map(({ id }) => id)
}

async function writePage(
  client: Queryable,
  key: string,
  ids: readonly string[],
  { isAskedFor, isNews, nowMs }: TraitBuild,
): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    'SELECT id FROM customers WHERE id = ANY ($1::uuid[]) AND merged_into IS NULL AND erasing_at IS NULL ORDER BY id',
    [ids],
  )
  const present = rows.map(({ id }) => id)
  await lockStates(client, present)
  await client.query(
    `DELETE FROM computed_traits t USING changed_trait n
      WHERE n.customer_id = ANY ($2::uuid[]) AND n.value IS NULL AND t.customer_id = n.customer_id AND t.name = $1`,
    [key, ids],
  )
  await client.query(
    `INSERT INTO computed_traits (customer_id, name, value)
     SELECT customer_id, $1, value FROM changed_trait WHERE customer_id = ANY ($2::uuid[]) AND value IS NOT NULL
     ON CONFLICT (customer_id, name) DO UPDATE SET value = excluded.value`,
    [key, present],
  )
  if (isAskedFor) await noteForCatchUp(client, present)
  if (isNews)
    await insertNews(
      client,
      present.map((customerId): NewNews => ({ customerId, kind: 'profile', atMs: nowMs })),
    )
}

/** How many have a value. */
export async function countTrait(client: Queryable, { key }: TraitToEvaluate): Promise<number> {
  const { rows } = await client.query<{ size: number }>(
    'SELECT count(*)::int AS size FROM computed_traits WHERE name = $1',
    [key],
  )
  return rows[0]?.size ?? 0
}
