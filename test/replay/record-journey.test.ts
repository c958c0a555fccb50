/** Records what the pause of a journey did; see record.test.ts. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { journeyPauseType, journeyWorkflowId, lifecycleQueue } from '../../workflows/ids.ts'
import { lookSignal, pauseSignal, resumeJourneySignal } from '../../workflows/messages.ts'
import { until } from '../workflows/support/customers.ts'
import { createWorld, type World } from '../workflows/support/world.ts'
import { keepHistory, recordAs } from './support/keep-history.ts'

let world: World

beforeAll(async () => {
  if (recordAs) world = await createWorld()
})
afterAll(() => world?.close())

test.skipIf(!recordAs)('records a journey that is paused, looked at, and resumed', async () => {
  await world.withWorkers(async () => {
    const pause = await world.client.workflow.signalWithStart(journeyPauseType, {
      workflowId: journeyWorkflowId('letters'),
      taskQueue: lifecycleQueue,
      args: [{ journey: 'letters' }],
      signal: pauseSignal,
    })
    await until('it is paused', async () => {
      const { rows } = await world.database.pool.query('SELECT 1 FROM journey_states WHERE resumed_at IS NULL')
      return rows.length === 1
    })
    await pause.signal(lookSignal)
    await pause.signal(resumeJourneySignal, 30)
    await pause.result()
    expect(await keepHistory('journey-paused', pause)).toBeGreaterThan(10)
  })
})
