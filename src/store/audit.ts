/**
 * Who looked at personal data, took it away, or changed who may be written to and how. Holds nothing of the person.
 */

import type { Queryable } from './database.ts'
import type { Vault } from './vault.ts'

export interface AuditEntry {
  /** The id of a key, `local` for the console of the start command, or `cli`. */
  readonly actor: string
  readonly action:
    | 'erase'
    | 'export'
    | 'open'
    | 'preview'
    | 'test-message'
    | 'suppress'
    | 'unsuppress'
    | 'export-anonymised'
    | 'private-count'
    | 'publish'
    | 'pause'
    | 'resume'
    | 'archive'
    | 'settle'
    | 'referral-release'
    | 'referral-reject'
  /** The customer that it was about. */
  readonly customerId?: string
  /** Impersonal. */
  readonly detail?: Readonly<Record<string, string | number>>
}

/** Real time, also where the shop's clock is virtual: it is about what people who run the installation did. */
export async function noteAudit(client: Queryable, vault: Vault, { customerId, ...entry }: AuditEntry): Promise<void> {
  await note(client, entry, customerId === undefined ? null : vault.subjectHash(customerId))
}

/** As `noteAudit`, of what concerns no single customer. */
export function noteChange(client: Queryable, entry: Omit<AuditEntry, 'customerId'>): Promise<void> {
  return note(client, entry, null)
}

async function note(
  client: Queryable,
  { actor, action, detail = {} }: Omit<AuditEntry, 'customerId'>,
  subject: Buffer | null,
): Promise<void> {
  await client.query(
    'INSERT INTO audit_entries (at, actor, action, subject_hash, detail) VALUES (now(), $1, $2, $3, $4)',
    [actor, action, subject, JSON.stringify(detail)],
  )
}

const mostLooked = 2_000

/** How much of an action there was within the last hour: the sum of a number of its detail. */
export async function countLately(client: Queryable, action: AuditEntry['action'], number: string): Promise<number> {
  const { rows } = await client.query<{ total: number }>(
    `SELECT coalesce(sum((detail ->> $2)::int), 0)::int AS total
       FROM (SELECT at, action, detail FROM audit_entries ORDER BY id DESC LIMIT $3) AS newest
      WHERE action = $1 AND at > now() - interval '1 hour'`,
    [action, number, mostLooked],
  )
  return rows[0]?.total ?? 0
}
