/** What few decisions do beside moving runs and planning messages: tasks, variants given, traits set. */

import type { Decision } from '../domain/decision.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

interface Save {
  readonly customerId: string
  readonly decision: Decision
  readonly decidedAtMs: EpochMs
}

/** Saves them inside the caller's transaction; most decisions cost nothing here. Saving one again changes nothing. */
export async function saveSideEffects(client: Queryable, saves: readonly Save[]): Promise<void> {
  await Promise.all([
    saveTasks(client, saves),
    closeTasks(client, saves),
    saveWebhooks(client, saves),
    saveAssignments(client, saves),
    saveTraits(client, saves),
  ])
}

async function saveTasks(client: Queryable, saves: readonly Save[]): Promise<void> {
  const rows = saves.flatMap(({ customerId, decision, decidedAtMs }) =>
    decision.tasks.map(({ dueAtMs, expiresAtMs, ...task }) => ({
      ...task,
      customerId,
      createdAt: iso(decidedAtMs),
      dueAt: iso(dueAtMs),
      expiresAt: iso(expiresAtMs),
    })),
  )
  if (rows.length === 0) return
  await client.query({
    name: 'save-tasks',
    text: `
      INSERT INTO tasks (id, customer_id, journey, version, step, entry_number, title, outcomes, created_at, due_at,
                         expires_at)
      SELECT id, "customerId", journey, version, step, "entryNumber", title, outcomes, "createdAt", "dueAt", "expiresAt"
        FROM jsonb_to_recordset($1) AS t (
               id uuid, "customerId" uuid, journey text, version text, step text, "entryNumber" int, title text,
               outcomes text[], "createdAt" timestamptz, "dueAt" timestamptz, "expiresAt" timestamptz)
      ON CONFLICT (id) DO NOTHING`,
    values: [JSON.stringify(rows)],
  })
}

/** A task for which no run waits any more is no longer to be done: its time was up, or the run has ended. */
async function closeTasks(client: Queryable, saves: readonly Save[]): Promise<void> {
  const rows = saves.flatMap(({ customerId, decision, decidedAtMs }) =>
    decision.runs
      .filter((run) => run.memory.tasks !== undefined)
      .map(({ journey, entryNumber, status, step }) => ({
        customerId,
        journey,
        entryNumber,
        isOver: status !== 'active',
        step,
        at: iso(decidedAtMs),
      })),
  )
  if (rows.length === 0) return
  await client.query({
    name: 'close-tasks',
    text: `
      UPDATE tasks t SET status = CASE WHEN t.expires_at <= r.at THEN 'expired' ELSE 'cancelled' END, closed_at = r.at
        FROM jsonb_to_recordset($1) AS r (
               "customerId" uuid, journey text, "entryNumber" int, "isOver" boolean, step text, at timestamptz)
       WHERE t.customer_id = r."customerId" AND t.journey = r.journey AND t.entry_number = r."entryNumber"
         AND t.status = 'open' AND (r."isOver" OR t.step <> r.step)`,
    values: [JSON.stringify(rows)],
  })
}

async function saveWebhooks(client: Queryable, saves: readonly Save[]): Promise<void> {
  const rows = saves.flatMap(({ customerId, decision, decidedAtMs }) =>
    (decision.webhooks ?? []).map(({ data, ...call }) => {
      const { journey, version, step, entryNumber: entry } = call
      const payload = { type: 'journey.step', at: iso(decidedAtMs), journey, version, step, entry, data }
      return { ...call, customerId, payload, at: iso(decidedAtMs) }
    }),
  )
  if (rows.length === 0) return
  await client.query({
    name: 'save-webhooks',
    text: `
      INSERT INTO webhook_calls (id, customer_id, journey, version, step, entry_number, visit, url, payload, planned_at, due_at)
      SELECT id, "customerId", journey, version, step, "entryNumber", visit, url, payload, at, clock_timestamp()
        FROM jsonb_to_recordset($1) AS w (
               id uuid, "customerId" uuid, journey text, version text, step text, "entryNumber" int, visit int, url text,
               payload jsonb, at timestamptz)
      ON CONFLICT (id) DO NOTHING`,
    values: [JSON.stringify(rows)],
  })
}

async function saveAssignments(client: Queryable, saves: readonly Save[]): Promise<void> {
  const rows = saves.flatMap(({ customerId, decision, decidedAtMs }) =>
    decision.assignments.map((assignment) => ({ ...assignment, customerId, at: iso(decidedAtMs) })),
  )
  if (rows.length === 0) return
  await client.query({
    name: 'save-assignments',
    text: `
      INSERT INTO experiment_assignments (customer_id, experiment, variant, assigned_at)
      SELECT "customerId", experiment, variant, at
        FROM jsonb_to_recordset($1) AS a ("customerId" uuid, experiment text, variant text, at timestamptz)
      ON CONFLICT DO NOTHING`,
    values: [JSON.stringify(rows)],
  })
}

/** As if the shop had said so at this moment: a later word replaces it, and segments hear of it. */
async function saveTraits(client: Queryable, saves: readonly Save[]): Promise<void> {
  const rows = saves
    .filter(({ decision }) => Object.keys(decision.traits).length > 0)
    .map(({ customerId, decision, decidedAtMs }) => {
      const entries = Object.entries(decision.traits)
      return {
        customerId,
        set: Object.fromEntries(entries.filter(([, value]) => value !== null)),
        removed: entries.flatMap(([name, value]) => (value === null ? [name] : [])),
        times: Object.fromEntries(entries.map(([name]) => [name, iso(decidedAtMs)])),
      }
    })
  if (rows.length === 0) return
  await client.query({
    name: 'save-traits',
    text: `
      WITH given AS (
        SELECT * FROM jsonb_to_recordset($1) AS g ("customerId" uuid, set jsonb, removed text[], times jsonb)
      ), dirtied AS (
        INSERT INTO dirty_customers (customer_id, cause) SELECT "customerId", 'review' FROM given
      )
      UPDATE customers c SET traits = (c.traits || g.set) - g.removed, trait_times = c.trait_times || g.times
        FROM given g WHERE c.id = g."customerId"`,
    values: [JSON.stringify(rows)],
  })
}

function iso(momentMs: EpochMs): string {
  return new Date(momentMs).toISOString()
}
