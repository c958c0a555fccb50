/** Records what a real broadcast did; see record.test.ts. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { broadcastProgressQuery, pauseSignal, resumeSignal, throttleSignal } from '../../workflows/messages.ts'
import { startBroadcast } from '../broadcasts/support/broadcasts.ts'
import { addCrowd } from '../workflows/support/crowds.ts'
import { until } from '../workflows/support/customers.ts'
import { createWorld, type World } from '../workflows/support/world.ts'
import { keepHistory, recordAs } from './support/keep-history.ts'

let world: World

beforeAll(async () => {
  if (recordAs) world = await createWorld({ speed: 3_600 })
})
afterAll(() => world?.close())

test.skipIf(!recordAs)('records an experiment that is paused, slowed down, and has its winner at the end', async () => {
  await addCrowd(world, 200)
  await world.withWorkers(async () => {
    const { workflow } = await startBroadcast(world, 'sale', {
      variants: [
        { id: 'a', template: 'hello' },
        { id: 'b', template: 'nudge' },
      ],
      experiment: { share: 0.5, decide_within: '6 hours' },
      hold_out: 0.1,
      throttle: { per_second: 30 },
    })
    const sent = async () => (await workflow.query(broadcastProgressQuery)).sent
    await until('some have left', async () => (await sent()) >= 10)
    await workflow.signal(pauseSignal)
    await until('it pauses', async () => (await workflow.query(broadcastProgressQuery)).isPaused)
    await workflow.signal(throttleSignal, 100)
    await workflow.signal(resumeSignal)
    await workflow.result()
  })
  expect(await keepHistory('experiment', (await firstOf(world)).workflow)).toBeGreaterThan(20)
})

/** The one that was recorded. */
async function firstOf({ client, database }: World) {
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM broadcasts')
  return { workflow: client.workflow.getHandle(`broadcast:${rows[0]?.id}`) }
}
