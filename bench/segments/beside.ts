/** One segment from nothing, beside the SQL that somebody would write by hand for its members. */

import type { Database } from '../../src/store/database.ts'
import { buildSegments } from '../../src/store/segments/build-segments.ts'
import { buildMemory } from '../../src/store/segments/build-statements.ts'
import { say } from '../support/bench.ts'
import { median } from '../support/measure.ts'
import { putInForce, references, segmentDocuments } from './documents.ts'

const rounds = 3
const nobody = { segments: new Set<string>(), traits: new Set<string>() }

export interface BuiltBeside {
  /** Seconds until the segment counts. */
  readonly ours: number
  /** The same with what comes after that: the customers' next moments, which no SQL by hand keeps. */
  readonly oursWithMoments: number
  readonly reference: number
  readonly members: number
  readonly ratio: number
  readonly ratioWithMoments: number
}

export function needsOf(database: Database, nowMs: number) {
  return { database, nowMs: () => nowMs, interests: async () => nobody }
}

export async function forgetSegments(db: Database): Promise<void> {
  await db.pool.query(
    `TRUNCATE segments, segment_members, segment_states, segment_moments, segment_catch_ups, dirty_customers,
              computed_traits`,
  )
}

/** All segments that have a reference, in turn. */
export async function buildBeside(db: Database, nowMs: number): Promise<Readonly<Record<string, BuiltBeside>>> {
  await db.pool.query('DROP TABLE IF EXISTS by_hand')
  await db.pool.query('CREATE TABLE by_hand (LIKE segment_members INCLUDING ALL)')
  const beside: Record<string, BuiltBeside> = {}
  for (const [key, sql] of Object.entries(references)) {
    const one = await besideByHand(db, key, sql, nowMs)
    const [live, whole, byHand] = [one.ours, one.oursWithMoments, one.reference].map((time) => time.toFixed(3))
    say(`${key}: ${one.members} members, counts after ${live} s, with moments ${whole} s, by hand ${byHand} s`)
    beside[key] = one
  }
  return beside
}

/** Ours and by hand, turn about, each into an empty table with the same indexes. */
async function besideByHand(db: Database, key: string, sql: string, nowMs: number): Promise<BuiltBeside> {
  const document = segmentDocuments(50)[key]
  if (document === undefined) throw new Error(`no segment ${key}`)
  await putInForce(db.pool, { [key]: document })
  const times = { ours: [] as number[], withMoments: [] as number[], reference: [] as number[] }
  let members = 0
  for (let round = 0; round <= rounds; round++) {
    // Turn about, and now the one first, now the other.
    const early = round % 2 === 1 ? await buildByHand(db, sql, nowMs) : undefined
    const ours = await buildOurs(db, key, nowMs)
    const reference = early ?? (await buildByHand(db, sql, nowMs))
    members = ours.members
    if (members !== reference.members) throw new Error(`${key}: ${members} members, by hand ${reference.members}`)
    if (round === 0) continue // Warms both up.
    times.ours.push(ours.seconds)
    times.withMoments.push(ours.withMoments)
    times.reference.push(reference.seconds)
  }
  const [ours, oursWithMoments] = [median(times.ours), median(times.withMoments)]
  const reference = median(times.reference)
  const ratio = ours / reference
  return { ours, oursWithMoments, reference, members, ratio, ratioWithMoments: oursWithMoments / reference }
}

async function buildOurs(
  db: Database,
  key: string,
  nowMs: number,
): Promise<{ readonly seconds: number; readonly withMoments: number; readonly members: number }> {
  await forgetSegments(db)
  const startedAt = performance.now()
  const outcome = await buildSegments(needsOf(db, nowMs))
  const withMoments = since(startedAt)
  const [failed] = outcome?.failed ?? []
  const [built] = outcome?.built ?? []
  if (failed !== undefined || built === undefined) throw new Error(`${key}: ${failed?.problem ?? 'was not built'}`)
  return { seconds: built.seconds, withMoments, members: built.size }
}

async function buildByHand(
  db: Database,
  sql: string,
  nowMs: number,
): Promise<{ readonly seconds: number; readonly members: number | null }> {
  await db.pool.query('TRUNCATE by_hand')
  const startedAt = performance.now()
  const members = await db.transaction(async (client) => {
    await client.query(`SET LOCAL work_mem = '${buildMemory}'`) // As much as we take.
    const { rowCount } = await client.query(
      `INSERT INTO by_hand (segment_id, customer_id, since) SELECT 1, member.*, $1::timestamptz FROM (${sql}) AS member`,
      [new Date(nowMs)],
    )
    return rowCount
  })
  return { seconds: since(startedAt), members }
}

export function since(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000
}
