/** How long a single event takes from the answer of the API to the customer's place in a segment, while all is quiet. */

import { pino } from 'pino'
import { startIntake } from '../../src/intake/intake.ts'
import { startSegments } from '../../src/intake/segments.ts'
import type { Database } from '../../src/store/database.ts'
import { loadMasterKey, Vault } from '../../src/store/vault.ts'
import { signalEvent, signalSegment } from './documents.ts'

export interface LatencyNeeds {
  readonly database: Database
  /** Of the API. */
  readonly url: string
  readonly writeKey: string
  readonly home: string
  readonly events: number
  readonly customers: number
}

const warmUp = 20
const patienceMs = 30_000

/** Intake and segments run here, as they do in the intake process; the API is a process of its own. */
export async function measureLatency(needs: LatencyNeeds): Promise<{ p50Ms: number; p99Ms: number }> {
  const { database } = needs
  const log = pino({ level: 'silent' })
  const nowMs = (): number => Date.now()
  const interests = async () => ({ events: new Set<string>(), traits: new Set<string>(), segments: new Set<string>() })
  const shared = { database, log, nowMs, interests, onNews: () => undefined }
  const loops = [
    startIntake({ ...shared, vault: new Vault(loadMasterKey(needs.home, undefined)) }),
    startSegments(shared),
  ]
  try {
    const times: number[] = []
    for (let i = 0; i < warmUp + needs.events; i++) {
      // All over the shop, and nobody twice.
      const ms = await oneEvent(needs, Math.floor((i * needs.customers) / (warmUp + needs.events)))
      if (i >= warmUp) times.push(ms)
    }
    times.sort((a, b) => a - b)
    const at = (share: number): number =>
      times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)] ?? Number.NaN
    return { p50Ms: at(0.5), p99Ms: at(0.99) }
  } finally {
    await Promise.all(loops.map((loop) => loop.stop()))
  }
}

async function oneEvent({ url, writeKey, database }: LatencyNeeds, customer: number): Promise<number> {
  const userId = `u${customer}`
  const response = await fetch(new URL('/v1/track', url), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`,
    },
    body: JSON.stringify({ userId, event: signalEvent, properties: {} }),
  })
  if (response.status !== 200) throw new Error(`the API answered ${response.status}`)
  await response.arrayBuffer()
  const acceptedAt = performance.now()
  for (;;) {
    const { rowCount } = await database.pool.query({
      name: 'bench-is-member',
      text: `SELECT FROM segments s JOIN segment_members m ON m.segment_id = s.id JOIN customers c ON c.id = m.customer_id
              WHERE s.key = $1 AND s.status = 'live' AND c.external_id = $2`,
      values: [signalSegment, userId],
    })
    const ms = performance.now() - acceptedAt
    if (rowCount === 1) return ms
    if (ms > patienceMs) throw new Error(`${userId} is in no segment after ${patienceMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
}
