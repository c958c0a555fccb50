/**
 * Published campaigns. A published version never changes: what is in force is a status beside it, and whoever is in the
 * middle of a journey finds the version that they entered.
 */

import {
  assembleDefinitions,
  type CampaignDocument,
  type CampaignKind,
  checkDocument,
  type Definition,
} from '../domain/campaign-documents.ts'
import type { Definitions, JourneyDefinition, TemplateDefinition } from '../domain/definitions.ts'
import { sayProblem } from '../domain/problem.ts'
import type { EpochMs } from '../domain/time.ts'
import { type CampaignFiles, readCampaignFiles } from './campaign-files.ts'
import type { Database, Queryable } from './database.ts'
import { keepOfferLimits } from './offers/limits.ts'

export interface Publication {
  /** What is in force now and was not before: `journey welcome`, `template welcome-hello`. */
  readonly published: readonly string[]
  /** How many documents and templates were in force already, word for word. */
  readonly unchanged: number
  /** What is in force but not in the directory. It stays in force. */
  readonly onlyInDatabase: readonly string[]
}

type Pool = Pick<Database, 'pool' | 'transaction'>

/**
 * Publishes a directory, all of it or nothing. Publishing a former version again brings it back into force.
 *
 * @param nowMs When it is said to have been published.
 * @throws CampaignFilesError with everything that is wrong in the directory.
 */
export async function publishCampaigns(db: Pool, directory: string, nowMs: EpochMs): Promise<Publication> {
  const files = await readCampaignFiles(directory)
  return db.transaction(async (client) => {
    // One at a time: two that publish at once could both leave their own version in force.
    await client.query("SELECT pg_advisory_xact_lock(hashtext('perennial.campaigns'))")
    const plan = await planPublication(client, files)
    await saveDocuments(client, files.documents, nowMs)
    await saveTemplates(client, files.templates, nowMs)
    await keepOfferLimits(client)
    return plan
  })
}

/**
 * Publishes a directory if nothing is in force yet: what a new installation begins with.
 *
 * @returns undefined if something is in force already.
 */
export async function publishFirstCampaigns(
  db: Pool,
  directory: string,
  nowMs: EpochMs,
): Promise<Publication | undefined> {
  const { rows } = await db.pool.query(`SELECT 1 FROM campaigns WHERE status = 'live' LIMIT 1`)
  return rows.length > 0 ? undefined : publishCampaigns(db, directory, nowMs)
}

/** What publishing would do, without doing it. */
export async function previewPublication(db: Pool, files: CampaignFiles): Promise<Publication> {
  return planPublication(db.pool, files)
}

async function planPublication(client: Queryable, files: CampaignFiles): Promise<Publication> {
  const { rows } = await client.query<{ kind: string; key: string; version: string }>(
    `SELECT kind, key, version FROM campaigns WHERE status = 'live'
     UNION ALL
     SELECT 'template', key, version FROM templates WHERE status = 'live'`,
  )
  const wanted = [
    ...files.documents.map(({ kind, key, version }) => ({ kind: kind as string, key, version })),
    ...files.templates.map(({ key, version }) => ({ kind: 'template', key, version })),
  ]
  const isIn = (list: typeof wanted, one: (typeof wanted)[number], alsoVersion: boolean): boolean =>
    list.some(
      (each) => each.kind === one.kind && each.key === one.key && (!alsoVersion || each.version === one.version),
    )
  const isNew = wanted.filter((one) => !isIn(rows, one, true))
  return {
    published: isNew.map(sayName),
    unchanged: wanted.length - isNew.length,
    onlyInDatabase: rows.filter((one) => !isIn(wanted, one, false)).map(sayName),
  }
}

/** The lifecycle and the contact policy are one of their kind: no need to say their name twice. */
function sayName({ kind, key }: { kind: string; key: string }): string {
  return kind === key ? kind : `${kind} ${key}`
}

async function saveDocuments(client: Queryable, documents: readonly CampaignDocument[], nowMs: EpochMs): Promise<void> {
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

async function saveTemplates(
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

interface CampaignRow {
  readonly kind: CampaignKind
  readonly key: string
  readonly version: string
  readonly status: string
  readonly document: unknown
}

/**
 * Everything that is in force, and every former version of a journey that has not been archived.
 *
 * @throws RangeError if nothing is published yet, or a document in force cannot be read by this version of the product.
 */
export async function loadDefinitions(db: Pick<Database, 'pool'>): Promise<Definitions> {
  // Asked first: if somebody publishes in between, the version is too old, never too new, and is asked for again.
  const version = await definitionsVersion(db)
  const { rows } = await db.pool.query<CampaignRow>(
    `SELECT kind, key, version, status, document FROM campaigns
      WHERE status = 'live' OR (status = 'superseded' AND kind = 'journey')
      ORDER BY kind, key, published_at`,
  )
  if (rows.length === 0) throw new RangeError('campaigns: nothing is published yet; "perennial apply" publishes')
  const live = rows.filter((row) => row.status === 'live').map(readLive)
  const former = rows.filter((row) => row.status !== 'live').flatMap(readFormer)
  return assembleDefinitions(version, live, former)
}

function readLive(row: CampaignRow): Definition {
  const result = checkDocument(row)
  if ('checked' in result) return result.checked
  throw new RangeError(`${row.kind} ${row.key} (${row.version}): ${result.problems.map(sayProblem).join('; ')}`)
}

/** A former version that can no longer be read is as good as archived: those who follow it leave, with that reason. */
function readFormer(row: CampaignRow): readonly JourneyDefinition[] {
  const result = checkDocument(row)
  return 'checked' in result && result.checked.kind === 'journey' ? [result.checked.definition] : []
}

/** Changes with everything that `loadDefinitions` reads, and costs little to ask. */
async function definitionsVersion(db: Pick<Database, 'pool'>): Promise<string> {
  const { rows } = await db.pool.query<{ version: string }>(
    `SELECT left(md5(string_agg(concat_ws('/', kind, key, version, status), ',' ORDER BY kind, key, version)), 16)
              AS version
       FROM campaigns
      WHERE status IN ('live', 'superseded')`,
  )
  return rows[0]?.version ?? ''
}

export interface DefinitionsCache {
  /** What is in force, at most `maxAgeMs` ago. */
  get(): Promise<Definitions>
}

/**
 * Keeps the definitions of one process fresh at the price of one small query now and then.
 *
 * @param options.maxAgeMs In real time, whatever the product's clock says. Default: 1 second.
 */
export function createDefinitionsCache(
  db: Pick<Database, 'pool'>,
  { maxAgeMs = 1_000 }: { readonly maxAgeMs?: number } = {},
): DefinitionsCache {
  let known: Definitions | undefined
  let checkedAtMs = Number.NEGATIVE_INFINITY
  let checking: Promise<Definitions> | undefined

  const check = async (): Promise<Definitions> => {
    const startedAtMs = performance.now()
    if (known === undefined || (await definitionsVersion(db)) !== known.version) known = await loadDefinitions(db)
    checkedAtMs = startedAtMs
    return known
  }
  return {
    get() {
      if (known !== undefined && performance.now() - checkedAtMs < maxAgeMs) return Promise.resolve(known)
      // Whoever asks meanwhile waits for the same answer.
      checking ??= check().finally(() => (checking = undefined))
      return checking
    },
  }
}

/** A published template. */
export type TemplateRow = TemplateDefinition

/** The version of a template that is in force; undefined if there is none. */
export async function loadTemplate(db: Pick<Database, 'pool'>, key: string): Promise<TemplateRow | undefined> {
  const { rows } = await db.pool.query<TemplateRow>({
    name: 'template-live',
    text: `SELECT key, version, channel, subject, html, text FROM templates WHERE key = $1 AND status = 'live'`,
    values: [key],
  })
  return rows[0]
}
