/** A crowd in pages beside customers' own workflows: every step once, whoever comes first and whoever dies. */

import { WorkflowContinuedAsNewError } from '@temporalio/client'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type NudgerNeeds, nudgeRound, sweepRound } from '../../src/intake/nudger.ts'
import { crowdWorkflowId, customerWorkflowId } from '../../workflows/ids.ts'
import {
  type CrowdProgress,
  cancelSignal,
  lookSignal,
  pauseSignal,
  progressQuery,
  resumeSignal,
} from '../../workflows/messages.ts'
import { addCrowd, enterCrowd, lookAtCrowd, tally } from './support/crowds.ts'
import { until } from './support/customers.ts'
import { startWorkerProcess } from './support/worker-process.ts'
import { createWorld, type World } from './support/world.ts'

/** So many workflows meet the crowd: 500 take about a minute on a small machine. */
const workflows = Number(process.env['PERENNIAL_CROWD_WORKFLOWS'] ?? 200)

/** A busy machine takes its time; what counts is that it happens. */
const patienceMs = 240_000

let world: World
let needs: NudgerNeeds

beforeAll(async () => {
  // An hour a second: nothing that waits for days comes by itself while a test runs.
  world = await createWorld({ speed: 3_600 })
  const { database, clock } = world
  needs = { database, temporal: world.client.workflow, clock, log: pino({ level: 'silent' }), crowdFrom: 50 }
})
beforeEach(() => {
  world.mail.behave({})
  world.mail.forget()
})
afterAll(() => world.close())

const crowd = () => world.client.workflow.getHandle(crowdWorkflowId)
const progress = (): Promise<CrowdProgress> => crowd().query(progressQuery)

/** Addresses to which something came, and how often at most. */
function mails(): { readonly to: number; readonly most: number } {
  const counts = new Map<string, number>()
  for (const mail of world.mail.inbox) {
    const to = JSON.stringify(mail.to)
    counts.set(to, (counts.get(to) ?? 0) + 1)
  }
  return { to: counts.size, most: Math.max(0, ...counts.values()) }
}

const onceEach = (count: number): object => ({ runs: count, entries: count, messages: count, unread: 0 })

test('2,000 customers enter a journey at once: one nudge, and each gets one decision and one message', async () => {
  const ids = await addCrowd(world, 2_000)
  await enterCrowd(world, ids, 'letters')
  expect(await nudgeRound(needs)).toBe(true)
  expect(await nudgeRound(needs)).toBe(false)
  await world.withWorkers(async () => {
    const result = (await crowd().result()) as CrowdProgress
    expect(result).toMatchObject({ done: 2_000, planned: 2_000, sent: 2_000, notSent: 0 })
  })
  expect(await tally(world, ids, 'letters')).toMatchObject({ ...onceEach(2_000), sent: 2_000 })
  expect(mails()).toEqual({ to: 2_000, most: 1 })
  // Nobody has a workflow; what comes next is in the database.
  await expect(world.client.workflow.getHandle(customerWorkflowId(ids[0] ?? '')).describe()).rejects.toThrow(
    /not found/i,
  )
  const { rows } = await world.database.pool.query('SELECT FROM customers WHERE id = ANY ($1) AND due_at IS NOT NULL', [
    ids,
  ])
  expect(rows).toHaveLength(2_000)
})

test('a crowd and hundreds of workflows meet the same customers: every step once', {
  timeout: 3 * patienceMs,
}, async () => {
  const people = 2 * workflows
  const ids = await addCrowd(world, people)
  const own = ids.filter((_, i) => i % 2 === 0)
  const workflowOf = (id: string) => world.client.workflow.getHandle(customerWorkflowId(id))
  const untilSent = (count: number) =>
    until(`${count} are sent`, async () => (await tally(world, ids, 'letters')).sent === count, patienceMs)
  await enterCrowd(world, ids, 'letters')
  const work = async (): Promise<void> => {
    await Promise.all([lookAtCrowd(world, { pagesPerRun: 1 }), ...own.map((id) => world.look(id))])
    await untilSent(people)
    expect(await tally(world, ids, 'letters')).toMatchObject(onceEach(people))

    // Time to write again. The crowd overtakes the workflows, whose timers are for much later.
    await world.database.pool.query(
      `WITH earlier AS (UPDATE journey_runs SET step_since = step_since - interval '21 days' WHERE customer_id = ANY ($1))
       UPDATE customers SET due_at = reviewed_at WHERE id = ANY ($1)`,
      [ids],
    )
    await Promise.all([sweepRound(needs, 0, []), ...own.slice(0, workflows / 2).map((id) => world.look(id))])
    await untilSent(2 * people)

    // Woken after all, they find that nothing is left to do, and end.
    const signalOf = (id: string) => workflowOf(id).signal(lookSignal)
    await Promise.all(own.map((id) => signalOf(id).catch(() => undefined)))
    for (const id of own) await workflowOf(id).result()
  }
  await world.withWorkers(work, { maxCachedWorkflows: 1.5 * workflows })
  const twice = { runs: people, entries: people, messages: 2 * people, sent: 2 * people }
  expect(await tally(world, ids, 'letters')).toMatchObject(twice)
  expect(mails()).toEqual({ to: people, most: 2 })
})

test('a worker killed while the walk continues as new again and again: nobody is lost, and nothing is sent twice', {
  timeout: 2 * patienceMs,
}, async () => {
  const ids = await addCrowd(world, 1_200)
  await enterCrowd(world, ids, 'letters')
  const first = await startWorkerProcess(world)
  await lookAtCrowd(world, { pageSize: 100, pagesPerRun: 2 })
  const { runId: firstRun } = await crowd().describe()
  const isUnderWay = async (): Promise<boolean> =>
    world.mail.inbox.length > 20 && (await crowd().describe()).runId !== firstRun
  await until('some are sent, and another run goes on', isUnderWay, patienceMs)
  await first.kill()
  expect((await tally(world, ids, 'letters')).sent).toBeLessThan(1_200)

  const second = await startWorkerProcess(world)
  await crowd().result()
  expect(await second.stop()).toBe(0)
  expect((await runsFrom(firstRun)).length).toBeGreaterThanOrEqual(6)
  const { inDoubt, sent, ...rest } = await tally(world, ids, 'letters')
  expect(rest).toMatchObject(onceEach(1_200))
  expect(sent + inDoubt).toBe(1_200)
  expect(inDoubt).toBeLessThan(20) // Those that were on their way at that moment.
  expect(mails().most).toBe(1)
  expect(mails().to).toBeGreaterThanOrEqual(sent)
})

/** The runs of the walk, each of which has begun the next one. */
async function runsFrom(runId: string): Promise<readonly string[]> {
  const run = world.client.workflow.getHandle(crowdWorkflowId, runId, { followRuns: false })
  try {
    await run.result()
    return [runId]
  } catch (error) {
    if (!(error instanceof WorkflowContinuedAsNewError)) throw error
    return [runId, ...(await runsFrom(error.newExecutionRunId))]
  }
}

test('a pause holds decisions and mail; resumed it goes on, and continues as new', async () => {
  const ids = await addCrowd(world, 1_100)
  await enterCrowd(world, ids, 'letters')
  await world.withWorkers(async () => {
    await lookAtCrowd(world, {
      progress: { done: 0, planned: 0, refused: 0, sent: 0, notSent: 0, isPaused: true },
      pagesPerRun: 1,
    })
    expect(await progress()).toMatchObject({ done: 0, isPaused: true })
    expect(await tally(world, ids, 'letters')).toMatchObject({ runs: 0, unread: 1_100 })
    await crowd().signal(resumeSignal)
    await until('a page is done', async () => (await progress()).done >= 500)
    await crowd().signal(pauseSignal)
    await crowd().signal(resumeSignal)
    expect(await crowd().result()).toMatchObject({ done: 1_100, planned: 1_100, sent: 1_100, isPaused: false })
  })
  expect(await tally(world, ids, 'letters')).toMatchObject({ ...onceEach(1_100), sent: 1_100 })
})

test('cancelled it ends after its page: who was not reached keeps their news, and the next walk reads it', async () => {
  const ids = await addCrowd(world, 1_000)
  await enterCrowd(world, ids, 'letters')
  await world.withWorkers(async () => {
    await lookAtCrowd(world, { customersPerSecond: 100 })
    await until('a page is done', async () => (await progress()).done >= 100)
    await crowd().signal(cancelSignal)
    await crowd().result()
    const left = await tally(world, ids, 'letters')
    expect(left.unread).toBeGreaterThan(0)
    expect(left.runs + left.unread).toBe(1_000)
    await lookAtCrowd(world)
    await crowd().result()
  })
  expect(await tally(world, ids, 'letters')).toMatchObject({ ...onceEach(1_000), sent: 1_000 })
  expect(mails()).toEqual({ to: 1_000, most: 1 })
})
