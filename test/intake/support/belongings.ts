/** Everything that hangs on customers, to be compared before and after; and things to hang on them. */

import { randomUUID } from 'node:crypto'
import { openAddress, openPersonalTraits } from '../../../src/store/personal-data.ts'
import { type Shop, startMs } from './shop.ts'

/** All that a customer has, as plain values; sealed values are opened. What only says when rows were written is left out. */
export async function belongings(shop: Shop, id: string): Promise<Record<string, unknown>> {
  const [row] = await shop.rows<Record<string, unknown> & { personal: Buffer | null; wrapped_key: Buffer | null }>(
    `SELECT c.*, k.wrapped_key FROM customers c LEFT JOIN customer_keys k ON k.customer_id = c.id WHERE c.id = $1`,
    [id],
  )
  if (row === undefined) throw new Error(`no customer ${id}`)
  const {
    personal,
    wrapped_key,
    updated_at: _u,
    identity_epoch: _e,
    due_at: _d,
    scored_at: _s,
    reviewed_at: _r,
    ...facts
  } = row
  const key = wrapped_key === null ? undefined : shop.vault.openCustomerKey(id, wrapped_key)
  const points = await shop.rows<{ id: string; channel: string; address: Buffer; current: boolean }>(
    'SELECT * FROM contact_points WHERE customer_id = $1 ORDER BY channel, address_hash',
    [id],
  )
  const lists = await Promise.all(
    Object.entries(tables).map(async ([table, order]) => [
      table,
      await shop.rows(`SELECT * FROM ${table} WHERE customer_id = $1 ORDER BY ${order}`, [id]),
    ]),
  )
  return {
    facts,
    personal: key && personal ? openPersonalTraits(shop.vault, key, id, personal) : {},
    addresses: points.map((point) => ({
      channel: point.channel,
      address: key === undefined ? '?' : openAddress(shop.vault, key, point.id, point.address),
      current: point.current,
    })),
    ...(Object.fromEntries(lists) as object),
  }
}

const tables = {
  identities: 'kind, value',
  events: 'id',
  event_days: 'name, day',
  orders: 'order_key',
  customer_categories: 'category',
  consents: 'given_at, channel, topic, status',
  coupons: 'id',
  lifecycle_moves: 'id',
  decision_records: 'id',
  journey_runs: 'id',
  messages: 'id',
} as const

export interface PlantedRun {
  readonly journey: string
  readonly entry?: number
  readonly status?: 'active' | 'completed'
  /** Of its messages by step: status, and class if it is not marketing. */
  readonly messages?: Readonly<Record<string, string>>
  /** How many days ago it ended. */
  readonly endedDaysAgo?: number
}

/** Puts a customer into a journey, with messages. @returns the ids of the messages by step. */
export async function plantRun(
  shop: Shop,
  customerId: string,
  { journey, entry = 1, status = 'active', messages = {}, endedDaysAgo = 1 }: PlantedRun,
): Promise<Record<string, string>> {
  const now = new Date(startMs)
  const coupon = randomUUID()
  await shop.rows(
    `INSERT INTO journey_runs (id, customer_id, journey, version, entry_number, status, step, step_since, wake_at, memory,
                               entered_at, ended_at, end_reason)
     VALUES ($1, $2, $3, 'v1', $4, $5, 'pause', $6, $6, $7, $6, $8, $9)`,
    [
      randomUUID(),
      customerId,
      journey,
      entry,
      status,
      now,
      JSON.stringify({ coupons: { hello: coupon } }),
      status === 'active' ? null : new Date(startMs - endedDaysAgo * 86_400_000),
      status === 'active' ? null : 'reached the end',
    ],
  )
  await shop.rows(
    `INSERT INTO coupons (id, offer, code, customer_id, status, issued_at) VALUES ($1::uuid, 'hello', left($1::text, 20), $2, 'issued', $3)`,
    [coupon, customerId, now],
  )
  await shop.rows(
    `INSERT INTO decision_records (customer_id, decided_at, kind, journey, version, step, entry_number, outcome, rule)
     VALUES ($1, $2, 'entry', $3, 'v1', NULL, $4, 'done', 'entry:arrived')`,
    [customerId, now, journey, entry],
  )
  await shop.rows(
    `INSERT INTO lifecycle_moves (customer_id, from_stage, to_stage, moved_at, reason, rule_version)
     VALUES ($1, 'acquire', 'activate', $2, 'first order', 'v1')`,
    [customerId, now],
  )
  const ids: Record<string, string> = {}
  for (const [step, words] of Object.entries(messages)) {
    const [state = 'planned', messageClass = 'marketing'] = words.split(' ')
    const isHeld = state === 'claimed' || state === 'transmitting'
    ids[step] = randomUUID()
    await shop.rows(
      `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                             template, status, planned_at, claimed_by, lease_until, settled_at)
       VALUES ($1, $2, $3, 'v1', $4, $5, 0, 'email', $6, 'news', 'hello', $7, $8, $9,
               CASE WHEN $10 THEN clock_timestamp() + interval '1 minute' END, $11)`,
      [
        ids[step],
        customerId,
        journey,
        step,
        entry,
        messageClass,
        state,
        now,
        isHeld ? `customer:${customerId}#1` : null,
        isHeld,
        isHeld || state === 'planned' ? null : now,
      ],
    )
  }
  return ids
}
