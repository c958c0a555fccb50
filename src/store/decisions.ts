/** Saves what was decided, for one customer or for a page of them, in one statement of the transaction that read it. */

import type { Decision } from '../domain/decision.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'
import { saveSideEffects } from './decision-side-effects.ts'
import { reserveCoupons, takeCodes } from './offers/reserve.ts'

export interface DecisionToSave {
  readonly customerId: string
  readonly decision: Decision
  readonly decidedAtMs: EpochMs
  /** The next wake-up, also of what the ledger has postponed; null if nothing can come. */
  readonly dueAtMs: EpochMs | null
  /** What was known of the customer's scores. */
  readonly scores?: Snapshot['scores']
  /** The version of the definitions that decided. */
  readonly rules: string
}

const save = `
  WITH run AS (
    SELECT * FROM jsonb_to_recordset($1) AS r (
      id uuid, "customerId" uuid, journey text, version text, "entryNumber" int, status text, step text,
      "stepSince" timestamptz, "wakeAt" timestamptz, memory jsonb, "enteredAt" timestamptz, "endedAt" timestamptz,
      "endReason" text, "isNew" boolean)
  ), saved_runs AS (
    INSERT INTO journey_runs (id, customer_id, journey, version, entry_number, status, step, step_since, wake_at,
                              memory, entered_at, ended_at, end_reason)
    SELECT id, "customerId", journey, version, "entryNumber", status, step, "stepSince", "wakeAt",
           memory, "enteredAt", "endedAt", "endReason" FROM run
    ON CONFLICT (id) DO UPDATE
       SET version = excluded.version, status = excluded.status, step = excluded.step, step_since = excluded.step_since,
           wake_at = excluded.wake_at, memory = excluded.memory, ended_at = excluded.ended_at,
           end_reason = excluded.end_reason
  ), withdrawn AS (
    -- A run that was left, or has reached its goal, takes back the marketing that it had planned and nobody has begun
    -- to send: who has just bought is not reminded to. What this decision itself plans is not seen here, and stands.
    UPDATE messages m
       SET status = 'refused', reason = 'run ended: ' || run."endReason", settled_at = run."endedAt"
      FROM run
     WHERE (run.status = 'exited' OR run."endReason" LIKE 'goal:%')
       AND m.status = 'planned' AND m.message_class = 'marketing' AND m.customer_id = run."customerId"
       AND m.journey = run.journey AND m.entry_number = run."entryNumber"
    RETURNING m.id
  ), coupon AS (
    INSERT INTO coupons (id, offer, code, customer_id, status, cost_cents, issued_at, expires_at)
    SELECT id, offer, code, "customerId", 'issued', "costCents", "issuedAt", "expiresAt"
      FROM jsonb_to_recordset($2) AS c (
             id uuid, offer text, code text, "customerId" uuid, "costCents" bigint, "issuedAt" timestamptz,
             "expiresAt" timestamptz)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
  ), planned AS (
    INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                          template, status, data, coupon_id, planned_at, expires_at)
    SELECT id, "customerId", journey, version, step, "entryNumber", visit, channel, "messageClass", topic,
           template, 'planned', data, "couponId", "plannedAt", "expiresAt"
      FROM jsonb_to_recordset($3) AS m (
             id uuid, "customerId" uuid, journey text, version text, step text, "entryNumber" int, visit int,
             channel text, "messageClass" text, topic text, template text, data jsonb, "couponId" uuid,
             "plannedAt" timestamptz, "expiresAt" timestamptz)
    ON CONFLICT DO NOTHING
    RETURNING id
  ), noted AS (
    INSERT INTO decision_records (customer_id, decided_at, kind, journey, version, step, entry_number, outcome, rule,
                                  detail, scores)
    SELECT "customerId", "decidedAt", kind, journey, version, step, "entryNumber", outcome, rule, detail, scores
      FROM jsonb_to_recordset($4) AS n (
             "customerId" uuid, "decidedAt" timestamptz, kind text, journey text, version text, step text,
             "entryNumber" int, outcome text, rule text, detail jsonb, scores jsonb)
  ), read AS (
    UPDATE news SET consumed_at = n.at
      FROM jsonb_to_recordset($5) AS n (id bigint, at timestamptz)
     WHERE news.id = n.id
  ), stand AS (
    SELECT * FROM jsonb_to_recordset($6) AS s (
      "customerId" uuid, at timestamptz, "fromStage" text, "toStage" text, reason text, "ruleVersion" text,
      "atRisk" boolean, "dueAt" timestamptz)
  ), moved AS (
    INSERT INTO lifecycle_moves (customer_id, from_stage, to_stage, moved_at, reason, rule_version)
    SELECT "customerId", "fromStage", "toStage", at, reason, "ruleVersion" FROM stand WHERE "toStage" IS NOT NULL
  ), dirtied AS (
    -- What segments may ask about: the stage, the risk, and which journeys somebody is in.
    INSERT INTO dirty_customers (customer_id, cause)
    SELECT s."customerId", 'review' FROM stand s JOIN customers c ON c.id = s."customerId"
     WHERE s."toStage" IS NOT NULL OR s."atRisk" <> c.at_risk
        OR EXISTS (SELECT FROM run WHERE run."customerId" = c.id AND (run."isNew" OR run.status <> 'active'))
  ), stood AS (
    UPDATE customers c
       SET stage = coalesce(s."toStage", c.stage),
           stage_since = CASE WHEN s."toStage" IS NULL THEN c.stage_since ELSE s.at END,
           at_risk = s."atRisk", due_at = s."dueAt", reviewed_at = s.at
      FROM stand s WHERE c.id = s."customerId"
  )
  SELECT id, 'planned' AS what FROM planned
  UNION ALL SELECT id, 'withdrawn' FROM withdrawn
  UNION ALL SELECT id, 'issued' FROM coupon`

/** What saving changed in the ledger. */
export interface LedgerChanges {
  /** The ids of the messages that are new. */
  readonly planned: ReadonlySet<string>
  /** The ids of the messages that were taken back. */
  readonly withdrawn: ReadonlySet<string>
}

/**
 * Saves decisions inside the caller's transaction, which holds the locks on their customers. Saving one again changes
 * nothing: ids follow from what was decided, and a message that is already in the ledger stays as it is.
 *
 * @throws the database's error `coupons_code_key` if a new coupon has the code of another customer's;
 *   CouponsRefusedError if there are not as many coupons as were decided. Either way: roll back, and decide again.
 */
export async function saveDecisions(client: Queryable, saves: readonly DecisionToSave[]): Promise<LedgerChanges> {
  const coupons = saves.flatMap(({ customerId, decision }) =>
    decision.coupons.map((coupon) => ({ customerId, coupon })),
  )
  const codes = await takeCodes(client, coupons)
  const [{ rows }] = await Promise.all([saveMain(client, saves, codes), saveSideEffects(client, saves)])
  const idsWhere = (what: SavedRow['what']): Set<string> =>
    new Set(rows.filter((row) => row.what === what).map((row) => row.id))
  const issued = idsWhere('issued')
  await reserveCoupons(
    client,
    coupons.filter(({ coupon }) => issued.has(coupon.id)),
  )
  return { planned: idsWhere('planned'), withdrawn: idsWhere('withdrawn') }
}

interface SavedRow {
  readonly id: string
  readonly what: 'planned' | 'withdrawn' | 'issued'
}

function saveMain(client: Queryable, saves: readonly DecisionToSave[], codes: ReadonlyMap<string, string>) {
  return client.query<SavedRow>({
    name: 'save-decisions',
    text: save,
    values: [
      runRows(saves),
      couponRows(saves, codes),
      messageRows(saves),
      noteRows(saves),
      newsRows(saves),
      standRows(saves),
    ].map((part) => JSON.stringify(part)),
  })
}

/** The constraint that a code collision violates. */
export const couponCodeConstraint = 'coupons_code_key'

function runRows(saves: readonly DecisionToSave[]): unknown[] {
  return saves.flatMap(({ customerId, decision, decidedAtMs }) =>
    decision.runs.map(({ stepSinceMs, wakeAtMs, enteredAtMs, ...run }) => ({
      ...run,
      customerId,
      stepSince: iso(stepSinceMs),
      wakeAt: isoOrNull(wakeAtMs),
      enteredAt: iso(enteredAtMs),
      endedAt: run.status === 'active' ? null : iso(decidedAtMs),
    })),
  )
}

/** A coupon for which no code was taken is issued already. */
function couponRows(saves: readonly DecisionToSave[], codes: ReadonlyMap<string, string>): unknown[] {
  return saves.flatMap(({ customerId, decision, decidedAtMs }) =>
    decision.coupons
      .map((coupon) => ({ ...coupon, code: coupon.code ?? codes.get(coupon.id) }))
      .filter(({ code }) => code !== undefined)
      .map(({ expiresAtMs, ...coupon }) => ({
        ...coupon,
        customerId,
        issuedAt: iso(decidedAtMs),
        expiresAt: isoOrNull(expiresAtMs),
      })),
  )
}

function messageRows(saves: readonly DecisionToSave[]): unknown[] {
  return saves.flatMap(({ customerId, decision, decidedAtMs }) =>
    decision.messages.map(({ expiresAtMs, ...message }) => ({
      ...message,
      customerId,
      plannedAt: iso(decidedAtMs),
      expiresAt: isoOrNull(expiresAtMs),
    })),
  )
}

function noteRows(saves: readonly DecisionToSave[]): unknown[] {
  return saves.flatMap(({ customerId, decision, decidedAtMs, scores = {} }) => {
    const seen = Object.entries(scores).map(([kind, score]) => [kind, score.value])
    const known = seen.length === 0 ? null : Object.fromEntries(seen)
    return decision.records.map((note) => ({ ...note, customerId, decidedAt: iso(decidedAtMs), scores: known }))
  })
}

function newsRows(saves: readonly DecisionToSave[]): unknown[] {
  return saves.flatMap(({ decision, decidedAtMs }) => decision.consumedNews.map((id) => ({ id, at: iso(decidedAtMs) })))
}

function standRows(saves: readonly DecisionToSave[]): unknown[] {
  return saves.map(({ customerId, decision, decidedAtMs, dueAtMs, rules }) => ({
    customerId,
    at: iso(decidedAtMs),
    fromStage: decision.move?.from ?? null,
    toStage: decision.move?.to ?? null,
    reason: decision.move?.reason ?? null,
    ruleVersion: rules,
    atRisk: decision.atRisk,
    dueAt: isoOrNull(dueAtMs),
  }))
}

function iso(momentMs: EpochMs): string {
  return new Date(momentMs).toISOString()
}

function isoOrNull(momentMs: EpochMs | null): string | null {
  return momentMs === null ? null : iso(momentMs)
}
