/** What publishing files would change, document by document, in words, and whom that concerns. Nothing is written. */

import type { CampaignKind } from '../../domain/campaign-documents.ts'
import type { JourneyDefinition, TemplateDefinition } from '../../domain/definitions.ts'
import { type Change, diffDocuments } from '../../domain/journey-diff.ts'
import type { EpochMs } from '../../domain/time.ts'
import type { CampaignFiles } from '../campaign-files.ts'
import type { Database, Queryable } from '../database.ts'
import { openMessagesSql } from '../open-messages.ts'
import { previewSegment } from '../segments/segment-preview.ts'
import type { InFlightChoices } from './journey-plans.ts'
import { type Publication, previewPublication } from './publish-campaigns.ts'

export interface Plan extends Publication {
  readonly items: readonly PlanItem[]
}

export interface PlanItem {
  readonly kind: CampaignKind | 'template'
  readonly key: string
  readonly what: 'new' | 'changed'
  /** None of a new one: all of it is. */
  readonly changes: readonly Change[]
  readonly concerns: readonly Concern[]
}

export interface Concern {
  /** Whom or what: "people in the segment lapsing". */
  readonly what: string
  /** As things are. */
  readonly now: number
  /** As they would be; null: that took too long to find out. Only where publishing changes it. */
  readonly then?: number | null
}

export async function planCampaigns(
  db: Pick<Database, 'pool' | 'transaction'>,
  files: CampaignFiles,
  nowMs: EpochMs,
  choices: InFlightChoices,
): Promise<Plan> {
  const publication = await previewPublication(db, files, choices)
  const live = await liveContents(db.pool)
  const fresh = [
    ...files.documents.map(({ kind, key, document }) => ({ kind, key, content: document })),
    ...files.templates.map((template) => ({
      kind: 'template' as const,
      key: template.key,
      content: contentOf(template),
    })),
  ].filter(({ kind, key }) => publication.published.includes(kind === key ? kind : `${kind} ${key}`))
  const items: PlanItem[] = []
  for (const { kind, key, content } of fresh) {
    const before = live.get(`${kind}/${key}`)
    items.push({
      kind,
      key,
      what: before === undefined ? 'new' : 'changed',
      changes: before === undefined ? [] : diffDocuments(before, content),
      concerns: await concernsOf(db, files, { kind, key }, nowMs),
    })
  }
  return { ...publication, items }
}

async function liveContents(client: Queryable): Promise<ReadonlyMap<string, unknown>> {
  const { rows } = await client.query<{ kind: string; key: string; content: unknown }>(
    `SELECT kind, key, document AS content FROM campaigns WHERE status = 'live'
     UNION ALL
     SELECT 'template', key, jsonb_build_object('channel', channel, 'subject', subject, 'html', html, 'text', text)
       FROM templates WHERE status = 'live'`,
  )
  return new Map(rows.map(({ kind, key, content }) => [`${kind}/${key}`, content]))
}

function contentOf({ channel, subject, html, text }: TemplateDefinition): object {
  return { channel, subject, html, text }
}

async function concernsOf(
  db: Pick<Database, 'pool' | 'transaction'>,
  { definitions }: CampaignFiles,
  { kind, key }: Pick<PlanItem, 'kind' | 'key'>,
  nowMs: EpochMs,
): Promise<readonly Concern[]> {
  const count = async (what: string, sql: string, values: readonly unknown[] = []): Promise<Concern> => {
    const { rows } = await db.pool.query<{ count: number }>(sql, [...values])
    return { what, now: rows[0]?.count ?? 0 }
  }
  switch (kind) {
    case 'journey': {
      const journey = definitions.live.find((each) => each.key === key)
      return journey === undefined ? [] : audiences(db.pool, journey)
    }
    case 'segment': {
      const segment = definitions.segments.get(key)
      const now = await segmentSize(db.pool, key)
      // Where it takes too long, the plan still tells everything else.
      const counted = segment && (await previewSegment(db, segment.if, nowMs, 0).catch(unlessTooLong))
      // oxlint-disable-next-line unicorn/no-thenable -- A number of a report; nobody awaits it.
      return [{ what: 'people in it', now, then: counted?.count ?? null }]
    }
    case 'trait':
      return [
        await count('people who have a value of it', 'SELECT count(*) FROM computed_traits WHERE name = $1', [key]),
      ]
    case 'offer':
      return [
        await count(
          'coupons of it that are given out and open; they keep what they say',
          `SELECT count(*) FROM coupons WHERE offer = $1 AND status = 'issued'`,
          [key],
        ),
      ]
    case 'template':
      return [
        await count(
          'planned messages that would leave with the new words',
          `SELECT count(*) FROM ${openMessagesSql('template')} AS open WHERE template = $1`,
          [key],
        ),
      ]
    case 'contact-policy':
      return [
        await count(
          'planned messages that would be judged by it before they leave',
          `SELECT count(*) FROM ${openMessagesSql('id')} AS open`,
        ),
      ]
    case 'lifecycle':
      return [
        await count(
          'customers, each of whom it moves when they are looked at next',
          'SELECT count(*) FROM customers WHERE merged_into IS NULL',
        ),
      ]
    case 'identity':
    case 'referral':
      return []
  }
}

/** Whom entries of a journey are made for, as far as that is known at once. */
async function audiences(client: Queryable, { entry }: JourneyDefinition): Promise<readonly Concern[]> {
  const concerns: Concern[] = []
  for (const each of entry) {
    if (each.type === 'segment')
      concerns.push({ what: `people in the segment ${each.segment}`, now: await segmentSize(client, each.segment) })
    if (each.type === 'stage') {
      const { rows } = await client.query<{ count: number }>(
        'SELECT count(*) FROM customers WHERE stage = $1 AND merged_into IS NULL',
        [each.stage],
      )
      concerns.push({ what: `people in the stage ${each.stage}`, now: rows[0]?.count ?? 0 })
    }
  }
  return concerns
}

async function segmentSize(client: Queryable, key: string): Promise<number> {
  const { rows } = await client.query<{ size: number | null }>(
    `SELECT size FROM segments WHERE kind = 'segment' AND key = $1 AND status = 'live'`,
    [key],
  )
  return rows[0]?.size ?? 0
}

const tooLong = '57014'

function unlessTooLong(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === tooLong) return undefined
  throw error
}
