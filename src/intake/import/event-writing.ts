/**
 * Writes a stretch of a file that becomes events: handled like any event, but nothing of it is news. Events and what
 * follows from them are written in one transaction a page, so that no other process can take them for something new.
 */

import { insertConsents, type NewConsent } from '../../store/consents.ts'
import type { Queryable } from '../../store/database.ts'
import { markDirty } from '../../store/dirty-customers.ts'
import { ensureEventParts, monthStartMs } from '../../store/event-parts.ts'
import { noteImportedCustomers } from '../../store/imports.ts'
import { upholdLate } from '../../store/late-words.ts'
import { handlePage } from '../handle-page.ts'
import { insertAndClaim } from '../insert-and-claim.ts'
import { pastNeeds } from '../past-needs.ts'
import { type ImportContext, type SaveChunk, Tally } from './chunk.ts'
import type { ConsentLine, EventStretch } from './event-chunk.ts'

const pageSize = 500

/** Writes page by page; a page that was written before says nothing new. */
export async function writeEvents(
  { events, consents }: EventStretch,
  context: ImportContext,
  save: SaveChunk,
): Promise<void> {
  const { database, nowMs, importId } = context
  const tally = new Tally()
  const needs = pastNeeds(context)
  await ensureEventParts(database.pool, monthStartMs(nowMs))
  for (let from = 0; from < events.length; from += pageSize) {
    const page = events.slice(from, from + pageSize)
    const messageIds = page.map(({ messageId }) => messageId)
    const { handled, problems } = await handlePage(needs, (client) => insertAndClaim(client, page))
    tally.add('events made', handled)
    tally.add('events with a problem', problems)
    await database.transaction((client) => noteCustomers(client, importId, messageIds))
  }
  await database.transaction(async (client) => {
    await writeConsents(client, consents, context, tally)
    await save(client, tally)
  })
}

/**
 * The stricter word wins: a yes from a file never undoes a no that was said at the same moment or later, and where the
 * policy wants a confirmed yes, one that the file does not call confirmed waits.
 */
async function writeConsents(
  client: Queryable,
  consents: readonly ConsentLine[],
  { needsConfirmation = () => false }: ImportContext,
  tally: Tally,
): Promise<void> {
  if (consents.length === 0) return
  const owners = await ownersOf(
    client,
    consents.map(({ messageId }) => messageId),
  )
  const words = consents.flatMap(({ messageId, isConfirmed, ...word }): NewConsent[] => {
    const customerId = owners.get(messageId)
    const waits = word.status === 'granted' && !isConfirmed && needsConfirmation(word.channel, word.topic)
    return customerId === undefined ? [] : [{ ...word, customerId, status: waits ? 'pending' : word.status }]
  })
  await client.query('SELECT FROM customers WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE', [[...owners.values()]])
  const { kept, known, outdone } = await sift(client, words)
  await insertConsents(client, kept)
  // Of which side a line of a file speaks, nobody can tell.
  await upholdLate(
    client,
    kept.filter(({ status }) => status === 'withdrawn').map((word) => ({ ...word, names: null })),
  )
  await markDirty(client, owners.values(), 'import')
  tally.add('consent words made', kept.length)
  const waiting = kept.filter(({ status }) => status === 'pending').length
  if (waiting > 0) tally.add('grants that wait to be confirmed', waiting)
  tally.add('consent words known', known)
  tally.add('grants outdone by a later withdrawal', outdone)
}

async function sift(
  client: Queryable,
  words: readonly NewConsent[],
): Promise<{ kept: NewConsent[]; known: number; outdone: number }> {
  const { rows } = await client.query<{ position: number; known: boolean; outdone: boolean }>({
    text: `
      SELECT given.position,
             EXISTS (SELECT FROM consents c WHERE c.customer_id = given.customer_id AND c.channel = given.channel
                       AND c.topic = given.topic AND c.status = given.status
                       AND c.given_at = to_timestamp(given.ms / 1000)) AS known,
             given.status IN ('granted', 'pending') AND EXISTS (
               SELECT FROM consents c WHERE c.customer_id = given.customer_id AND c.channel = given.channel
                  AND (c.topic = given.topic OR c.topic = '*' OR given.topic = '*') AND c.status = 'withdrawn'
                  AND c.given_at >= to_timestamp(given.ms / 1000)) AS outdone
      FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::float8[])
        AS given (position, customer_id, channel, topic, status, ms) ORDER BY given.position`,
    values: [
      words.map((_, position) => position),
      words.map((word) => word.customerId),
      words.map((word) => word.channel),
      words.map((word) => word.topic),
      words.map((word) => word.status),
      words.map((word) => word.atMs),
    ],
  })
  return {
    kept: words.filter((_, position) => rows[position]?.known !== true && rows[position]?.outdone !== true),
    known: rows.filter(({ known }) => known).length,
    outdone: rows.filter(({ known, outdone }) => outdone && !known).length,
  }
}

async function ownersOf(client: Queryable, messageIds: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await client.query<{ message_id: string; customer_id: string }>(
    'SELECT message_id, customer_id FROM events WHERE message_id = ANY ($1) AND customer_id IS NOT NULL',
    [messageIds],
  )
  return new Map(rows.map((row) => [row.message_id, row.customer_id]))
}

async function noteCustomers(client: Queryable, importId: string, messageIds: readonly string[]): Promise<void> {
  await noteImportedCustomers(client, importId, [...new Set((await ownersOf(client, messageIds)).values())])
}
