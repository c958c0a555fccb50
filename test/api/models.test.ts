/** Models, feedback and the planner over the admin API. */

import { randomUUID } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { insertModel, promoteModel, rollBackModel } from '../../src/store/models.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
const ids: string[] = []

beforeAll(async () => {
  server = await startTestServer()
  const campaigns = fileURLToPath(new URL('../simulation/campaigns', import.meta.url))
  await publishCampaigns(server.database, campaigns, server.time.nowMs)
  for (const auc of [0.7, 0.75]) {
    const id = randomUUID()
    ids.push(id)
    const model = { id, kind: 'churn' as const, method: 'logistic-regression', createdAtMs: server.time.nowMs }
    const weights = [[0.1, -0.5, 2]]
    const logistic = { features: ['log_purchases', 'silence_ratio'], classifier: { classifiers: [{ weights }] } }
    const measured = { parameters: { logistic }, metrics: { auc, reason: 'measured' } }
    await insertModel(server.database, { ...model, ...measured, seed: 1, codeVersion: 'c' })
    await promoteModel(server.database, id, server.time.nowMs)
  }
})
afterAll(() => server.close())

async function ask(path: string, body?: object): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(`${server.url}/api${path}`, {
    headers: {
      authorization: `Bearer ${server.adminToken}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: response.status, json: (await response.json()) as Record<string, unknown> }
}

describe('models', () => {
  test('tell what is in use, what it is worth, what was before, and everything needed to repeat it', async () => {
    expect((await ask('/models')).json).toMatchObject({ models: [{ kind: 'churn', version: 2, status: 'champion' }] })
    const { json } = await ask('/models/churn')
    expect(json).toMatchObject({
      version: 2,
      seed: 1,
      codeVersion: 'c',
      metrics: { auc: 0.75 },
      uses: [{ version: 2 }, { version: 1 }],
      topFeatures: [
        { name: 'the silence, beside their own usual interval', weight: 2 },
        { name: 'how often they bought', weight: -0.5 },
      ],
    })
    expect(json['history']).toMatchObject([{ metrics: { auc: 0.7 } }, { metrics: { auc: 0.75 } }])
    expect((await ask('/models/churn?version=1')).json).toMatchObject({ status: 'retired' })
  })

  test('of a kind that is unknown, or not there yet, are told apart', async () => {
    expect((await ask('/models/horoscope')).status).toBe(400)
    expect((await ask('/models/uplift')).status).toBe(404)
    expect((await ask('/models/churn?version=x')).status).toBe(400)
  })

  test('are taken back to the one before, once for each that there was', async () => {
    const { database, time } = server
    expect(await rollBackModel(database, 'churn', time.nowMs, 'test')).toBe(ids[0])
    expect((await ask('/models/churn')).json).toMatchObject({ version: 1, status: 'champion' })
    const { rows } = await database.pool.query(`SELECT status FROM models WHERE id = $1`, [ids[1]])
    expect(rows).toEqual([{ status: 'retired' }])
    expect(await rollBackModel(database, 'clv', time.nowMs, 'test')).toBeUndefined()
  })
})

describe('the page of a model', () => {
  test('shows figures and curves to whoever is signed in, and nothing to others', async () => {
    const curve = [{ low: 0, high: 1, count: 10, meanPredicted: 0.4, observedRate: 0.5 }]
    const gains = [{ slice: 1, count: 5, positives: 4, lift: 1.6, cumulativeGain: 0.8 }]
    await server.database.pool.query(`UPDATE models SET metrics = metrics || $1 WHERE status = 'champion'`, [
      JSON.stringify({ calibration: curve, gains }),
    ])
    const signIn = await fetch(`${server.url}/login`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ token: server.adminToken }),
    })
    const cookie = signIn.headers.get('set-cookie')?.split(';')[0] ?? ''
    const page = async (path: string, headers: Record<string, string> = { cookie }) =>
      fetch(`${server.url}${path}`, { headers, redirect: 'manual' })
    const list = await (await page('/models')).text()
    expect(list).toContain('churn risk')
    expect(list).toContain('No training has run yet')
    const text = await (await page('/models/churn')).text()
    expect(text).toContain('aria-label="calibration curve"')
    expect(text).toContain('1.60')
    expect(text).toContain('aria-label="gain chart"')
    expect(text).toContain('it rates the right one higher')
    expect((await page('/models/revenue')).status).toBe(404)
    expect((await page('/models/churn', {})).status).toBe(303)
  })
})

describe('what messages did', () => {
  const sentAt = '2026-02-10T12:00:00Z'
  beforeAll(async () => {
    const { pool } = server.database
    // 600 people: chance holds every third out; of those who get it 30 % buy, of the others 15 %.
    await pool.query(
      `INSERT INTO customers (id, stage, stage_since, first_seen_at, last_seen_at, created_at, updated_at)
       SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, CASE WHEN n % 2 = 0 THEN 'retain' ELSE 'acquire' END,
              $1, $1, $1, $1, $1 FROM generate_series(1, 600) AS n`,
      ['2026-01-01T00:00:00Z'],
    )
    await pool.query(
      `INSERT INTO contact_points (id, customer_id, channel, address, address_hash, created_at)
       SELECT gen_random_uuid(), id, 'email', '\\x00', sha256(id::text::bytea), now() FROM customers`,
    )
    await pool.query(
      `INSERT INTO decision_records (customer_id, decided_at, kind, journey, version, step, entry_number, outcome, rule, scores)
       SELECT id, $1, 'message', 'letters', 'v', 'first', 1, CASE WHEN n % 3 = 0 THEN 'refused' ELSE 'done' END,
              CASE WHEN n % 3 = 0 THEN 'hold-out' ELSE 'planned' END, '{"churn": 0.4}'
         FROM (SELECT id, right(id::text, 12)::int AS n FROM customers) AS c`,
      [sentAt],
    )
    await pool.query(
      `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                             template, status, planned_at, settled_at, delivered_at)
       SELECT gen_random_uuid(), id, 'letters', 'v', 'first', 1, 0, 'email', 'marketing', 'news', 't', 'sent', $1, $1, $1
         FROM customers WHERE right(id::text, 12)::int % 3 <> 0`,
      [sentAt],
    )
    await pool.query(
      `INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency)
       SELECT gen_random_uuid(), id, id::text, $1::timestamptz + interval '2 days', 5000, 'EUR'
         FROM (SELECT id, right(id::text, 12)::int AS n FROM customers) AS c
        WHERE CASE WHEN n % 3 = 0 THEN n % 20 < 3 ELSE n % 20 < 6 END`,
      [sentAt],
    )
  })

  test('is counted by step, and lies beside those held out, with an interval', async () => {
    const { json } = await ask('/feedback')
    expect(json['outcomes']).toMatchObject([
      { journey: 'letters', step: 'first', sent: 400, delivered: 400, opened: 0 },
    ])
    const [lift] = json['lifts'] as {
      customers: number
      heldOut: number
      lift: { rate: { difference: number; interval: [number, number] } }
    }[]
    expect(lift).toMatchObject({ journey: 'letters', customers: 400, heldOut: 200 })
    expect(lift?.lift.rate.difference).toBeCloseTo(0.15, 1)
    expect(lift?.lift.rate.interval[0]).toBeGreaterThan(0)
  })

  test('joins each message with the scores and the versions of models that its decision saw', async () => {
    const { json } = await ask('/feedback/messages?limit=3')
    const [first] = json['messages'] as object[]
    expect(json['messages']).toHaveLength(3)
    expect(first).toMatchObject({ journey: 'letters', delivered: true, scores: { churn: 0.4 } })
    expect((await ask('/feedback?within=x')).status).toBe(400)
  })

  test('tells the planner whom to give which offer within a budget, with what it should bring', async () => {
    const { status, json } = await ask('/planner', { budgetCents: 20_000 })
    expect(status).toBe(200)
    expect(json['effect']).toMatch(/hold-out of letters/)
    const plan = json['plan'] as {
      costCents: number
      additionalOrders: number
      netLowCents: number
      netCents: number
      netHighCents: number
      offers: { segment: string; customers: number }[]
    }
    expect(plan.costCents).toBeLessThanOrEqual(20_000)
    expect(plan.additionalOrders).toBeGreaterThan(0)
    expect(plan.netLowCents).toBeLessThan(plan.netCents)
    expect(plan.netHighCents).toBeGreaterThan(plan.netCents)
    const planned = plan.offers.reduce((sum, { customers }) => sum + customers, 0)
    expect(planned).toBeLessThanOrEqual(600)
    expect((await ask('/planner', { budgetCents: 0 })).json['plan']).toMatchObject({ costCents: 0, offers: [] })
  })

  test('a plan that names nothing sensible is refused, with the field', async () => {
    expect(await ask('/planner', { budgetCents: -1 })).toMatchObject({
      status: 400,
      json: { error: { field: 'budgetCents' } },
    })
    expect(await ask('/planner', { budgetCents: 1, offers: ['none'] })).toMatchObject({
      status: 400,
      json: { error: { field: 'offers' } },
    })
  })
})

describe('offers', () => {
  const assignedAt = '2026-02-10T12:00:00Z'
  const journey = `
name: Which offer
topic: club
entry: [ { type: arrived } ]
steps:
  - id: which
    type: experiment
    variants:
      - { name: small, share: 0.4, next: small }
      - { name: large, share: 0.4, next: wait }
      - { name: nothing, share: 0.2, hold_out: true }
  - { id: small, type: offer, offer: ten, next: show }
  - { id: wait, type: delay, for: 1 day, next: large }
  - { id: large, type: offer, offer: twenty, next: show }
  - { id: show, type: email, template: plain, next: end }
`
  beforeAll(async () => {
    const campaigns = mkdtempSync(join(tmpdir(), 'perennial-test-offers-'))
    cpSync(fileURLToPath(new URL('../simulation/campaigns', import.meta.url)), campaigns, { recursive: true })
    writeFileSync(join(campaigns, 'journeys', 'which.yaml'), journey)
    await publishCampaigns(server.database, campaigns, server.time.nowMs)
    rmSync(campaigns, { recursive: true })
    // 1,500 people: with the large offer 36 % buy, with the small one 16 %, without any 15 %.
    await server.database.pool.query(
      `INSERT INTO experiment_assignments (customer_id, experiment, variant, assigned_at)
       SELECT ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, 'which/which',
              (ARRAY['small', 'large', 'nothing'])[1 + n % 3], $1 FROM generate_series(1, 1500) AS n`,
      [assignedAt],
    )
    await server.database.pool.query(
      `INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency)
       SELECT gen_random_uuid(), customer_id, customer_id::text, $1::timestamptz + interval '3 days', 5000, 'EUR'
         FROM (SELECT customer_id, variant, right(customer_id::text, 12)::int / 3 AS n FROM experiment_assignments) AS a
        WHERE n % 100 < CASE variant WHEN 'large' THEN 36 WHEN 'small' THEN 16 ELSE 15 END`,
      [assignedAt],
    )
    // What was published is known to the server a second later.
    const told = async (): Promise<number> => ((await ask('/feedback')).json['offers'] as { offers: [] }).offers.length
    await vi.waitUntil(async () => (await told()) === 2, { timeout: 30_000, interval: 100 })
  })

  test('are told apart by what came of them, each with its interval', async () => {
    const { json } = await ask('/feedback')
    const { offers, common } = json['offers'] as {
      offers: { offer: string; difference: number; interval: [number, number]; drawn: { effect: number } }[]
      common: { effect: number }
    }
    expect(offers.map(({ offer }) => offer)).toEqual(['twenty', 'ten'])
    const [large, small] = offers
    expect(large?.difference).toBeCloseTo(0.21, 2)
    expect(large?.interval[0]).toBeGreaterThan(0.1)
    expect(small?.interval[0]).toBeLessThan(0)
    expect(common.effect).toBeGreaterThan(small?.difference ?? 1)
    expect(large?.drawn.effect).toBeLessThan(large?.difference ?? 0) // As far as chance may have helped it.
  })

  test('are planned by that: the one that moves people, though it costs more', async () => {
    const { status, json } = await ask('/planner', { budgetCents: 100_000, offers: ['ten', 'twenty'] })
    expect(status).toBe(200)
    expect(json['effect']).toMatch(/hold-outs of 2 offers/)
    const { offers, netLowCents, netCents } = json['plan'] as {
      offers: { offer: string; customers: number }[]
      netLowCents: number
      netCents: number
    }
    expect(new Set(offers.map(({ offer }) => offer))).toEqual(new Set(['twenty']))
    expect(offers.reduce((sum, { customers }) => sum + customers, 0)).toBeGreaterThan(0)
    expect(netLowCents).toBeLessThan(netCents)
  })
})
