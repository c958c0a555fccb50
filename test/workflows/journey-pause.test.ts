/** A journey that is paused and resumed through Temporal: what is planned waits, nobody enters, and then it goes on. */

import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type NudgerNeeds, nudgeRound } from '../../src/intake/nudger.ts'
import { journeyPauseType, journeyWorkflowId, lifecycleQueue } from '../../workflows/ids.ts'
import { pauseSignal, resumeJourneySignal } from '../../workflows/messages.ts'
import { enterCrowd } from './support/crowds.ts'
import { addCustomer, ledgerOf, until } from './support/customers.ts'
import { createWorld, type World } from './support/world.ts'

let world: World
let needs: NudgerNeeds

beforeAll(async () => {
  world = await createWorld({ speed: 600 })
  const { database, clock } = world
  needs = { database, temporal: world.client.workflow, clock, log: pino({ level: 'silent' }) }
})
beforeEach(() => world.mail.forget())
afterAll(() => world.close())

const workflowId = journeyWorkflowId('letters')
const workflow = () => world.client.workflow.getHandle(workflowId)

function pauseBySignal(): Promise<unknown> {
  return world.client.workflow.signalWithStart(journeyPauseType, {
    workflowId,
    taskQueue: lifecycleQueue,
    args: [{ journey: 'letters' }],
    signal: pauseSignal,
  })
}

async function isPaused(): Promise<boolean> {
  const { rows } = await world.database.pool.query(
    `SELECT 1 FROM journey_states WHERE journey = 'letters' AND paused_at IS NOT NULL AND resumed_at IS NULL`,
  )
  return rows.length === 1
}

test('a signal stops a journey, also what is planned already, and another one lets it go on', async () => {
  const [early, late] = [await addCustomer(world), await addCustomer(world)]
  await enterCrowd(world, [early.id], 'letters')
  const hands = world.activities()
  await hands.lifecycle.reviewCustomer(early.id) // Planned, and nobody has begun to send it.
  hands.close()

  await world.withWorkers(async () => {
    await pauseBySignal()
    await until('it is paused', isPaused)
    await pauseBySignal() // Twice is once.
    await enterCrowd(world, [late.id], 'letters')
    await world.look(early.id)
    await world.look(late.id)
    await until('the ledger holds the message', async () => {
      const [message] = await ledgerOf(world, early.id)
      return message?.status === 'planned' && message.reason === 'postponed: journey-paused'
    })
    const refused = async (): Promise<boolean> => {
      const { rows } = await world.database.pool.query(
        `SELECT 1 FROM decision_records WHERE customer_id = $1 AND rule = 'journey-paused' AND outcome = 'refused'`,
        [late.id],
      )
      return rows.length === 1
    }
    await until('the other one is not let in', refused)
    expect(world.mail.inbox).toEqual([])
    expect((await workflow().describe()).status.name).toBe('RUNNING')

    await workflow().signal(resumeJourneySignal, 0)
    await workflow().result()
    expect(await isPaused()).toBe(false)
    expect(await nudgeRound(needs)).toBe(true)
    await until('it is sent', async () => (await ledgerOf(world, early.id))[0]?.status === 'sent')
  })
  expect(world.mail.inbox).toHaveLength(1)
  const { rows } = await world.database.pool.query<{ action: string }>(
    `SELECT action FROM audit_entries WHERE actor = 'temporal' ORDER BY id`,
  )
  expect(rows.map(({ action }) => action)).toEqual(['pause', 'resume'])
})

test('of a journey that there is not ends with a reason, and is not tried for ever', async () => {
  await world.withWorkers(async () => {
    const handle = await world.client.workflow.signalWithStart(journeyPauseType, {
      workflowId: journeyWorkflowId('nowhere'),
      taskQueue: lifecycleQueue,
      args: [{ journey: 'nowhere' }],
      signal: pauseSignal,
    })
    await expect(handle.result()).rejects.toThrow('Workflow execution failed')
    expect((await handle.describe()).status.name).toBe('FAILED')
  })
})
