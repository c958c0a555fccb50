/** A shop that gives coupons to whoever asks, in a directory of campaigns that a test may change and publish again. */

import { randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Database } from '../../../src/store/database.ts'
import { publishCampaigns } from '../../../src/store/publishing/publish-campaigns.ts'

const base = fileURLToPath(new URL('../../simulation/campaigns', import.meta.url))

/** Asks for the coupon of an offer, once each time that somebody enters. */
function journey(offer: string): string {
  return `name: Asks for ${offer}
topic: club
entry: [ { type: api } ]
re_entry: always
steps: [ { id: code, type: offer, offer: ${offer} } ]
`
}

/** Publishes offers by key, each with a journey of the same name that gives it. */
export async function publishOffers(
  database: Database,
  nowMs: number,
  offers: Readonly<Record<string, string>>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'offers-'))
  try {
    cpSync(base, directory, { recursive: true })
    for (const [key, text] of Object.entries(offers)) {
      writeFileSync(join(directory, 'offers', `${key}.yaml`), text)
      writeFileSync(join(directory, 'journeys', `ask-${key}.yaml`), journey(key))
    }
    await publishCampaigns(database, directory, nowMs)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** So many customers at rest. */
export async function addCustomers({ pool }: Database, nowMs: number, count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, () => randomUUID())
  await pool.query(
    `INSERT INTO customers (id, stage, stage_since, first_seen_at, last_seen_at, created_at, updated_at)
     SELECT id, 'acquire', $2, $2, $2, $2, $2 FROM unnest($1::uuid[]) AS u (id)`,
    [ids, new Date(nowMs)],
  )
  return ids
}

/** Each of them asks for the coupon, as soon as somebody looks. */
export async function ask({ pool }: Database, nowMs: number, ids: readonly string[], offer: string): Promise<void> {
  await pool.query(
    `INSERT INTO news (customer_id, kind, detail, created_at)
     SELECT id, 'entry', jsonb_build_object('journey', 'ask-' || $2::text, 'properties', '{}'::jsonb), $3
       FROM unnest($1::uuid[]) AS u (id)`,
    [ids, offer, new Date(nowMs)],
  )
}

/** Works through a list, so many at a time. */
export async function inParallel<Item>(
  items: readonly Item[],
  lanes: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const rest = [...items].reverse()
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let item = rest.pop(); item !== undefined; item = rest.pop()) await work(item)
    }),
  )
}
