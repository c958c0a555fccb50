/** The statements that answer segments and computed traits for a page of customers, and write what has changed. */

import type { SegmentDefinition } from '../../domain/definitions.ts'
import type { Queryable } from '../database.ts'
import { compileSegment } from '../segment-sql/compile-segment.ts'
import { PageFacts } from '../segment-sql/page-facts.ts'
import { anyOf, SqlParams } from '../segment-sql/sql-params.ts'

export interface SegmentChange {
  readonly customerId: string
  /** Its key. */
  readonly segment: string
  readonly change: 'entered' | 'exited'
}

export interface PageAnswers {
  readonly changes: readonly SegmentChange[]
  readonly changedTraits: readonly { readonly customerId: string; readonly trait: string }[]
  /** When time alone may next change something; a customer may be in here more than once, or not at all. */
  readonly moments: readonly { readonly customerId: string; readonly flipsAtMs: number }[]
  /** By how much segments grow. */
  readonly sizes: readonly { readonly segmentId: number; readonly delta: number }[]
}

export interface SegmentToEvaluate {
  readonly id: number
  readonly key: string
  readonly definition: SegmentDefinition
}

interface AnswerRow {
  readonly what: 'entered' | 'exited' | 'moment'
  readonly segmentId: number | null
  readonly customerId: string
  readonly flipsAt: Date | null
}

/** None of the segments may ask about another one of them. */
export async function evaluateSegments(
  client: Queryable,
  segments: readonly SegmentToEvaluate[],
  customerIds: readonly string[],
  nowMs: number,
): Promise<PageAnswers> {
  const params = new SqlParams(nowMs)
  const page = params.add(customerIds, 'uuid[]')
  const shared = new PageFacts(page)
  const scope = { customerIds: page, shared }
  const now = params.moment(nowMs)
  const answers = segments.map(
    ({ id, definition }) =>
      `SELECT ${id} AS segment_id, q.customer_id, q.holds, q.flips_at
         FROM (${compileSegment(definition.if, params, scope)}) AS q WHERE q.holds OR q.flips_at IS NOT NULL`,
  )
  const { rows } = await client.query<AnswerRow>({
    text: `
      WITH ${shared.sql(params)},
      answer AS MATERIALIZED (${answers.join(' UNION ALL ')}),
      member AS MATERIALIZED (
        SELECT m.segment_id, m.customer_id FROM segment_members m WHERE m.customer_id = ${anyOf(page)}${ofFew(segments)}),
      change AS MATERIALIZED (
        SELECT segment_id, customer_id, a.holds AS enters
          FROM (SELECT segment_id, customer_id, holds FROM answer WHERE holds) AS a
          FULL JOIN (SELECT segment_id, customer_id, true AS is_member FROM member
                      WHERE segment_id IN (${segments.map(({ id }) => id).join(', ')})
               ) AS m USING (customer_id, segment_id)
         WHERE a.holds IS NULL OR m.is_member IS NULL
         ORDER BY customer_id, segment_id -- As in the index: each place of it is gone to once.
      ), entered AS (
        INSERT INTO segment_members (segment_id, customer_id, since)
        SELECT segment_id, customer_id, ${now} FROM change WHERE enters
        RETURNING segment_id, customer_id
      ), exited AS (
        DELETE FROM segment_members m USING change
         WHERE change.enters IS NULL AND m.segment_id = change.segment_id AND m.customer_id = change.customer_id
        RETURNING m.segment_id, m.customer_id
      )
      SELECT 'entered' AS what, segment_id AS "segmentId", customer_id AS "customerId", NULL::timestamptz AS "flipsAt"
        FROM entered
      UNION ALL
      SELECT 'exited', segment_id, customer_id, NULL FROM exited
      UNION ALL
      SELECT 'moment', NULL, customer_id, min(flips_at) FROM answer WHERE flips_at IS NOT NULL GROUP BY customer_id`,
    values: params.values,
  })
  return toAnswers(segments, rows)
}

/**
 * All that a customer is in comes from one place of the index; asked for by many segments too, it would be probed for each
 * of them. Of a few, the others need not be read.
 */
function ofFew(segments: readonly SegmentToEvaluate[]): string {
  return segments.length > 4 ? '' : ` AND m.segment_id = ANY ('{${segments.map(({ id }) => id).join()}}')`
}

function toAnswers(segments: readonly SegmentToEvaluate[], rows: readonly AnswerRow[]): PageAnswers {
  const keys = new Map(segments.map(({ id, key }) => [id, key]))
  const changes: SegmentChange[] = []
  const moments: { customerId: string; flipsAtMs: number }[] = []
  const deltas = new Map<number, number>()
  for (const { what, segmentId, customerId, flipsAt } of rows) {
    if (what === 'moment') {
      if (flipsAt !== null) moments.push({ customerId, flipsAtMs: flipsAt.getTime() })
    } else if (segmentId !== null) {
      changes.push({ customerId, segment: keys.get(segmentId) ?? '', change: what })
      deltas.set(segmentId, (deltas.get(segmentId) ?? 0) + (what === 'entered' ? 1 : -1))
    }
  }
  const sizes = [...deltas].map(([segmentId, delta]) => ({ segmentId, delta }))
  return { changes, changedTraits: [], moments, sizes }
}
