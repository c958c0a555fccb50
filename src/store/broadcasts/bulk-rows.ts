/** Rows of the ledger for a page: written or changed by one statement, each refusal with the record of its reason. Not prepared under a name, as in `addressees.ts`. */

import { broadcastJourney, broadcastStep } from '../../domain/broadcast.ts'
import { textArray, uuidArray } from '../binary-arrays.ts'
import type { Queryable } from '../database.ts'
import { nameOf } from '../ledger-types.ts'
import type { Broadcast } from './broadcasts.ts'
import { expiryOf, type Outcome, type Planned } from './bulk-outcome.ts'
import type { BulkContext } from './bulk-page.ts'

export function templateOf({ definition }: Broadcast, variant: string): string {
  return definition.variants.find(({ id }) => id === variant)?.template ?? definition.variants[0]?.template ?? ''
}

const insertSql = `
  WITH given AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]::timestamptz[])
      AS g (id, customer_id, variant, template, status, reason, not_before)
  ), inserted AS (
    INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                          template, status, reason, data, planned_at, expires_at, not_before, attempts, claimed_by,
                          lease_until, transmitting_at, settled_at, broadcast_id, sender)
    SELECT id, customer_id, $8, $9, '${broadcastStep}', 1, 1, $17, 'marketing', $10, template, status, reason,
           jsonb_build_object('variant', variant), $11::timestamptz, $12, not_before,
           CASE status WHEN 'transmitting' THEN 1 ELSE 0 END,
           CASE status WHEN 'transmitting' THEN $13 END,
           CASE status WHEN 'transmitting' THEN clock_timestamp() + $14::interval END,
           CASE status WHEN 'transmitting' THEN $11::timestamptz END,
           CASE status WHEN 'refused' THEN $11::timestamptz END, $15, CASE status WHEN 'transmitting' THEN $16 END
      FROM given
    ON CONFLICT (customer_id, journey, step, entry_number, visit) DO NOTHING
    RETURNING id, customer_id, status, reason
  ), noted AS (
    INSERT INTO decision_records (customer_id, decided_at, kind, journey, version, step, entry_number, outcome, rule, detail)
    SELECT customer_id, $11, 'message', $8, $9, '${broadcastStep}', 1, 'refused', reason, jsonb_build_object('messageId', id)
      FROM inserted WHERE status = 'refused'
  )
  SELECT id FROM inserted`

/** @returns whose message it was that came into being: nobody gets a second one. */
export async function insertMessages(
  client: Queryable,
  context: BulkContext,
  planned: readonly Planned[],
): Promise<Set<string>> {
  if (planned.length === 0) return new Set()
  const { broadcast, holder, nowMs, leaseMs, sender } = context
  const { rows } = await client.query<{ id: string }>({
    text: insertSql,
    values: [
      uuidArray(planned.map(({ id }) => id)),
      uuidArray(planned.map(({ customerId }) => customerId)),
      textArray(planned.map(({ variant }) => variant)),
      textArray(planned.map(({ variant }) => templateOf(broadcast, variant))),
      textArray(planned.map(({ outcome }) => outcome.status)),
      textArray(planned.map(({ outcome }) => reasonOf(outcome))),
      textArray(planned.map(({ outcome }) => notBeforeOf(outcome))),
      broadcastJourney(broadcast.key),
      broadcast.version,
      broadcast.definition.topic,
      new Date(nowMs),
      new Date(expiryOf(context)),
      nameOf(holder),
      `${leaseMs} ms`,
      broadcast.id,
      sender.key,
      broadcast.definition.channel,
    ],
  })
  return new Set(rows.map(({ id }) => id))
}

function reasonOf(outcome: Outcome): string | null {
  return outcome.status === 'transmitting' ? null : outcome.reason
}

function notBeforeOf(outcome: Outcome): string | null {
  return outcome.status === 'planned' ? new Date(outcome.notBeforeMs).toISOString() : null
}

const updateSql = `
  WITH given AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]::timestamptz[]) AS g (id, status, reason, not_before)
  ), changed AS (
    UPDATE messages m
       SET status = g.status, reason = g.reason, not_before = coalesce(g.not_before, m.not_before),
           attempts = m.attempts + CASE g.status WHEN 'transmitting' THEN 1 ELSE 0 END,
           claimed_by = CASE g.status WHEN 'transmitting' THEN $5 END,
           sender = CASE g.status WHEN 'transmitting' THEN $8 ELSE m.sender END,
           lease_until = CASE g.status WHEN 'transmitting' THEN clock_timestamp() + $6::interval END,
           transmitting_at = CASE g.status WHEN 'transmitting' THEN $7::timestamptz ELSE m.transmitting_at END,
           settled_at = CASE g.status WHEN 'refused' THEN $7::timestamptz END
      FROM given g WHERE m.id = g.id AND (m.status = 'planned' AND m.settled_at IS NULL) IS TRUE
    RETURNING m.*
  ), noted AS (
    INSERT INTO decision_records (customer_id, decided_at, kind, journey, version, step, entry_number, outcome, rule, detail)
    SELECT customer_id, $7, 'message', journey, version, step, entry_number, 'refused', reason, jsonb_build_object('messageId', id)
      FROM changed WHERE status = 'refused'
  )
  SELECT id FROM changed`

/** @returns those that were still open. */
export async function updateMessages(
  client: Queryable,
  { holder, nowMs, leaseMs, sender }: BulkContext,
  planned: readonly Planned[],
): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>({
    text: updateSql,
    values: [
      uuidArray(planned.map(({ id }) => id)),
      textArray(planned.map(({ outcome }) => outcome.status)),
      textArray(planned.map(({ outcome }) => reasonOf(outcome))),
      textArray(planned.map(({ outcome }) => notBeforeOf(outcome))),
      nameOf(holder),
      `${leaseMs} ms`,
      new Date(nowMs),
      sender.key,
    ],
  })
  return new Set(rows.map(({ id }) => id))
}
