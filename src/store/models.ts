/** Models as rows: everything that is needed to use, to judge and to repeat them. At most one per kind is in use. */

import type { ModelKind } from '../domain/model-kind.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Database, Queryable, Records } from './database.ts'
import type { Model } from './generated/client.ts'

/**
 * `training` until judged; the `champion` is in use; `rejected` was no better; `retired` was in use before; `failed` could
 * not be made, or was given up.
 */
export type ModelStatus = 'training' | 'champion' | 'rejected' | 'retired' | 'failed'

export interface ModelRow {
  readonly id: string
  readonly kind: ModelKind
  /** 1 for the first model of its kind. */
  readonly version: number
  readonly status: ModelStatus
  /** How it was made: `logistic-regression`, `bg-nbd`, or `rule` for the stated rule that stands in for a model. */
  readonly method: string
  readonly parameters: Readonly<Record<string, unknown>>
  /** Measured on data later than what it was trained on. */
  readonly metrics: Readonly<Record<string, unknown>>
  readonly trainedFromMs: EpochMs | null
  readonly trainedToMs: EpochMs | null
  readonly seed: number | null
  readonly featureVersion: string | null
  readonly codeVersion: string | null
  readonly createdAtMs: EpochMs
  readonly promotedAtMs: EpochMs | null
}

export interface NewModel {
  readonly id: string
  readonly kind: ModelKind
  readonly method: string
  readonly parameters?: Readonly<Record<string, unknown>>
  readonly metrics?: Readonly<Record<string, unknown>>
  readonly trainedFromMs?: EpochMs | null
  readonly trainedToMs?: EpochMs | null
  readonly seed?: number | null
  readonly featureVersion?: string | null
  readonly codeVersion?: string | null
  readonly createdAtMs: EpochMs
}

/** The model in use, or undefined while nothing of this kind was ever trained. */
export async function championModel(db: Records, kind: ModelKind): Promise<ModelRow | undefined> {
  const { model } = await db.prisma()
  const found = await model.findFirst({ where: { kind, status: 'champion' } })
  return found === null ? undefined : toModelRow(found)
}

/** @throws Error if there is no model with this id. */
export async function loadModel(db: Records, id: string): Promise<ModelRow> {
  const { model } = await db.prisma()
  const found = await model.findUnique({ where: { id } })
  if (found === null) throw new Error(`There is no model ${id}.`)
  return toModelRow(found)
}

/** Writes a model's row with the next version of its kind. Writing the same id again changes nothing. */
export async function insertModel(db: Pick<Database, 'pool' | 'prisma'>, model: NewModel): Promise<ModelRow> {
  await db.pool.query(
    `INSERT INTO models (id, kind, version, status, method, parameters, metrics, feature_version, trained_from,
                         trained_to, created_at, seed, code_version)
     SELECT $1, $2, coalesce(max(version), 0) + 1, 'training', $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM models WHERE kind = $2
     ON CONFLICT (id) DO NOTHING`,
    [
      model.id,
      model.kind,
      model.method,
      JSON.stringify(model.parameters ?? {}),
      JSON.stringify(model.metrics ?? {}),
      model.featureVersion ?? null,
      dateOrNull(model.trainedFromMs),
      dateOrNull(model.trainedToMs),
      new Date(model.createdAtMs),
      model.seed ?? null,
      model.codeVersion ?? null,
    ],
  )
  return loadModel(db, model.id)
}

/** Adds to what is known of a model that is still being made; what the patch does not name stays. */
export async function amendModel(
  db: Queryable,
  id: string,
  patch: { parameters?: Readonly<Record<string, unknown>>; metrics?: Readonly<Record<string, unknown>> },
): Promise<void> {
  await db.query(
    `UPDATE models SET parameters = parameters || $2, metrics = metrics || $3 WHERE id = $1 AND status = 'training'`,
    [id, JSON.stringify(patch.parameters ?? {}), JSON.stringify(patch.metrics ?? {})],
  )
}

/** Puts a model into use and retires the one before it, in one transaction. Doing it again changes nothing. */
export async function promoteModel(
  db: Pick<Database, 'transaction'>,
  id: string,
  nowMs: EpochMs,
  by = 'training',
): Promise<void> {
  await db.transaction(async (client) => {
    const { rows } = await client.query<{ kind: string; status: ModelStatus }>(
      `SELECT kind, status FROM models
        WHERE kind = (SELECT kind FROM models WHERE id = $1) ORDER BY id = $1 DESC FOR UPDATE`,
      [id],
    )
    if (rows[0]?.status === 'champion') return
    await client.query(`UPDATE models SET status = 'retired' WHERE kind = $1 AND status = 'champion'`, [rows[0]?.kind])
    await client.query(`UPDATE models SET status = 'champion', promoted_at = $2 WHERE id = $1`, [id, new Date(nowMs)])
    await client.query(`INSERT INTO model_uses (kind, model_id, since, by) VALUES ($1, $2, $3, $4)`, [
      rows[0]?.kind,
      id,
      new Date(nowMs),
      by,
    ])
  })
}

/** Marks a model that was not good enough, or that could not be made; the one in use stays. */
export async function rejectModel(
  db: Queryable,
  id: string,
  reason: string,
  status: 'rejected' | 'failed' = 'rejected',
): Promise<void> {
  await db.query(
    `UPDATE models SET status = $2, metrics = metrics || jsonb_build_object('reason', $3::text)
      WHERE id = $1 AND status = 'training'`,
    [id, status, reason],
  )
}

/**
 * Puts the model back into use that was before the present one. @returns its id; undefined if there was none.
 */
export async function rollBackModel(
  db: Pick<Database, 'transaction' | 'pool'>,
  kind: ModelKind,
  nowMs: EpochMs,
  by: string,
): Promise<string | undefined> {
  const { rows } = await db.pool.query<{ id: string }>(
    `SELECT m.id FROM models m JOIN model_uses u ON u.model_id = m.id
      WHERE m.kind = $1 AND m.status = 'retired'
        AND u.id < (SELECT max(id) FROM model_uses WHERE kind = $1)
      ORDER BY u.id DESC LIMIT 1`,
    [kind],
  )
  const [before] = rows
  if (before !== undefined) await promoteModel(db, before.id, nowMs, by)
  return before?.id
}

function toModelRow({ trainedFrom, trainedTo, createdAt, promotedAt, ...row }: Model): ModelRow {
  return {
    id: row.id,
    kind: row.kind as ModelKind,
    version: row.version,
    status: row.status as ModelStatus,
    method: row.method,
    parameters: row.parameters as ModelRow['parameters'],
    metrics: row.metrics as ModelRow['metrics'],
    seed: row.seed,
    featureVersion: row.featureVersion,
    codeVersion: row.codeVersion,
    trainedFromMs: trainedFrom?.getTime() ?? null,
    trainedToMs: trainedTo?.getTime() ?? null,
    createdAtMs: createdAt.getTime(),
    promotedAtMs: promotedAt?.getTime() ?? null,
  }
}

function dateOrNull(momentMs: EpochMs | null | undefined): Date | null {
  return momentMs === null || momentMs === undefined ? null : new Date(momentMs)
}
