/** Writing published documents and templates: the former versions of what changes are superseded, never changed. */

import type { CampaignDocument } from '../../domain/campaign-documents.ts'
import type { TemplateDefinition } from '../../domain/definitions.ts'
import type { EpochMs } from '../../domain/time.ts'
import type { Queryable } from '../database.ts'

export async function saveDocuments(
  client: Queryable,
  documents: readonly CampaignDocument[],
  nowMs: EpochMs,
): Promise<void> {
  const rows = documents.map(({ kind, key, version, document }) => ({
    kind,
    key,
    version,
    name: (document as { name: string }).name,
    document,
  }))
  await client.query(
    `WITH given AS (
       SELECT * FROM jsonb_to_recordset($1) AS g (kind text, key text, version text, name text, document jsonb)
     ), superseded AS (
       UPDATE campaigns c SET status = 'superseded'
         FROM given g
        WHERE c.kind = g.kind AND c.key = g.key AND c.version <> g.version AND c.status = 'live'
     )
     INSERT INTO campaigns (kind, key, version, name, status, document, published_at)
     SELECT kind, key, version, name, 'live', document, $2 FROM given
     ON CONFLICT (kind, key, version) DO UPDATE SET status = 'live', published_at = excluded.published_at
      WHERE campaigns.status <> 'live'`,
    [JSON.stringify(rows), new Date(nowMs)],
  )
}

export async function saveTemplates(
  client: Queryable,
  templates: readonly TemplateDefinition[],
  nowMs: EpochMs,
): Promise<void> {
  await client.query(
    `WITH given AS (
       SELECT * FROM jsonb_to_recordset($1)
           AS g (key text, version text, channel text, subject text, html text, text text)
     ), superseded AS (
       UPDATE templates t SET status = 'superseded'
         FROM given g
        WHERE t.key = g.key AND t.version <> g.version AND t.status = 'live'
     )
     INSERT INTO templates (key, version, channel, subject, html, text, status, published_at)
     SELECT key, version, channel, subject, html, text, 'live', $2 FROM given
     ON CONFLICT (key, version) DO UPDATE SET status = 'live', published_at = excluded.published_at
      WHERE templates.status <> 'live'`,
    [JSON.stringify(templates), new Date(nowMs)],
  )
}
