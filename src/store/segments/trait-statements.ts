/** Traits computed by rule for a page of customers: worked out, compared with what is kept, and written where they differ. */

import type { ComputedTraitDefinition } from '../../domain/definitions.ts'
import type { Queryable } from '../database.ts'
import { compileComputedTrait } from '../segment-sql/computed-trait-sql.ts'
import { PageFacts } from '../segment-sql/page-facts.ts'
import { anyOf, SqlParams } from '../segment-sql/sql-params.ts'
import type { PageAnswers } from './segment-statements.ts'

export interface TraitToEvaluate {
  readonly id: number
  readonly key: string
  readonly definition: ComputedTraitDefinition
}

interface AnswerRow {
  readonly what: 'came' | 'changed' | 'went' | 'moment'
  readonly trait: string | null
  readonly customerId: string
  readonly changesAt: Date | null
}

/** Only events count, so none asks about another one. */
export async function evaluateTraits(
  client: Queryable,
  traits: readonly TraitToEvaluate[],
  customerIds: readonly string[],
  nowMs: number,
): Promise<PageAnswers> {
  const params = new SqlParams(nowMs)
  const page = params.add(customerIds, 'uuid[]')
  const shared = new PageFacts(page)
  const answers = traits.map(
    ({ key, definition }) =>
      `SELECT ${params.text(key)} AS name, q.customer_id, q.value, q.changes_at
         FROM (${compileComputedTrait(definition, params, { customerIds: page, shared })}) AS q`,
  )
  const names = params.add(
    traits.map(({ key }) => key),
    'text[]',
  )
  const { rows } = await client.query<AnswerRow>({
    text: `
      WITH ${shared.sql(params)},
      answer AS MATERIALIZED (
        SELECT a.* FROM (${answers.join(' UNION ALL ')}) AS a JOIN ${shared.customers} c ON c.id = a.customer_id
      ), kept AS MATERIALIZED (
        SELECT customer_id, name, value FROM computed_traits
         WHERE customer_id = ${anyOf(page)} AND name = ANY (${names})
      ), saved AS (
        INSERT INTO computed_traits AS t (customer_id, name, value)
        SELECT a.customer_id, a.name, a.value FROM answer a WHERE NOT EXISTS (
          SELECT FROM kept k WHERE k.customer_id = a.customer_id AND k.name = a.name AND k.value = a.value)
        ON CONFLICT (customer_id, name) DO UPDATE SET value = excluded.value
        RETURNING t.customer_id, t.name
      ), gone AS (
        DELETE FROM computed_traits t USING (
          SELECT customer_id, name FROM kept k WHERE NOT EXISTS (
            SELECT FROM answer a WHERE a.customer_id = k.customer_id AND a.name = k.name)
        ) AS empty WHERE t.customer_id = empty.customer_id AND t.name = empty.name
        RETURNING t.customer_id, t.name
      )
      SELECT CASE WHEN k.name IS NULL THEN 'came' ELSE 'changed' END AS what, s.name AS trait,
             s.customer_id AS "customerId", NULL::timestamptz AS "changesAt"
        FROM saved s LEFT JOIN kept k USING (customer_id, name)
      UNION ALL
      SELECT 'went', name, customer_id, NULL FROM gone
      UNION ALL
      SELECT 'moment', NULL, customer_id, min(changes_at) FROM answer WHERE changes_at IS NOT NULL GROUP BY customer_id`,
    values: params.values,
  })
  return toAnswers(traits, rows)
}

const growth = { came: 1, changed: 0, went: -1 } as const

function toAnswers(traits: readonly TraitToEvaluate[], rows: readonly AnswerRow[]): PageAnswers {
  const ids = new Map(traits.map(({ key, id }) => [key, id]))
  const changedTraits: { customerId: string; trait: string }[] = []
  const moments: { customerId: string; flipsAtMs: number }[] = []
  const deltas = new Map<number, number>()
  for (const { what, trait, customerId, changesAt } of rows) {
    if (what === 'moment') {
      if (changesAt !== null) moments.push({ customerId, flipsAtMs: changesAt.getTime() })
      continue
    }
    const id = ids.get(trait ?? '')
    if (trait === null || id === undefined) continue
    changedTraits.push({ customerId, trait: `computed.${trait}` })
    if (growth[what] !== 0) deltas.set(id, (deltas.get(id) ?? 0) + growth[what])
  }
  return { changes: [], changedTraits, moments, sizes: [...deltas].map(([segmentId, delta]) => ({ segmentId, delta })) }
}
