/** Reports about mails as events of their customers, under the names of Segment's email spec. */

import type { MailReportKind } from '../domain/mail-report.ts'
import type { Queryable } from './database.ts'
import type { NewEvent } from './events.ts'
import { insertEvents } from './insert-events.ts'
import type { PlacedReport } from './mail-reports.ts'
import { ownIdentities } from './own-identity.ts'

/** Of a delivery and of who has left journeys hear otherwise. */
const names: Readonly<Partial<Record<MailReportKind, string>>> = {
  bounce: 'Email Bounced',
  'soft-bounce': 'Email Bounced',
  complaint: 'Email Marked as Spam',
}

export async function tellOfReports(client: Queryable, reports: readonly PlacedReport[], nowMs: number): Promise<void> {
  const told = reports.filter(({ kind, messageId }) => names[kind] !== undefined && messageId !== null)
  if (told.length === 0) return
  const { rows } = await client.query<Origin>(
    `SELECT m.id, m.customer_id AS "customerId", c.external_id AS "externalId", m.journey, m.step, m.template, m.topic
       FROM messages m JOIN customers c ON c.id = m.customer_id WHERE m.id = ANY ($1::uuid[])`,
    [told.map(({ messageId }) => messageId)],
  )
  const origins = new Map(rows.map((row) => [row.id, row]))
  const nameless = rows.filter(({ externalId }) => externalId === null).map(({ customerId }) => customerId)
  const ownIdentity = await ownIdentities(client, nameless, nowMs)
  await insertEvents(
    client,
    told.flatMap(({ kind, code, messageId }): NewEvent[] => {
      const origin = origins.get(messageId ?? '')
      const name = names[kind]
      if (origin === undefined || name === undefined) return []
      const { id, customerId, externalId, ...of } = origin
      const bounce = kind === 'complaint' ? {} : { code, permanent: kind === 'bounce' }
      return [
        {
          messageId: `${kind}:${id}:${code}`,
          type: 'track',
          name,
          userId: externalId,
          anonymousId: externalId === null ? ownIdentity(customerId) : null,
          occurredAtMs: nowMs,
          receivedAtMs: nowMs,
          properties: JSON.stringify({ message_id: id, ...of, ...bounce }),
          context: null,
          sealed: null,
        },
      ]
    }),
  )
}

interface Origin {
  readonly id: string
  readonly customerId: string
  readonly externalId: string | null
  readonly journey: string
  readonly step: string
  readonly template: string
  readonly topic: string
}
