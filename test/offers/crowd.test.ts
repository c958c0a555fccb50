/** A crowd and customers' own workflows ask for the same limited offer at once: never more coupons than there are. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { crowdWorkflowId, customerWorkflowId } from '../../workflows/ids.ts'
import { lookAtCrowd } from '../workflows/support/crowds.ts'
import { until } from '../workflows/support/customers.ts'
import { createWorld, type World } from '../workflows/support/world.ts'
import { addCustomers, ask, publishOffers } from './support/offer-shop.ts'

let world: World

beforeAll(async () => {
  world = await createWorld({ speed: 1 })
  await publishOffers(world.database, world.clock.nowMs(), {
    scarce: `name: Scarce
discount: { type: amount, amount_cents: 500, currency: EUR }
code_prefix: SCARCE
budget: { coupons: 300 }
`,
  })
})
afterAll(() => world.close())

test('of 1,200 who ask in pages and by themselves exactly 300 get a coupon; everybody is answered once', async () => {
  const { pool } = world.database
  const ids = await addCustomers(world.database, world.clock.nowMs(), 1_200)
  await ask(world.database, world.clock.nowMs(), ids, 'scarce')
  const own = ids.slice(0, 60)
  await world.withWorkers(
    async () => {
      await Promise.all([lookAtCrowd(world), ...own.map((id) => world.look(id))])
      await world.client.workflow.getHandle(crowdWorkflowId).result()
      await until('everybody is answered', async () => {
        const { rows } = await pool.query('SELECT FROM news WHERE consumed_at IS NULL LIMIT 1')
        return rows.length === 0
      })
      for (const id of own) await world.client.workflow.getHandle(customerWorkflowId(id)).result()
    },
    { maxCachedWorkflows: 100 },
  )
  const { rows } = await pool.query(
    `SELECT (SELECT count(*)::int FROM coupons) AS coupons,
            (SELECT count(DISTINCT customer_id)::int FROM coupons) AS holders,
            (SELECT issued FROM offer_limits WHERE offer = 'scarce') AS issued,
            (SELECT count(*)::int FROM decision_records WHERE kind = 'offer' AND rule = 'issued') AS given,
            (SELECT count(*)::int FROM decision_records WHERE kind = 'offer' AND rule = 'offer-budget') AS refused,
            (SELECT count(*)::int FROM journey_runs WHERE journey = 'ask-scarce') AS runs`,
  )
  expect(rows[0]).toEqual({ coupons: 300, holders: 300, issued: 300, given: 300, refused: 900, runs: 1_200 })
})
