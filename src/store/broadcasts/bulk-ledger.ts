/**
 * The ledger, a page of a broadcast at a time. Rows are written when their message is about to leave: `transmitting` is
 * committed for all of a page, with consent, suppression, caps and quiet hours checked in the same transaction, before
 * its first byte leaves. The same unique key as for every message makes sure that nobody has two.
 */

import { v7 as uuid } from 'uuid'
import { broadcastJourney, broadcastStep, holdOutVariant } from '../../domain/broadcast.ts'
import { type Addressee, type ContactVerdict, mayContact } from '../../domain/contact-policy.ts'
import type { ContactPolicy } from '../../domain/definitions.ts'
import type { SettledStatus } from '../../domain/delivery.ts'
import type { EpochMs } from '../../domain/time.ts'
import type { Database, Queryable } from '../database.ts'
import { type Holder, nameOf, ownerPrefix } from '../ledger-types.ts'
import { type NewSuppression, suppress } from '../suppressions.ts'
import { type BulkAddressee, lockAddressees, type SealedForBulk } from './addressees.ts'
import type { Broadcast } from './broadcasts.ts'

/** What may leave now: `transmitting` is committed. */
export interface BulkMessage {
  readonly id: string
  readonly customerId: string
  readonly variant: string
  readonly template: string
  readonly plannedAtMs: EpochMs
  readonly sealed: SealedForBulk
}

export interface BulkPage {
  readonly messages: readonly BulkMessage[]
  readonly refused: number
  readonly postponed: number
}

export interface FreshPage extends BulkPage {
  /** The position of the last recipient who was looked at; undefined if there was none. */
  readonly last?: number
  /** Why the page ends before the audience does: a later moment, an experiment without a winner yet; or it does end. */
  readonly end?: { readonly untilMs: EpochMs } | 'winner' | 'audience'
}

export interface BulkSettlement {
  readonly id: string
  readonly status: SettledStatus
  readonly reason?: string | undefined
  readonly providerMessageId?: string | undefined
  readonly suppression?: NewSuppression | undefined
}

export interface BulkContext {
  readonly broadcast: Broadcast
  readonly policy: ContactPolicy
  readonly holder: Holder
  readonly nowMs: EpochMs
  /** Real milliseconds within which whoever transmits will have ended. */
  readonly leaseMs: number
}

export interface BulkLedger {
  /** The next recipients after a position. */
  claimFresh(context: BulkContext, after: number, size: number): Promise<FreshPage>
  /** Messages whose moment has come: postponed ones, and those that were refused for the time being. */
  claimDue(context: BulkContext, size: number): Promise<BulkPage>
  /** What a sender left behind who is gone: it may have arrived, and is not sent again. @returns how many. */
  doubtLost(broadcastId: string, holder: Holder, nowMs: EpochMs): Promise<number>
  settle(holder: Holder, settlements: readonly BulkSettlement[], nowMs: EpochMs): Promise<void>
  /** Gives messages back that have certainly not left, to be sent another time. */
  release(holder: Holder, messages: readonly { id: string; notBeforeMs: EpochMs; reason: string }[]): Promise<void>
  /** Refuses whatever is still open. */
  refuseOpen(broadcastId: string, reason: string, nowMs: EpochMs): Promise<number>
  /** When the next open message may leave; undefined if none is open. `planned`: of those that nobody holds. */
  nextDue(broadcastId: string, which?: 'planned'): Promise<EpochMs | undefined>
  countSince(broadcastId: string, sinceMs: EpochMs): Promise<number>
}

const senderLost = 'the sender was lost while transmitting'

export function createBulkLedger(database: Database): BulkLedger {
  return {
    claimFresh: (context, after, size) => claimFresh(database, context, after, size),
    claimDue: (context, size) => claimDue(database, context, size),
    async doubtLost(broadcastId, holder, nowMs) {
      const { rowCount } = await database.pool.query({
        name: 'broadcast-doubt',
        text: `UPDATE messages SET status = 'in_doubt', reason = $3, settled_at = $4
                WHERE broadcast_id = $1 AND settled_at IS NULL AND status = 'transmitting'
                  AND (lease_until < clock_timestamp() OR (starts_with(claimed_by, $2) AND claimed_by <> $5))`,
        values: [broadcastId, ownerPrefix(holder.owner), senderLost, new Date(nowMs), nameOf(holder)],
      })
      return rowCount ?? 0
    },
    settle: (holder, settlements, nowMs) => settle(database, holder, settlements, nowMs),
    async release(holder, messages) {
      if (messages.length === 0) return
      await database.pool.query({
        name: 'broadcast-release',
        text: `UPDATE messages m SET status = 'planned', claimed_by = NULL, lease_until = NULL, attempts = attempts - 1,
                      not_before = g.not_before, reason = g.reason
                 FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS g (id, not_before, reason)
                WHERE m.id = g.id AND m.claimed_by = $4 AND m.status = 'transmitting'`,
        values: [
          messages.map(({ id }) => id),
          messages.map(({ notBeforeMs }) => new Date(notBeforeMs)),
          messages.map(({ reason }) => reason),
          nameOf(holder),
        ],
      })
    },
    refuseOpen: (broadcastId, reason, nowMs) => refuseOpen(database.pool, broadcastId, reason, nowMs),
    async nextDue(broadcastId, which) {
      const { rows } = await database.pool.query<{ at: Date | null }>({
        name: 'broadcast-next-due',
        text: `SELECT min(coalesce(not_before, planned_at)) AS at FROM messages
                WHERE broadcast_id = $1 AND settled_at IS NULL AND ($2::text IS NULL OR status = $2)`,
        values: [broadcastId, which ?? null],
      })
      return rows[0]?.at?.getTime()
    },
    async countSince(broadcastId, sinceMs) {
      const { rows } = await database.pool.query<{ count: number }>(
        `SELECT count(*) AS count FROM messages WHERE broadcast_id = $1 AND transmitting_at >= $2 AND attempts > 0`,
        [broadcastId, new Date(sinceMs)],
      )
      return rows[0]?.count ?? 0
    },
  }
}

interface Recipient {
  readonly position: number
  readonly customer_id: string | null
  readonly variant: string | null
  readonly send_at: Date | null
}

/** Somebody who was merged meanwhile stands for whoever they are part of. */
const recipientsSql = `
  SELECT r.position, coalesce(c.merged_into, c.id) AS customer_id, r.variant, r.send_at
    FROM broadcast_recipients r LEFT JOIN customers c ON c.id = r.customer_id
   WHERE r.broadcast_id = $1 AND r.position > $2
   ORDER BY r.position LIMIT $3`

async function claimFresh(database: Database, context: BulkContext, after: number, size: number): Promise<FreshPage> {
  const { broadcast, nowMs } = context
  const { rows } = await database.pool.query<Recipient>({
    name: 'broadcast-recipients',
    text: recipientsSql,
    values: [broadcast.id, after, size],
  })
  const stop = rows.findIndex((row) => endAt(row, broadcast, nowMs) !== undefined)
  const taken = stop === -1 ? rows : rows.slice(0, stop)
  const blocking = stop === -1 ? undefined : rows[stop]
  const end = blocking === undefined ? (rows.length < size ? 'audience' : undefined) : endAt(blocking, broadcast, nowMs)
  const last = taken.at(-1)?.position
  const page = taken.length === 0 ? nothing : await planPage(database, context, taken)
  return { ...page, ...(last === undefined ? {} : { last }), ...(end === undefined ? {} : { end }) }
}

const nothing: BulkPage = { messages: [], refused: 0, postponed: 0 }

function endAt(recipient: Recipient, { winner }: Broadcast, nowMs: EpochMs): FreshPage['end'] {
  if (recipient.variant === holdOutVariant) return 'audience'
  if (recipient.variant === null && winner === null) return 'winner'
  const untilMs = recipient.send_at?.getTime() ?? nowMs
  return untilMs > nowMs ? { untilMs } : undefined
}

interface Planned {
  readonly id: string
  readonly customerId: string
  readonly variant: string
  readonly outcome: Outcome
}

type Outcome =
  | { readonly status: 'transmitting'; readonly sealed: SealedForBulk }
  | { readonly status: 'planned'; readonly reason: string; readonly notBeforeMs: EpochMs }
  | { readonly status: 'refused'; readonly reason: string }

async function planPage(database: Database, context: BulkContext, recipients: readonly Recipient[]): Promise<BulkPage> {
  const { broadcast, nowMs } = context
  return database.transaction(async (client) => {
    const ids = [...new Set(recipients.flatMap(({ customer_id: id }) => id ?? []))]
    const known = await lockAddressees(client, ids, broadcast.definition.topic, nowMs)
    const seen = new Set<string>()
    const planned = recipients.flatMap(({ customer_id: customerId, variant }): Planned[] => {
      const who = customerId === null ? undefined : known.get(customerId)
      if (customerId === null || who === undefined || seen.has(customerId)) return [] // Erased, or merged with another.
      seen.add(customerId)
      const outcome = outcomeFor(who, context, expiryOf(context))
      return [{ id: uuid(), customerId, variant: variant ?? broadcast.winner ?? '', outcome }]
    })
    const inserted = await insertMessages(client, context, planned)
    return toPage(
      planned.filter(({ id }) => inserted.has(id)),
      context,
      () => nowMs,
    )
  })
}

function expiryOf({ broadcast, nowMs }: BulkContext): EpochMs {
  return (broadcast.startedAt?.getTime() ?? nowMs) + broadcast.definition.expiresAfterMs
}

function outcomeFor({ addressee, sealed }: BulkAddressee, context: BulkContext, expiresAtMs: EpochMs): Outcome {
  const { nowMs } = context
  if (expiresAtMs <= nowMs) return { status: 'refused', reason: 'expired' }
  const verdict = verdictOn(addressee, context)
  if (!verdict.allowed) {
    const { rule, notBeforeMs } = verdict
    const isInTime = notBeforeMs !== null && notBeforeMs < expiresAtMs
    return isInTime
      ? { status: 'planned', reason: `postponed: ${rule}`, notBeforeMs }
      : { status: 'refused', reason: rule }
  }
  return sealed === null ? { status: 'refused', reason: 'no-address' } : { status: 'transmitting', sealed }
}

function verdictOn(addressee: Addressee, { broadcast, policy, nowMs }: BulkContext): ContactVerdict {
  const question = {
    channel: 'email',
    messageClass: 'marketing',
    topic: broadcast.definition.topic,
    journey: broadcastJourney(broadcast.key),
    journeyCaps: undefined,
  } as const
  return mayContact(question, addressee, policy, nowMs)
}

function templateOf({ definition }: Broadcast, variant: string): string {
  return definition.variants.find(({ id }) => id === variant)?.template ?? definition.variants[0]?.template ?? ''
}

const insertSql = `
  WITH given AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
      AS g (id, customer_id, variant, template, status, reason, not_before)
  ), inserted AS (
    INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                          template, status, reason, data, planned_at, expires_at, not_before, attempts, claimed_by,
                          lease_until, transmitting_at, settled_at, broadcast_id)
    SELECT id, customer_id, $8, $9, '${broadcastStep}', 1, 1, 'email', 'marketing', $10, template, status, reason,
           jsonb_build_object('variant', variant), $11::timestamptz, $12, not_before,
           CASE status WHEN 'transmitting' THEN 1 ELSE 0 END,
           CASE status WHEN 'transmitting' THEN $13 END,
           CASE status WHEN 'transmitting' THEN clock_timestamp() + $14::interval END,
           CASE status WHEN 'transmitting' THEN $11::timestamptz END,
           CASE status WHEN 'refused' THEN $11::timestamptz END, $15
      FROM given
    ON CONFLICT (customer_id, journey, step, entry_number, visit) DO NOTHING
    RETURNING id, customer_id, status, reason
  ), noted AS (
    INSERT INTO decision_records (customer_id, decided_at, kind, journey, version, step, entry_number, outcome, rule, detail)
    SELECT customer_id, $11, 'message', $8, $9, '${broadcastStep}', 1, 'refused', reason, jsonb_build_object('messageId', id)
      FROM inserted WHERE status = 'refused'
  )
  SELECT id FROM inserted`

async function insertMessages(
  client: Queryable,
  { broadcast, holder, nowMs, leaseMs }: BulkContext,
  planned: readonly Planned[],
): Promise<Set<string>> {
  if (planned.length === 0) return new Set()
  const startedMs = broadcast.startedAt?.getTime() ?? nowMs
  const { rows } = await client.query<{ id: string }>({
    name: 'broadcast-insert',
    text: insertSql,
    values: [
      planned.map(({ id }) => id),
      planned.map(({ customerId }) => customerId),
      planned.map(({ variant }) => variant),
      planned.map(({ variant }) => templateOf(broadcast, variant)),
      planned.map(({ outcome }) => outcome.status),
      planned.map(({ outcome }) => reasonOf(outcome)),
      planned.map(({ outcome }) => (outcome.status === 'planned' ? new Date(outcome.notBeforeMs) : null)),
      broadcastJourney(broadcast.key),
      broadcast.version,
      broadcast.definition.topic,
      new Date(nowMs),
      new Date(startedMs + broadcast.definition.expiresAfterMs),
      nameOf(holder),
      `${leaseMs} ms`,
      broadcast.id,
    ],
  })
  return new Set(rows.map(({ id }) => id))
}

function reasonOf(outcome: Outcome): string | null {
  return outcome.status === 'transmitting' ? null : outcome.reason
}

interface DueRow {
  readonly id: string
  readonly customer_id: string
  readonly variant: string
  readonly planned_at: Date
}

async function claimDue(database: Database, context: BulkContext, size: number): Promise<BulkPage> {
  const { broadcast, nowMs } = context
  const due = await database.pool.query<DueRow>({
    name: 'broadcast-due',
    text: `SELECT id, customer_id, data ->> 'variant' AS variant, planned_at FROM messages
            WHERE broadcast_id = $1 AND settled_at IS NULL AND status = 'planned'
              AND (not_before IS NULL OR not_before <= $2)
            ORDER BY not_before LIMIT $3`,
    values: [broadcast.id, new Date(nowMs), size],
  })
  if (due.rows.length === 0) return nothing
  return database.transaction(async (client) => {
    const ids = due.rows.map(({ id }) => id)
    const known = await lockAddressees(
      client,
      [...new Set(due.rows.map((row) => row.customer_id))],
      broadcast.definition.topic,
      nowMs,
      ids,
    )
    const planned = due.rows.flatMap(({ id, customer_id: customerId, variant }): Planned[] => {
      const who = known.get(customerId)
      return who === undefined
        ? []
        : [{ id, customerId, variant, outcome: outcomeFor(who, context, expiryOf(context)) }]
    })
    const changed = await updateMessages(client, context, planned)
    const plannedAt = new Map(due.rows.map((row) => [row.id, row.planned_at.getTime()]))
    return toPage(
      planned.filter(({ id }) => changed.has(id)),
      context,
      (id) => plannedAt.get(id) ?? nowMs,
    )
  })
}

const updateSql = `
  WITH given AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS g (id, status, reason, not_before)
  ), changed AS (
    UPDATE messages m
       SET status = g.status, reason = g.reason, not_before = coalesce(g.not_before, m.not_before),
           attempts = m.attempts + CASE g.status WHEN 'transmitting' THEN 1 ELSE 0 END,
           claimed_by = CASE g.status WHEN 'transmitting' THEN $5 END,
           lease_until = CASE g.status WHEN 'transmitting' THEN clock_timestamp() + $6::interval END,
           transmitting_at = CASE g.status WHEN 'transmitting' THEN $7::timestamptz ELSE m.transmitting_at END,
           settled_at = CASE g.status WHEN 'refused' THEN $7::timestamptz END
      FROM given g WHERE m.id = g.id AND m.status = 'planned' AND m.settled_at IS NULL
    RETURNING m.*
  ), noted AS (
    INSERT INTO decision_records (customer_id, decided_at, kind, journey, version, step, entry_number, outcome, rule, detail)
    SELECT customer_id, $7, 'message', journey, version, step, entry_number, 'refused', reason, jsonb_build_object('messageId', id)
      FROM changed WHERE status = 'refused'
  )
  SELECT id FROM changed`

async function updateMessages(
  client: Queryable,
  { holder, nowMs, leaseMs }: BulkContext,
  planned: readonly Planned[],
): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>({
    name: 'broadcast-update',
    text: updateSql,
    values: [
      planned.map(({ id }) => id),
      planned.map(({ outcome }) => outcome.status),
      planned.map(({ outcome }) => reasonOf(outcome)),
      planned.map(({ outcome }) => (outcome.status === 'planned' ? new Date(outcome.notBeforeMs) : null)),
      nameOf(holder),
      `${leaseMs} ms`,
      new Date(nowMs),
    ],
  })
  return new Set(rows.map(({ id }) => id))
}

function toPage(planned: readonly Planned[], { broadcast }: BulkContext, plannedAt: (id: string) => EpochMs): BulkPage {
  const messages = planned.flatMap(({ id, customerId, variant, outcome }): BulkMessage[] =>
    outcome.status === 'transmitting'
      ? [
          {
            id,
            customerId,
            variant,
            template: templateOf(broadcast, variant),
            plannedAtMs: plannedAt(id),
            sealed: outcome.sealed,
          },
        ]
      : [],
  )
  const count = (status: Outcome['status']): number => planned.filter(({ outcome }) => outcome.status === status).length
  return { messages, refused: count('refused'), postponed: count('planned') }
}

async function settle(
  database: Database,
  holder: Holder,
  settlements: readonly BulkSettlement[],
  nowMs: EpochMs,
): Promise<void> {
  if (settlements.length === 0) return
  const suppressions = settlements.flatMap(({ suppression }) => suppression ?? [])
  const write = (client: Queryable): Promise<unknown> =>
    client.query({
      name: 'broadcast-settle',
      // From in_doubt too: the attempt that was given up for lost knows better.
      text: `UPDATE messages m SET status = g.status, reason = g.reason, settled_at = $5, lease_until = NULL,
                    provider_message_id = g.provider
               FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS g (id, status, reason, provider)
              WHERE m.id = g.id AND m.claimed_by = $6 AND (m.settled_at IS NULL OR m.status = 'in_doubt')`,
      values: [
        settlements.map(({ id }) => id),
        settlements.map(({ status }) => status),
        settlements.map(({ reason }) => reason ?? null),
        settlements.map(({ providerMessageId }) => providerMessageId ?? null),
        new Date(nowMs),
        nameOf(holder),
      ],
    })
  if (suppressions.length === 0) return void (await write(database.pool))
  await database.transaction(async (client) => {
    await write(client)
    for (const suppression of suppressions) await suppress(client, suppression)
  })
}

async function refuseOpen(client: Queryable, broadcastId: string, reason: string, nowMs: EpochMs): Promise<number> {
  const { rows } = await client.query(
    `WITH refused AS (
       UPDATE messages SET status = 'refused', reason = $2, settled_at = $3
        WHERE broadcast_id = $1 AND settled_at IS NULL AND status = 'planned' RETURNING *
     ), noted AS (
       INSERT INTO decision_records (customer_id, decided_at, kind, journey, version, step, entry_number, outcome, rule, detail)
       SELECT customer_id, $3, 'message', journey, version, step, entry_number, 'refused', reason, jsonb_build_object('messageId', id)
         FROM refused
     )
     SELECT FROM refused`,
    [broadcastId, reason, new Date(nowMs)],
  )
  return rows.length
}
