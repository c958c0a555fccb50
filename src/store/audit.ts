/** Who looked at personal data, took it away, or changed who may be written to. Holds nothing of the person. */

import type { Queryable } from './database.ts'
import type { Vault } from './vault.ts'

export interface AuditEntry {
  /** The id of a key, `local` for the console of the start command, or `cli`. */
  readonly actor: string
  readonly action: 'erase' | 'export' | 'open' | 'suppress' | 'unsuppress' | 'export-anonymised' | 'private-count'
  /** The customer that it was about. */
  readonly customerId?: string
  /** Impersonal. */
  readonly detail?: Readonly<Record<string, string | number>>
}

/** Real time, also where the shop's clock is virtual: it is about what people who run the installation did. */
export async function noteAudit(client: Queryable, vault: Vault, entry: AuditEntry): Promise<void> {
  const { actor, action, customerId, detail = {} } = entry
  const subject = customerId === undefined ? null : vault.subjectHash(customerId)
  await client.query(
    'INSERT INTO audit_entries (at, actor, action, subject_hash, detail) VALUES (now(), $1, $2, $3, $4)',
    [actor, action, subject, JSON.stringify(detail)],
  )
}
