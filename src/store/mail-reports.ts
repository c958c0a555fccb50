/**
 * What comes of reports about mails: the ledger learns how a message ended, an address that is gone or complains gets
 * nothing any more, from this moment on, and journeys hear of it. Reports come late, twice and in any order: what was
 * reported once changes nothing the second time.
 */

import type { MailReport, MailReportKind } from '../domain/mail-report.ts'
import { dayMs } from '../domain/time.ts'
import { customersAtAddress } from './contact-points.ts'
import type { Database, Queryable } from './database.ts'
import { insertContactNews } from './news.ts'
import { takeNo, takeWord } from './opt-out.ts'
import { tellOfReports } from './report-events.ts'
import { type SuppressionReason, suppress } from './suppressions.ts'
import type { Vault } from './vault.ts'

/** An address from which so many messages came back within the time gets nothing any more. */
const mostSoftBounces = 5

/** Unless it was about us: our sender, our words, our reputation, our account. Whoever is blocked for a week keeps their readers. */
const aboutUs = String.raw`^[45]\.(?:1\.[789]$|3\.[45]$|[567]\.)`
const softBouncesWithinMs = 30 * dayMs

/** A report with what we know of its message. */
export interface PlacedReport {
  readonly kind: MailReportKind
  readonly code: string
  readonly source: string
  readonly messageId: string | null
  readonly customerId: string | null
  /** Of the address that it speaks of; null where we cannot be sure. */
  readonly addressHash: Buffer | null
}

const page = 500

/** @returns how many of them were new. */
export async function takeMailReports(
  { database, vault }: { readonly database: Database; readonly vault: Vault },
  reports: readonly MailReport[],
  nowMs: number,
): Promise<number> {
  let fresh = 0
  for (let from = 0; from < reports.length; from += page) {
    const some = reports.slice(from, from + page)
    fresh += await database.transaction(async (client) => {
      const placed = await place(client, vault, some)
      return take(client, placed, nowMs)
    })
  }
  return fresh
}

/**
 * Whose message, and whose address: of what nobody but our own signature vouches for, only an address of the message's own
 * customer; where a forwarded mail comes back from elsewhere, the one that it was sent to.
 */
const placeSql = `
  SELECT g.n, m.id AS "messageId", m.customer_id AS "customerId",
         CASE WHEN g.trusted THEN g.hash
              WHEN m.id IS NULL THEN NULL
              ELSE coalesce(
                (SELECT p.address_hash FROM contact_points p
                  WHERE p.customer_id = m.customer_id AND p.channel = 'email' AND p.address_hash = g.hash),
                (SELECT p.address_hash FROM contact_points p
                  WHERE p.customer_id = m.customer_id AND p.channel = 'email' AND p.current
                    AND p.created_at <= coalesce(m.transmitting_at, m.planned_at)))
         END AS "addressHash"
    FROM unnest($1::int[], $2::uuid[], $3::text[], $4::bytea[], $5::bool[]) AS g (n, id, provider, hash, trusted)
    LEFT JOIN LATERAL (
      SELECT * FROM messages m
       WHERE m.channel = 'email' AND (m.id = g.id OR g.id IS NULL AND m.provider_message_id = g.provider) LIMIT 1
    ) m ON true
   ORDER BY g.n`

async function place(client: Queryable, vault: Vault, reports: readonly MailReport[]): Promise<PlacedReport[]> {
  const hashOf = ({ address }: MailReport): Buffer | null =>
    address === undefined ? null : vault.lookupHash('email', address)
  const { rows } = await client.query<Pick<PlacedReport, 'messageId' | 'customerId' | 'addressHash'>>({
    name: 'place-mail-reports',
    text: placeSql,
    values: [
      reports.map((_, n) => n),
      reports.map(({ messageId }) => messageId ?? null),
      reports.map(({ providerMessageId }) => providerMessageId ?? null),
      reports.map(hashOf),
      reports.map(({ isTrusted }) => isTrusted),
    ],
  })
  return rows.flatMap((row, n) => {
    const report = reports[n]
    if (report === undefined || (row.messageId === null && row.addressHash === null)) return []
    return [{ kind: report.kind, code: report.code, source: report.source, ...row }]
  })
}

async function take(client: Queryable, placed: readonly PlacedReport[], nowMs: number): Promise<number> {
  await lockCustomers(client, placed)
  const fresh = await remember(client, placed, nowMs)
  await settleMessages(client, fresh, nowMs)
  await suppressAddresses(client, fresh, nowMs)
  // Each mail is a word of its own: somebody may have come back since the one before.
  const byMail = placed.filter(({ source }) => source === 'mail')
  await takeLeave(client, new Set([...fresh, ...byMail]), nowMs)
  await tellOfReports(client, fresh, nowMs)
  return fresh.length
}

/** Of a message that we do not know, a provider still says whose address it is. */
async function takeLeave(client: Queryable, reports: Iterable<PlacedReport>, nowMs: number): Promise<void> {
  const word = { status: 'withdrawn', source: 'mail', method: 'unsubscribe', words: null } as const
  for (const { kind, customerId, addressHash } of reports) {
    if (kind !== 'unsubscribe') continue
    const said = { channel: 'email', topic: '*', atMs: nowMs, ...word } as const
    if (customerId !== null) await takeNo(client, { customerId, ...said })
    const atAddress = addressHash === null ? [] : await customersAtAddress(client, 'email', addressHash)
    for (const id of atAddress) await takeWord(client, { customerId: id, ...said })
  }
}

/** Customers before messages, in one order, as everybody does. */
async function lockCustomers(client: Queryable, placed: readonly PlacedReport[]): Promise<void> {
  await client.query(
    `SELECT FROM customers WHERE id = ANY ($1::uuid[])
        OR id IN (SELECT customer_id FROM contact_points WHERE channel = 'email' AND address_hash = ANY ($2::bytea[]))
      ORDER BY id FOR UPDATE`,
    [
      placed.flatMap(({ customerId }) => customerId ?? []),
      placed.flatMap(({ addressHash }) => (addressHash === null ? [] : [addressHash])),
    ],
  )
}

/** @returns those that nobody had reported before. Of messages that we do not know nothing is remembered. */
async function remember(client: Queryable, placed: readonly PlacedReport[], nowMs: number): Promise<PlacedReport[]> {
  const keyOf = ({ messageId, kind, code }: Pick<PlacedReport, 'messageId' | 'kind' | 'code'>): string =>
    `${messageId} ${kind} ${code}`
  const known = [
    ...new Map(placed.flatMap((one) => (one.messageId === null ? [] : [[keyOf(one), one] as const]))).values(),
  ]
  const { rows } = await client.query<{ messageId: string; kind: MailReportKind; code: string }>({
    name: 'remember-mail-reports',
    text: `INSERT INTO message_reports (message_id, kind, code, source, address_hash, domain, reported_at)
           SELECT g.id, g.kind, g.code, g.source, g.hash, c.email_domain, $6
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[]) AS g (id, kind, code, source, hash)
             JOIN messages m ON m.id = g.id LEFT JOIN customers c ON c.id = m.customer_id
           ON CONFLICT DO NOTHING RETURNING message_id AS "messageId", kind, code`,
    values: [
      known.map(({ messageId }) => messageId),
      known.map(({ kind }) => kind),
      known.map(({ code }) => code),
      known.map(({ source }) => source),
      known.map(({ addressHash }) => addressHash),
      new Date(nowMs),
    ],
  })
  const added = new Set(rows.map(keyOf))
  return [...known.filter((one) => added.has(keyOf(one))), ...placed.filter(({ messageId }) => messageId === null)]
}

/** What was in doubt is settled by it; what was delivered does not fail any more. */
async function settleMessages(client: Queryable, fresh: readonly PlacedReport[], nowMs: number): Promise<void> {
  const ended = fresh.filter(({ messageId, kind }) => messageId !== null && kind !== 'unsubscribe')
  // A complaint comes from somebody who has it.
  const hasFailed = ({ kind }: PlacedReport): boolean => kind === 'bounce' || kind === 'soft-bounce'
  await client.query({
    name: 'settle-reported-mails',
    text: `
      UPDATE messages m SET
        status = CASE WHEN g.failed AND m.delivered_at IS NULL AND m.status IN ('transmitting', 'sent', 'in_doubt') THEN 'failed'
                      WHEN NOT g.failed AND m.status = 'in_doubt' THEN 'sent' ELSE m.status END,
        reason = CASE WHEN g.failed AND m.delivered_at IS NULL AND m.status IN ('transmitting', 'sent', 'in_doubt') THEN g.reason
                      WHEN NOT g.failed AND m.status = 'in_doubt' THEN NULL ELSE m.reason END,
        settled_at = CASE WHEN g.failed AND m.status IN ('transmitting', 'in_doubt') THEN coalesce(m.settled_at, $4) ELSE m.settled_at END,
        delivered_at = CASE WHEN g.failed THEN m.delivered_at ELSE coalesce(m.delivered_at, $4) END
      FROM (SELECT DISTINCT ON (id) * FROM unnest($1::uuid[], $2::bool[], $3::text[]) AS g (id, failed, reason)
             ORDER BY id, failed) AS g
      WHERE m.id = g.id`,
    values: [
      ended.map(({ messageId }) => messageId),
      ended.map(hasFailed),
      ended.map(({ code }) => (code === '' ? 'came back' : `came back: ${code}`)),
      new Date(nowMs),
    ],
  })
}

async function suppressAddresses(client: Queryable, fresh: readonly PlacedReport[], nowMs: number): Promise<void> {
  const hashesOf = (kind: MailReportKind): Buffer[] =>
    fresh.flatMap((one) => (one.kind === kind && one.addressHash !== null ? [one.addressHash] : []))
  const worn = await client.query<{ hash: Buffer }>(
    `SELECT address_hash AS hash FROM message_reports
      WHERE kind = 'soft-bounce' AND address_hash = ANY ($1::bytea[]) AND reported_at > $2 AND code !~ '${aboutUs}'
      GROUP BY address_hash HAVING count(DISTINCT message_id) >= ${mostSoftBounces}`,
    [hashesOf('soft-bounce'), new Date(nowMs - softBouncesWithinMs)],
  )
  const reasons: readonly (readonly [SuppressionReason, readonly Buffer[]])[] = [
    ['complaint', hashesOf('complaint')],
    ['bounce', hashesOf('bounce')],
    ['bounce', worn.rows.map(({ hash }) => hash)],
  ]
  const changed: Buffer[] = []
  for (const [reason, hashes] of reasons) {
    // Few of a page, and each at most once: the second time it is known.
    for (const addressHash of hashes) {
      const detail = fresh.find((one) => one.addressHash?.equals(addressHash))
      const words = detail === undefined ? null : `${detail.source} ${detail.code}`.trim()
      if (await suppress(client, { channel: 'email', addressHash, reason, detail: words, atMs: nowMs })) {
        changed.push(addressHash)
      }
    }
  }
  if (changed.length === 0) return
  const { rows } = await client.query<{ id: string }>(
    `SELECT DISTINCT customer_id AS id FROM contact_points
      WHERE channel = 'email' AND address_hash = ANY ($1::bytea[]) AND current`,
    [changed],
  )
  await insertContactNews(
    client,
    rows.map(({ id }) => id),
    nowMs,
  )
}
