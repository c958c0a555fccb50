/** Who may work on segments beside whom. PostgreSQL's advisory locks, so they end with the connection that holds them. */

import type { Queryable } from '../database.ts'

const evaluationLock = 8_700_010
const builderLock = 8_700_011

/**
 * Held by everybody who brings a page of customers up to date, until the end of their transaction. Which segments there
 * are does not change meanwhile.
 */
export async function shareEvaluation(client: Queryable): Promise<void> {
  await client.query({ name: 'segments-share', text: `SELECT pg_advisory_xact_lock_shared(${evaluationLock})` })
}

/** Waits until all pages that are being evaluated are done, and holds up new ones until the end of the transaction. */
export async function excludeEvaluation(client: Queryable): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(${evaluationLock})`)
}

/** Whether this connection is now the one that builds segments; until it lets go, or is lost. */
export async function tryBecomeBuilder(client: Queryable): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>(`SELECT pg_try_advisory_lock(${builderLock}) AS held`)
  return rows[0]?.held === true
}

export async function stopBeingBuilder(client: Queryable): Promise<void> {
  await client.query(`SELECT pg_advisory_unlock(${builderLock})`)
}
