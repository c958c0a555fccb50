/** Models as people look at them: the list of a kind, one of them, and how far things have moved since. */

import type { ModelKind } from '../domain/model-kind.ts'
import type { Queryable } from './database.ts'
import type { ModelStatus } from './models.ts'

export interface ModelSummary {
  readonly id: string
  readonly kind: ModelKind
  readonly version: number
  readonly status: ModelStatus
  readonly method: string
  /** Why it is (not) in use, in plain words. */
  readonly reason: string | null
  readonly createdAt: Date
  readonly promotedAt: Date | null
}

export interface ModelReport extends ModelSummary {
  readonly trainedFrom: Date | null
  readonly trainedTo: Date | null
  readonly seed: number | null
  readonly featureVersion: string | null
  readonly codeVersion: string | null
  readonly parameters: Readonly<Record<string, unknown>>
  readonly metrics: Readonly<Record<string, unknown>>
  /** Newest first. */
  readonly drift: readonly { readonly day: string; readonly what: string; readonly psi: number }[]
  /** The same kind's versions and what each was worth, oldest first. */
  readonly history: readonly {
    readonly version: number
    readonly status: ModelStatus
    readonly createdAt: string
    readonly metrics: Readonly<Record<string, number>>
  }[]
  readonly uses: readonly { readonly version: number; readonly since: string; readonly by: string }[]
}

const summary = `id, kind, version, status, method, coalesce(metrics->>'reason', metrics->>'tooLittle') AS reason,
    created_at AS "createdAt", promoted_at AS "promotedAt"`

/** Of each kind the model in use; with a kind, its versions, the newest first. */
export async function listModels(db: Queryable, kind: ModelKind | undefined): Promise<ModelSummary[]> {
  const { rows } = await db.query<ModelSummary>(
    kind === undefined
      ? `SELECT ${summary} FROM models WHERE status = 'champion' ORDER BY kind`
      : `SELECT ${summary} FROM models WHERE kind = $1 ORDER BY version DESC LIMIT 100`,
    kind === undefined ? [] : [kind],
  )
  return rows
}

/** Of each kind the newest version, in use or not: it says why a kind is not in use. */
export async function latestAttempts(db: Queryable): Promise<ModelSummary[]> {
  const { rows } = await db.query<ModelSummary>(
    `SELECT DISTINCT ON (kind) ${summary} FROM models ORDER BY kind, version DESC`,
  )
  return rows
}

/** The model in use, or another version; undefined if there is none. */
export async function findModel(
  db: Queryable,
  kind: ModelKind,
  version: number | undefined,
): Promise<ModelReport | undefined> {
  const { rows } = await db.query<ModelReport>(
    `SELECT ${summary}, trained_from AS "trainedFrom", trained_to AS "trainedTo", seed,
            feature_version AS "featureVersion", code_version AS "codeVersion", parameters, metrics,
            coalesce((SELECT json_agg(json_build_object('day', day, 'what', what, 'psi', psi) ORDER BY day DESC, psi DESC)
                        FROM (SELECT * FROM model_drift d WHERE d.model_id = m.id ORDER BY day DESC LIMIT 400) AS d), '[]') AS drift,
            coalesce((SELECT json_agg(json_build_object('version', h.version, 'status', h.status, 'createdAt', h.created_at,
                        'metrics', (SELECT coalesce(json_object_agg(key, value), '{}') FROM jsonb_each(h.metrics)
                                     WHERE jsonb_typeof(value) = 'number')) ORDER BY h.version)
                        FROM (SELECT * FROM models h WHERE h.kind = m.kind ORDER BY version DESC LIMIT 60) AS h), '[]') AS history,
            coalesce((SELECT json_agg(json_build_object('version', o.version, 'since', u.since, 'by', u.by) ORDER BY u.id DESC)
                        FROM model_uses u JOIN models o ON o.id = u.model_id WHERE u.kind = m.kind), '[]') AS uses
       FROM models m
      WHERE kind = $1 AND CASE WHEN $2::int IS NULL THEN status = 'champion' ELSE version = $2 END`,
    [kind, version ?? null],
  )
  return rows[0]
}
