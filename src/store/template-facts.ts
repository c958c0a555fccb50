/** What templates may say of a customer, read for a preview; and which templates are in force. */

import type { Channel } from '../domain/snapshot.ts'
import type { Queryable } from './database.ts'
import { openPersonalTraits } from './personal-data.ts'
import type { Vault } from './vault.ts'

export interface CustomerFacts {
  readonly locale: string | null
  readonly facts: {
    readonly customer: Readonly<Record<string, unknown>>
    readonly computed: Readonly<Record<string, unknown>>
  }
}

export async function findTemplateFacts(
  client: Queryable,
  vault: Vault,
  customerId: string,
): Promise<CustomerFacts | undefined> {
  const { rows } = await client.query<{
    traits: Record<string, unknown>
    personal: Buffer | null
    key: Buffer | null
    locale: string | null
    computed: Record<string, unknown> | null
  }>(
    `SELECT c.traits, c.personal, k.wrapped_key AS key, c.locale,
            (SELECT json_object_agg(t.name, t.value) FROM computed_traits t WHERE t.customer_id = c.id) AS computed
       FROM customers c LEFT JOIN customer_keys k ON k.customer_id = c.id
      WHERE c.id = $1 AND c.merged_into IS NULL AND c.erasing_at IS NULL`,
    [customerId],
  )
  const [row] = rows
  if (row === undefined) return undefined
  const { traits, personal, key, locale, computed } = row
  const opened =
    personal === null || key === null
      ? {}
      : openPersonalTraits(vault, vault.openCustomerKey(customerId, key), customerId, personal)
  return { locale, facts: { customer: { ...traits, ...opened }, computed: computed ?? {} } }
}

export interface TemplateInForce {
  readonly key: string
  readonly version: string
  readonly channel: Channel
  readonly publishedAt: Date
}

export async function listTemplates(client: Queryable): Promise<TemplateInForce[]> {
  const { rows } = await client.query<TemplateInForce>(
    `SELECT key, version, channel, published_at AS "publishedAt" FROM templates WHERE status = 'live' ORDER BY key`,
  )
  return rows
}

export interface TemplateWords extends TemplateInForce {
  readonly subject: string | null
  readonly html: string | null
  readonly text: string
}

export async function findTemplate(client: Queryable, key: string): Promise<TemplateWords | undefined> {
  const { rows } = await client.query<TemplateWords>(
    `SELECT key, version, channel, published_at AS "publishedAt", subject, html, text
       FROM templates WHERE status = 'live' AND key = $1`,
    [key],
  )
  return rows[0]
}

/** What sends a template: a journey in force, a broadcast that has not ended, or what asks for a confirmation. */
export interface TemplateUse {
  readonly kind: 'journey' | 'broadcast' | 'contact-policy'
  readonly key: string
}

/** By the template's key; of one template, or of all. */
export async function templateUses(client: Queryable, template?: string): Promise<Map<string, TemplateUse[]>> {
  const { rows } = await client.query<TemplateUse & { readonly template: string }>(
    `SELECT DISTINCT named #>> '{}' AS template, kind, key
       FROM (SELECT kind, key, document FROM campaigns WHERE kind IN ('journey', 'contact-policy') AND status = 'live'
             UNION ALL
             SELECT 'broadcast', key, document FROM broadcasts WHERE status IN ('draft', 'running', 'paused')) AS live,
            LATERAL (SELECT jsonb_path_query(document::jsonb, '$.**.template ? (@.type() == "string")')
                     UNION ALL SELECT jsonb_path_query(document::jsonb, '$.**.confirmation ? (@.type() == "string")')) AS n (named)
      WHERE $1::text IS NULL OR named #>> '{}' = $1 ORDER BY 1, 2 DESC, 3`,
    [template ?? null],
  )
  const uses = new Map<string, TemplateUse[]>()
  for (const { template: key, ...use } of rows) uses.set(key, [...(uses.get(key) ?? []), use])
  return uses
}
