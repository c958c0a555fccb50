/** What got lost between the database and Temporal is found and put right: workflows are ended by hand, nudges are lost. */

import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { minuteMs } from '../../src/domain/time.ts'
import { type CheckOptions, checkWorkflows, type WorkflowCheckResult } from '../../src/intake/check-workflows.ts'
import { nudgeRound } from '../../src/intake/nudger.ts'
import { readStatus } from '../../src/store/status.ts'
import { crowdWorkflowId, customerWorkflowId, lifecycleQueue, reconciliationType } from '../../workflows/ids.ts'
import { cancelSignal, customerLifecycleType } from '../../workflows/messages.ts'
import { addCrowd, enterCrowd, lookAtCrowd, tally } from './support/crowds.ts'
import { addCustomer, arrive, happen, ledgerOf, until } from './support/customers.ts'
import { startWorkerProcess } from './support/worker-process.ts'
import { createWorld, type World } from './support/world.ts'

let world: World

beforeAll(async () => {
  // A minute a second: what waits for days does not come by itself while a test runs.
  world = await createWorld({ speed: 60 })
})
afterAll(() => world.close())

function check(options: Partial<CheckOptions> = {}, crowdFrom = 50): Promise<WorkflowCheckResult> {
  const { database, clock, client } = world
  const needs = { database, clock, temporal: client.workflow, crowdFrom }
  return checkWorkflows(needs, { repair: false, askedBy: 'cli', graceMs: 0, settleMs: 100, ...options })
}

const handle = (id: string) => world.client.workflow.getHandle(customerWorkflowId(id))
const statusOf = async (id: string): Promise<string> => (await handle(id).describe()).status.name
const consumed = async (id: string): Promise<boolean> => {
  const { rows } = await world.database.pool.query(
    'SELECT FROM news WHERE customer_id = $1 AND consumed_at IS NULL LIMIT 1',
    [id],
  )
  return rows.length === 0
}
const inOrder = { withoutWorkflow: 0, withoutWork: 0, stuck: 0 }

/** Temporal's list lags: until it shows what is open. */
async function untilListed(open: number): Promise<void> {
  await until('the list shows what is open', async () => {
    const { count } = await world.client.workflow.count(
      `WorkflowType = '${customerLifecycleType}' AND ExecutionStatus = 'Running'`,
    )
    return count === open
  })
}

test('workflows that somebody ended by hand are found by their due work, and begun again', async () => {
  const customers = await Promise.all([addCustomer(world), addCustomer(world), addCustomer(world)])
  const ids = customers.map(({ id }) => id)
  await Promise.all(ids.map((id) => arrive(world, id)))
  await world.withWorkers(async () => {
    await Promise.all(ids.map((id) => world.look(id)))
    for (const id of ids)
      await until('the letter has left', async () => (await ledgerOf(world, id))[0]?.status === 'sent')
  })
  await untilListed(3)
  expect(await check()).toMatchObject(inOrder) // They wait for days, and have a workflow each.

  const [ended = '', alsoEnded = '', untouched = ''] = ids
  for (const id of [ended, alsoEnded]) await handle(id).terminate('by hand')
  await untilListed(1)
  expect(await check()).toMatchObject(inOrder) // Nothing of theirs is due yet: the sweep will find them when it is.
  await happen(world, ended, 'Order Completed', { revenue: 20 })
  await world.database.pool.query('UPDATE customers SET due_at = $2 WHERE id = $1', [
    alsoEnded,
    new Date(world.clock.nowMs() - 1_000),
  ])
  const found = await check()
  expect(found).toMatchObject({ ...inOrder, openWorkflows: 1, withoutWorkflow: 2, repaired: 0 })
  expect(found.examples.withoutWorkflow.toSorted()).toEqual([ended, alsoEnded].toSorted())
  expect(await statusOf(ended)).toBe('TERMINATED')

  expect(await check({ repair: true })).toMatchObject({ withoutWorkflow: 2, repaired: 2 })
  for (const id of [ended, alsoEnded, untouched]) expect(await statusOf(id)).toBe('RUNNING')
  await world.withWorkers(async () => {
    await until('the news is read', () => consumed(ended))
    await until('all is in order again', async () => {
      const { withoutWorkflow, withoutWork, stuck, late } = await check()
      return withoutWorkflow + withoutWork + stuck + late === 0
    })
  })
  for (const id of [alsoEnded, untouched]) await handle(id).terminate('the test is over')
})

test('news whose nudge was lost between the commit and the signal is found and read, also by the schedule', async () => {
  const { id } = await addCustomer(world)
  await arrive(world, id)
  // The nudger has marked it as told and died before Temporal heard of it.
  const longAgo = new Date(world.clock.nowMs() - 60 * minuteMs)
  await world.database.pool.query('UPDATE news SET nudged_at = $2 WHERE customer_id = $1', [id, longAgo])
  expect(await nudgeRound(needsOfNudger())).toBe(false)
  expect(await check()).toMatchObject({ withoutWorkflow: 1, repaired: 0 })
  const worker = await startWorkerProcess(world)
  try {
    await world.client.schedule.getHandle(reconciliationType).trigger()
    await until('the letter has left', async () => (await ledgerOf(world, id))[0]?.status === 'sent', 60_000)
  } finally {
    await worker.stop()
  }
  const { rows } = await world.database.pool.query(`SELECT repaired FROM workflow_checks WHERE asked_by = 'schedule'`)
  expect(rows).toContainEqual({ repaired: 1 })
  expect(await check()).toMatchObject({ withoutWorkflow: 0 })
  await handle(id).terminate('the test is over')
})

test('a workflow with nothing to wait for is told to look, and ends', async () => {
  const { id } = await addCustomer(world)
  const gone = crypto.randomUUID()
  for (const customerId of [id, gone]) {
    await world.client.workflow.start(customerLifecycleType, {
      workflowId: customerWorkflowId(customerId),
      taskQueue: lifecycleQueue,
      args: [{ customerId }],
    })
  }
  await until('both are found', async () => (await check()).withoutWork === 2)
  await world.withWorkers(async () => {
    await check({ repair: true })
    for (const customerId of [id, gone]) {
      await until('it has ended', async () => (await statusOf(customerId)) === 'COMPLETED')
    }
  })
  await until('the list shows that they have ended', async () => (await check()).openWorkflows === 0)
  expect(await check()).toMatchObject(inOrder)
})

test('what a cancelled crowd has left unread is found, walked by a new one, and told in the status', async () => {
  const ids = await addCrowd(world, 120)
  await enterCrowd(world, ids, 'letters')
  await nudgeRound(needsOfNudger())
  await lookAtCrowd(world)
  await world.client.workflow.getHandle(crowdWorkflowId).signal(cancelSignal) // Nobody works yet: not a page is done.
  expect(await check()).toMatchObject({ crowdWalks: true, withoutWorkflow: 0 })
  await world.withWorkers(async () => {
    await world.client.workflow.getHandle(crowdWorkflowId).result()
    expect((await tally(world, ids, 'letters')).unread).toBe(120)
    expect(await check({ repair: true })).toMatchObject({ crowdWalks: false, withoutWorkflow: 120, repaired: 120 })
    await until('everything is sent', async () => (await tally(world, ids, 'letters')).sent === 120)
    await world.client.workflow.getHandle(crowdWorkflowId).result()
  })
  expect(await tally(world, ids, 'letters')).toMatchObject({ runs: 120, messages: 120, unread: 0 })
  expect(await check()).toMatchObject(inOrder)
  const { workflowChecks } = await readStatus(world.database.pool)
  expect(workflowChecks).toMatchObject({ lastWithoutWorkflow: 0, lastWithoutWork: 0, lastStuck: 0 })
  expect(workflowChecks?.repaired).toBeGreaterThanOrEqual(120)
})

/** As a worker with a mistake in its workflow code does. */
async function failOneTask(): Promise<boolean> {
  const { workflowService } = world.client
  const { namespace } = world
  const poll = () => workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: lifecycleQueue } })
  const { taskToken } = await world.client.withDeadline(Date.now() + 60_000, poll)
  if (taskToken?.length) await workflowService.respondWorkflowTaskFailed({ namespace, taskToken })
  return true
}

function needsOfNudger() {
  const { database, clock, client } = world
  return { database, clock, temporal: client.workflow, crowdFrom: 50, log: pino({ level: 'silent' }) }
}

test('a workflow that cannot go on is ended and begun anew by the check, and nothing is lost', async () => {
  const { id } = await addCustomer(world)
  await arrive(world, id)
  await world.look(id)
  await until('it is found', async () => (await failOneTask()) && (await check()).examples.stuck.includes(id))
  const before = (await handle(id).describe()).runId
  expect(await check({ repair: true })).toMatchObject({ stuck: 1, repaired: 1 })
  expect((await handle(id).describe()).runId).not.toBe(before)
  await world.withWorkers(() =>
    until('the letter has left', async () => (await ledgerOf(world, id))[0]?.status === 'sent'),
  )
  expect(await ledgerOf(world, id)).toHaveLength(1)
  await handle(id).terminate('the test is over')
})
