/** The customers of scenarios as rows in the database, and what happens to them as intake and operators write it. */

import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { firstRules } from '../../../src/analytics/scoring/first-rules.ts'
import { readCall } from '../../../src/api/tracking/read-call.ts'
import { needsConfirmation } from '../../../src/domain/consent-rule.ts'
import type { Definitions } from '../../../src/domain/definitions.ts'
import { interestingEvents, interestingTraits } from '../../../src/domain/interests.ts'
import type { Channel, ScoreKind, Snapshot } from '../../../src/domain/snapshot.ts'
import type { ConsentChannel } from '../../../src/domain/tracking.ts'
import { handleNextPage } from '../../../src/intake/intake.ts'
import type { GivenScores, Happening, SimulatedPast } from '../../../src/simulation/happenings.ts'
import type { Queryable } from '../../../src/store/database.ts'
import { insertEvents } from '../../../src/store/insert-events.ts'
import { championModel, insertModel, promoteModel } from '../../../src/store/models.ts'
import { insertContactNews, insertNews } from '../../../src/store/news.ts'
import { sealAddress } from '../../../src/store/personal-data.ts'
import { saveScores } from '../../../src/store/scores.ts'
import { finishTask } from '../../../src/store/tasks.ts'
import type { StoreWorld } from './store-world.ts'

type Needs = Pick<StoreWorld, 'database' | 'vault' | 'clock'>

/** The rules that score until a training has run, as models. */
export async function publishFirstRules({ database, clock }: Needs): Promise<void> {
  for (const kind of ['churn', 'clv'] as const) {
    const { method, ...parameters } = firstRules[kind]
    const { id } = await insertModel(database, {
      id: randomUUID(),
      kind,
      method,
      parameters,
      createdAtMs: clock.nowMs(),
    })
    await promoteModel(database, id, clock.nowMs())
  }
}

/** Somebody as a snapshot shows them, with what they bought before. */
export async function addPerson(needs: Needs, snapshot: Snapshot, past: SimulatedPast, number: number): Promise<void> {
  const { customer, orders, contact, scores, assignments = {} } = snapshot
  const { id } = customer
  const now = new Date(needs.clock.nowMs())
  await needs.database.transaction(async (client) => {
    await client.query(
      `INSERT INTO customers (id, external_id, stage, stage_since, at_risk, traits, time_zone, first_seen_at, last_seen_at,
         first_order_at, last_order_at, order_count, revenue_cents, currency, scored_at, created_at, updated_at)
       VALUES ($1::uuid, $1::text, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'EUR', $13, $8, $8)`,
      [
        id,
        customer.stage,
        new Date(customer.stageSinceMs),
        customer.atRisk,
        JSON.stringify(customer.traits),
        customer.timeZone,
        new Date(customer.firstSeenMs),
        now,
        dateOf(orders.firstOrderMs),
        dateOf(orders.lastOrderMs),
        orders.count,
        orders.revenueCents,
        dateOf(customer.scoredMs),
      ],
    )
    await client.query(
      `INSERT INTO identities (kind, value, customer_id, created_at) VALUES ('user', $1::text, $1::uuid, $2)`,
      [id, now],
    )
    for (const { order, atMs } of past.orders)
      await client.query(
        `INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency)
         VALUES ($1, $2, $3, $4, $5, 'EUR')`,
        [randomUUID(), id, orderKey(id, order.key), new Date(atMs), order.revenueCents],
      )
    for (const [experiment, variant] of Object.entries(assignments))
      await client.query('INSERT INTO experiment_assignments VALUES ($1, $2, $3, $4)', [id, experiment, variant, now])
    await addAddresses(needs, client, snapshot, number)
    for (const channel of ['email', 'sms'] as const) {
      for (const [topic, status] of Object.entries(contact[channel].consents))
        await client.query(
          `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
           VALUES ($1, $2, $3, $4, $5, 'test', 'form')`,
          [id, channel, topic, status, now],
        )
      if (contact[channel].suppressed !== null) await suppress(client, id, channel, contact[channel].suppressed, now)
    }
  })
  for (const kind of ['churn', 'clv'] as const) {
    const score = scores[kind]
    if (score === undefined) continue
    await saveScore(needs, id, kind, score.value, score.tier)
    await needs.database.pool.query('UPDATE customers SET scored_at = $2 WHERE id = $1', [
      id,
      dateOf(customer.scoredMs),
    ])
  }
}

async function addAddresses(
  { vault, clock }: Needs,
  client: Queryable,
  { customer, contact }: Snapshot,
  number: number,
) {
  const { id } = customer
  const now = new Date(clock.nowMs())
  const { key, wrapped } = vault.createCustomerKey(id)
  await client.query('INSERT INTO customer_keys VALUES ($1, $2, $3)', [id, wrapped, now])
  const addresses = { email: `${id}@listener.example`, sms: `+120255501${String(number).padStart(2, '0')}` }
  for (const channel of ['email', 'sms'] as const) {
    if (!contact[channel].reachable) continue
    const pointId = randomUUID()
    const sealed = sealAddress(vault, key, pointId, addresses[channel])
    const hash = vault.lookupHash(channel === 'sms' ? 'phone' : 'email', addresses[channel])
    await client.query(
      `INSERT INTO contact_points (id, customer_id, channel, address, address_hash, created_at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [pointId, id, channel, sealed, hash, now],
    )
  }
}

async function suppress(
  client: Queryable,
  id: string,
  channel: Channel,
  reason: string | null,
  now: Date,
): Promise<void> {
  const ofPoint = 'FROM contact_points WHERE customer_id = $1 AND channel = $2 AND current'
  if (reason === null)
    await client.query(
      `DELETE FROM suppressions s USING contact_points p WHERE p.customer_id = $1 AND p.channel = $2
         AND s.channel = p.channel AND s.address_hash = p.address_hash`,
      [id, channel],
    )
  else
    await client.query(
      `INSERT INTO suppressions (channel, address_hash, reason, since) SELECT channel, address_hash, $3, $4 ${ofPoint}
       ON CONFLICT DO NOTHING`,
      [id, channel, reason, now],
    )
}

/** What is said of somebody's scores goes for what is computed: they keep it, and thresholds that are crossed are news. */
export async function keepScores(needs: Needs, id: string, given: GivenScores, announce: boolean): Promise<void> {
  const { churn, clv, clvTier } = given
  const options = announce ? { announce: { enter: 0.7, leave: 0.5 } } : {}
  if (churn !== undefined) await saveScore(needs, id, 'churn', churn, null, options)
  if (clv === undefined && clvTier === undefined) return
  const { rows } = await needs.database.pool.query<{ value: number; tier: 'high' | 'middle' | 'low' | null }>(
    `SELECT value, tier FROM scores WHERE customer_id = $1 AND kind = 'clv'`,
    [id],
  )
  await saveScore(needs, id, 'clv', clv ?? rows[0]?.value ?? 0, clvTier ?? rows[0]?.tier ?? null, options)
}

async function saveScore(
  { database, clock }: Needs,
  customerId: string,
  kind: ScoreKind,
  value: number,
  tier: 'high' | 'middle' | 'low' | null,
  options: { announce?: { enter: number; leave: number } } = {},
): Promise<void> {
  const modelId = (await championModel(database, kind))?.id ?? ''
  const scores = [{ customerId, value, tier, reasons: [] }]
  await saveScores(database.pool, { kind, modelId, nowMs: clock.nowMs(), scores, ...options })
}

/** Lets things happen to somebody, all at once. */
export async function letHappen(needs: Needs, definitions: Definitions, id: string, happenings: readonly Happening[]) {
  const calls = happenings.flatMap((happening) => callOf(id, happening))
  const atMs = needs.clock.nowMs()
  for (const happening of happenings) await letHappenByHand(needs, id, happening, atMs)
  const events = calls.map((call) => {
    const read = readCall(call, { receivedAtMs: atMs }, needs.vault)
    if (!('event' in read)) throw new Error(`a bad call: ${JSON.stringify(read.faults)}`)
    return read.event
  })
  await insertEvents(needs.database.pool, events)
  const interests = {
    events: interestingEvents(definitions),
    traits: interestingTraits(definitions),
    needsConfirmation: (channel: ConsentChannel, topic: string) =>
      channel !== 'tracking' && needsConfirmation(definitions.policy, channel, topic),
  }
  const intake = { ...needs, log: pino({ level: 'silent' }), nowMs: () => atMs, interests: async () => interests }
  while ((await handleNextPage(intake)).handled > 0);
}

/** As a shop sends it. */
function callOf(userId: string, happening: Happening): { type: string }[] {
  const track = (event: string, properties: object): { type: string }[] => [
    { type: 'track', userId, event, properties } as { type: string },
  ]
  switch (happening.type) {
    case 'event':
      return track(happening.name, happening.properties)
    case 'order': {
      const { key, revenueCents, currency, products, coupon } = happening.order
      return track('Order Completed', {
        order_id: orderKey(userId, key),
        total: revenueCents / 100,
        currency,
        products: products.map((product) => ({ product_id: product })),
        ...(coupon !== null && { coupon }),
      })
    }
    case 'refund':
      return track('Order Refunded', {
        order_id: orderKey(userId, happening.orderKey),
        total: happening.amountCents / 100,
        currency: 'EUR',
      })
    case 'trait':
      return [{ type: 'identify', userId, traits: { [happening.name]: happening.value } } as { type: string }]
    case 'consent': {
      const { channel, topic, status } = happening
      return track(status === 'granted' ? 'Consent Granted' : 'Consent Withdrawn', { channel, topic })
    }
    case 'arrives':
    case 'task':
    case 'entry':
    case 'confirmation':
    case 'suppression':
    case 'score':
      return []
  }
}

async function letHappenByHand(needs: Needs, id: string, happening: Happening, atMs: number): Promise<void> {
  const { database } = needs
  if (happening.type === 'arrives') await insertNews(database.pool, [{ customerId: id, kind: 'arrived', atMs }])
  if (happening.type === 'entry')
    await insertNews(database.pool, [
      { customerId: id, kind: 'entry', detail: { journey: happening.journey, properties: {} }, atMs },
    ])
  if (happening.type === 'task') {
    const { taskId, outcome } = happening
    await database.transaction((client) => finishTask(client, { taskId, outcome, note: null, by: 'test', atMs }))
  }
  if (happening.type === 'suppression') {
    await suppress(database.pool, id, happening.channel, happening.reason, new Date(atMs))
    await insertContactNews(database.pool, [id], atMs)
  }
  if (happening.type === 'score') await keepScores(needs, id, happening.scores, true)
}

function orderKey(customerId: string, key: string): string {
  return `${customerId}/${key}`
}

function dateOf(momentMs: number | null): Date | null {
  return momentMs === null ? null : new Date(momentMs)
}
