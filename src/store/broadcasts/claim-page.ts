/** Takes the messages of a broadcast in hand, a page in one transaction: fresh recipients, and those whose moment has come. */

import { v7 as uuid } from 'uuid'
import { holdOutVariant } from '../../domain/broadcast.ts'
import { warmUpRule } from '../../domain/mail-sender.ts'
import type { EpochMs } from '../../domain/time.ts'
import { uuidArray } from '../binary-arrays.ts'
import type { Database, Queryable } from '../database.ts'
import { giveBackPlaces, takePlaces } from '../sender-days.ts'
import { standsForSql } from '../stands-for.ts'
import { lockAddressees } from './addressees.ts'
import type { Broadcast } from './broadcasts.ts'
import { laterOutcome, type Outcome, outcomeFor, type Planned } from './bulk-outcome.ts'
import type { BulkContext, BulkMessage, BulkPage, FreshRecipients, Recipient } from './bulk-page.ts'
import { insertMessages, templateOf, updateMessages } from './bulk-rows.ts'

const recipientsSql = `
  SELECT position, customer_id, variant, send_at FROM broadcast_recipients
   WHERE broadcast_id = $1 AND position > $2 ORDER BY position LIMIT $3`

/** Somebody who was merged meanwhile stands for whoever they are part of. Of who was erased there is nobody. */
const standInsSql = `
  SELECT c.id AS given, ${standsForSql('c')} AS id FROM customers c WHERE c.id = ANY ($1::uuid[]) AND c.erasing_at IS NULL`

/** The next recipients after a position: reading is cheap, so that several pages may be planned at once. */
export async function readFresh(
  database: Database,
  { broadcast, nowMs }: BulkContext,
  after: number,
  size: number,
): Promise<FreshRecipients> {
  const { rows } = await database.pool.query<Recipient>({
    name: 'broadcast-recipients',
    text: recipientsSql,
    values: [broadcast.id, after, size],
  })
  const stop = rows.findIndex((row) => endAt(row, broadcast, nowMs) !== undefined)
  const recipients = stop === -1 ? rows : rows.slice(0, stop)
  const blocking = stop === -1 ? undefined : rows[stop]
  const end = blocking === undefined ? (rows.length < size ? 'audience' : undefined) : endAt(blocking, broadcast, nowMs)
  const last = recipients.at(-1)?.position
  return { recipients, ...(last === undefined ? {} : { last }), ...(end === undefined ? {} : { end }) }
}

const nothing: BulkPage = { messages: [], refused: 0, postponed: 0 }

function endAt(recipient: Recipient, { winner }: Broadcast, nowMs: EpochMs): FreshRecipients['end'] {
  if (recipient.variant === holdOutVariant) return 'audience'
  if (recipient.variant === null && winner === null) return 'winner'
  const untilMs = recipient.send_at?.getTime() ?? nowMs
  return untilMs > nowMs ? { untilMs } : undefined
}

export async function planFresh(
  database: Database,
  context: BulkContext,
  recipients: readonly Recipient[],
): Promise<BulkPage> {
  const { page, missing } = await planPage(database, context, recipients)
  if (missing.length === 0) return page
  const others = await planPage(database, context, await standIns(database, missing))
  return {
    messages: [...page.messages, ...others.page.messages],
    refused: page.refused + others.page.refused,
    postponed: page.postponed + others.page.postponed,
  }
}

/** In the place of those who were merged with others meanwhile: whom they are part of. */
async function standIns(database: Database, missing: readonly Recipient[]): Promise<Recipient[]> {
  const { rows } = await database.pool.query<{ given: string; id: string | null }>(standInsSql, [
    uuidArray(missing.map(({ customer_id: id }) => id)),
  ])
  const idOf = new Map(rows.map(({ given, id }) => [given, id]))
  return missing.flatMap((recipient) => {
    const id = idOf.get(recipient.customer_id) ?? null
    return id === null ? [] : [{ ...recipient, customer_id: id }]
  })
}

/** @returns also who is not there any more, as themselves. */
async function planPage(
  database: Database,
  context: BulkContext,
  recipients: readonly Recipient[],
): Promise<{ readonly page: BulkPage; readonly missing: readonly Recipient[] }> {
  if (recipients.length === 0) return { page: nothing, missing: [] }
  const { broadcast, nowMs } = context
  return database.transaction(async (client) => {
    const ids = [...new Set(recipients.map(({ customer_id: id }) => id))]
    const known = await lockAddressees(client, ids, context)
    const seen = new Set<string>()
    const planned = recipients.flatMap(({ customer_id: customerId, variant }): Planned[] => {
      const who = known.get(customerId)
      if (who === undefined || seen.has(customerId)) return []
      seen.add(customerId)
      const outcome = outcomeFor(who, context)
      return [{ id: uuid(), customerId, variant: variant ?? broadcast.winner ?? '', outcome }]
    })
    const within = await withinPlan(client, context, planned)
    const inserted = await insertMessages(client, context, within)
    await giveBackOf(client, context, within, inserted)
    const page = toPage(
      within.filter(({ id }) => inserted.has(id)),
      context,
      () => nowMs,
    )
    return { page, missing: recipients.filter(({ customer_id: id }) => !known.has(id)) }
  })
}

interface DueRow {
  readonly id: string
  readonly customer_id: string
  readonly variant: string
  readonly planned_at: Date
}

export async function claimDue(database: Database, context: BulkContext, size: number): Promise<BulkPage> {
  const { broadcast, nowMs } = context
  const due = await database.pool.query<DueRow>({
    text: `SELECT id, customer_id, data ->> 'variant' AS variant, planned_at FROM messages
            WHERE broadcast_id = $1 AND settled_at IS NULL AND status = 'planned'
              AND (not_before IS NULL OR not_before <= $2)
            ORDER BY not_before LIMIT $3`,
    values: [broadcast.id, new Date(nowMs), size],
  })
  if (due.rows.length === 0) return nothing
  return database.transaction(async (client) => {
    const ids = due.rows.map(({ id }) => id)
    const customerIds = [...new Set(due.rows.map((row) => row.customer_id))]
    const known = await lockAddressees(client, customerIds, context, ids)
    const planned = due.rows.flatMap(({ id, customer_id: customerId, variant }): Planned[] => {
      const who = known.get(customerId)
      return who === undefined ? [] : [{ id, customerId, variant, outcome: outcomeFor(who, context) }]
    })
    const within = await withinPlan(client, context, planned)
    const changed = await updateMessages(client, context, within)
    await giveBackOf(client, context, within, changed)
    const plannedAt = new Map(due.rows.map((row) => [row.id, row.planned_at.getTime()]))
    return toPage(
      within.filter(({ id }) => changed.has(id)),
      context,
      (id) => plannedAt.get(id) ?? nowMs,
    )
  })
}

/** Those for whom the plan of their identity has no place left on this day wait for the next one. */
async function withinPlan(
  client: Queryable,
  context: BulkContext,
  planned: readonly Planned[],
): Promise<readonly Planned[]> {
  const { sender } = context
  if (sender.day === undefined) return planned
  const leaving = planned.filter(({ outcome }) => outcome.status === 'transmitting')
  const places = await takePlaces(client, sender, 'marketing', leaving.length)
  const late = new Set(leaving.slice(places))
  const wait = laterOutcome(warmUpRule, sender.day.untilMs, context)
  return planned.map((one) => (late.has(one) ? { ...one, outcome: wait } : one))
}

/** Of those that do not leave after all: they have one, or somebody else has it in hand. */
async function giveBackOf(
  client: Queryable,
  { sender }: BulkContext,
  planned: readonly Planned[],
  written: ReadonlySet<string>,
): Promise<void> {
  const kept = planned.filter(({ id, outcome }) => outcome.status === 'transmitting' && !written.has(id))
  await giveBackPlaces(client, sender, kept.length)
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
