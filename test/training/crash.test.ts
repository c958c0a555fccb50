/**
 * A worker dies in the middle of a step of a training: another one carries on with the same row, and it ends with one
 * model in use. Each takes most of a minute, so they run where PERENNIAL_KILL_STEPS names steps, or says `all`.
 */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTrainingStore } from '../../src/store/training-store.ts'
import { lifecycleQueue, modelTrainingType, modelTrainingWorkflowId } from '../../workflows/ids.ts'
import { until } from '../workflows/support/customers.ts'
import { startWorkerProcess } from '../workflows/support/worker-process.ts'
import { createWorld, type World } from '../workflows/support/world.ts'

const allSteps = [
  'extractTrainingData',
  'fitModel',
  'evaluateModel',
  'calibrateModel',
  'shadowModel',
  'publishModel',
  'scoreEveryone',
] as const
const named = process.env['PERENNIAL_KILL_STEPS']
const steps = allSteps.filter((step) => named === 'all' || named?.split(',').includes(step))

let world: World
beforeAll(async () => {
  if (steps.length === 0) return
  world = await createWorld({ speed: 1 })
  await makeBuyers()
})
afterAll(async () => {
  if (steps.length > 0) await world.close()
})

test.skipIf(steps.length === 0)('a worker is killed in every step (only with PERENNIAL_KILL_STEPS=all)', () => {
  expect(steps).not.toEqual([])
})

test.each(steps)(
  'killed in %s: it resumes, and one model is in use',
  async (step) => {
    const first = await startWorkerProcess(world)
    const workflow = await world.client.workflow.start(modelTrainingType, {
      workflowId: modelTrainingWorkflowId('churn'),
      taskQueue: lifecycleQueue,
      args: [{ kind: 'churn' }],
    })
    await holdIn(step, workflow)
    await first.kill()
    await letGo()

    const second = await startWorkerProcess(world)
    const result = (await workflow.result()) as { modelId: string; promoted: boolean; customers: number }
    expect(await second.stop()).toBe(0)
    expect(result.customers).toBe(400)
    const { rows } = await world.database.pool.query<{ id: string; status: string }>(
      `SELECT id, status FROM models WHERE kind = 'churn' AND method <> 'rule' ORDER BY version`,
    )
    expect(rows.filter(({ status }) => status === 'champion')).toHaveLength(1)
    expect(rows.filter(({ status }) => status === 'training')).toEqual([])
    expect(rows.map(({ id }) => id)).toContain(result.modelId)
    const champion = await createTrainingStore(world.database).championModel('churn')
    const { rows: scored } = await world.database.pool.query<{ scored: number }>(
      `SELECT count(*)::int AS scored FROM scores WHERE kind = 'churn' AND model_id = $1`,
      [champion?.id],
    )
    expect(scored[0]?.scored).toBe(400)
  },
  300_000,
)

let holding: { release(): Promise<void> } | undefined

/** Lets steps through one at a time, until the wanted one has begun and waits for a table that somebody else holds. */
async function holdIn(step: string, workflow: { describe(): Promise<{ raw: { pendingActivities?: unknown } }> }) {
  const pending = async (): Promise<boolean> => {
    const { raw } = await workflow.describe()
    const activities = (raw.pendingActivities ?? []) as {
      activityType?: { name?: string }
      lastStartedTime?: unknown
    }[]
    return activities.some(
      ({ activityType, lastStartedTime }) => activityType?.name === step && Boolean(lastStartedTime),
    )
  }
  await until(
    `it is in ${step}`,
    async () => {
      await letGo()
      holding = await lockTables()
      for (let look = 0; look < 10; look++) {
        if (await pending()) return true
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
      return false
    },
    240_000,
  )
}

async function letGo(): Promise<void> {
  await holding?.release()
  holding = undefined
}

async function lockTables(): Promise<{ release(): Promise<void> }> {
  const client = await world.database.pool.connect()
  await client.query('BEGIN')
  await client.query('LOCK TABLE models, orders IN ACCESS EXCLUSIVE MODE')
  return {
    async release() {
      await client.query('COMMIT')
      client.release()
    },
  }
}

/** 400 customers, each at a pace of their own; half of them stop. */
async function makeBuyers(): Promise<void> {
  const now = new Date(world.clock.nowMs())
  await world.database.pool.query(
    `INSERT INTO customers (id, stage, stage_since, first_seen_at, last_seen_at, created_at, updated_at, order_count)
     SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'retain', t, t, t, t, t, 2
       FROM generate_series(1, 400) AS n, (SELECT $1::timestamptz - interval '200 days' AS t) AS moment`,
    [now],
  )
  await world.database.pool.query(
    `INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency)
     SELECT gen_random_uuid(), c.id, c.id || '/' || k, $1::timestamptz - interval '199 days' + make_interval(days => k * (6 + n % 9)),
            1000 + n, 'EUR'
       FROM (SELECT id, right(id::text, 12)::int AS n FROM customers) AS c, generate_series(0, 30) AS k
      WHERE (k = 0 OR (hashtext(c.id || '/' || k) & 7) < 4) AND k * (6 + n % 9) < CASE WHEN n % 2 = 0 THEN 196 ELSE 20 + (n * 37) % 170 END`,
    [now],
  )
}
