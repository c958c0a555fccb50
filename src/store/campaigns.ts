/**
 * Published campaigns. A published version never changes: what is in force is a status beside it, and whoever is in the
 * middle of a journey finds the version that they entered.
 */

import { assembleDefinitions, type CampaignKind, checkDocument, type Definition } from '../domain/campaign-documents.ts'
import type { Definitions, JourneyDefinition, TemplateDefinition } from '../domain/definitions.ts'
import { sayProblem } from '../domain/problem.ts'
import type { Database, Queryable } from './database.ts'
import { readAllocations } from './experiment-allocations.ts'
import { readPauses } from './journeys/pause-journey.ts'
import { readSuccessions } from './publishing/successions.ts'

interface CampaignRow {
  readonly kind: CampaignKind
  readonly key: string
  readonly version: string
  readonly status: string
  readonly document: unknown
}

/** No campaigns are in force at all, so that there is nothing to decide by. */
export class NothingPublishedError extends RangeError {
  override readonly name = 'NothingPublishedError'

  constructor() {
    super('campaigns: nothing is published yet; "perennial apply" publishes')
  }
}

/**
 * Everything that is in force, and every former version of a journey that has not been archived.
 *
 * @throws NothingPublishedError, or RangeError if a document in force cannot be read by this version of the product.
 */
export async function loadDefinitions(db: { readonly pool: Queryable }): Promise<Definitions> {
  // Asked first: if somebody publishes in between, the version is too old, never too new, and is asked for again.
  const version = await definitionsVersion(db)
  const { rows } = await db.pool.query<CampaignRow>(
    `SELECT kind, key, version, status, document FROM campaigns
      WHERE status = 'live' OR (status = 'superseded' AND kind = 'journey')
      ORDER BY kind, key, published_at`,
  )
  if (rows.length === 0) throw new NothingPublishedError()
  const live = rows.filter((row) => row.status === 'live').map(readLive)
  const former = rows.filter((row) => row.status !== 'live').flatMap(readFormer)
  return {
    ...assembleDefinitions(version, live, former),
    ...(await readSuccessions(db.pool)),
    ...(await readPauses(db.pool)),
    ...(await readAllocations(db.pool)),
  }
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
async function definitionsVersion(db: { readonly pool: Queryable }): Promise<string> {
  const { rows } = await db.pool.query<{ version: string }>(
    `SELECT left(md5(string_agg(concat_ws('/', kind, key, version, status), ',' ORDER BY kind, key, version)
                       || (SELECT count(*) FROM campaign_publications)
                       || coalesce((SELECT string_agg(concat_ws('/', journey, paused_at, resumed_at), ',' ORDER BY journey)
                                      FROM journey_states), '')
                       || coalesce((SELECT max(learned_at)::text FROM experiment_allocations), '')), 16) AS version
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

/** `welcome.pt-br`, `welcome.pt` for somebody with `pt_BR`. */
function translationsOf(key: string, locale: string): string[] {
  const [, language, region] = /^([a-z]{2,3})(?:[-_]([a-z0-9]{2,8}))?/.exec(locale.toLowerCase()) ?? []
  if (language === undefined) return []
  return [...(region === undefined ? [] : [`${key}.${language}-${region}`]), `${key}.${language}`]
}

/** The version of a template that is in force; undefined if there is none. */
export async function loadTemplate(
  db: Pick<Database, 'pool'>,
  key: string,
  locale?: string | null,
): Promise<TemplateRow | undefined> {
  const { rows } = await db.pool.query<TemplateRow>({
    name: 'template-live',
    text: `SELECT key, version, channel, subject, html, text FROM templates WHERE key = ANY ($1) AND status = 'live'
           ORDER BY length(key) DESC LIMIT 1`,
    values: [[key, ...translationsOf(key, locale ?? '')]],
  })
  return rows[0]
}
