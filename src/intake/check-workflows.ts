/**
 * Holds what is due against which workflows are open, and repairs the difference. Temporal's list of workflows lags behind
 * and moves while it is read, so whatever differs is asked about once more, by name, a moment later. To repair is to say
 * "look", which harms nobody who was in order; only a workflow that cannot go on is ended and begun anew.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { type WorkflowClient, WorkflowNotFoundError } from '@temporalio/client'
import { crowdWorkflowId, customerOfWorkflow, customerWorkflowId } from '../../workflows/ids.ts'
import { customerLifecycleType, lookSignal } from '../../workflows/messages.ts'
import type { Clock } from '../clock.ts'
import type { Database, Queryable } from '../store/database.ts'
import {
  addOpenWorkflows,
  beginOpenWorkflows,
  compareWithWork,
  endOpenWorkflows,
  noteWorkflowCheck,
  type OpenWorkflow,
  stillDue,
  stillWithoutWork,
  type WorkDifference,
} from '../store/workflow-checks.ts'
import { nudgeAll, nudgeCrowd, severalAtOnce } from './nudge.ts'

export interface CheckNeeds {
  readonly database: Database
  readonly temporal: WorkflowClient
  readonly clock: Clock
  /** From so many customers at once on they are walked in pages. */
  readonly crowdFrom: number
}

export interface CheckOptions {
  readonly repair: boolean
  readonly askedBy: 'schedule' | 'cli'
  /** Real time that everybody has for coming by themselves. Default: half a minute. */
  readonly graceMs?: number
  /** Real time after which what differs is looked at once more. Default: three seconds. */
  readonly settleMs?: number
  /** Called now and then while it goes on. */
  readonly onProgress?: () => void
}

export interface WorkflowCheckResult {
  readonly openWorkflows: number
  /** Customers whose work is due, and who have no workflow; nor does a crowd walk. */
  readonly withoutWorkflow: number
  /** Workflows of customers with nothing to do and nothing to wait for. */
  readonly withoutWork: number
  /** Workflows that cannot go on: their last tasks failed one after the other. */
  readonly stuck: number
  /** Work that is late, with a workflow that has yet to do it. No fault as long as it is on the way. */
  readonly late: number
  /** Whether a crowd is being walked: it looks at whoever is due, without a workflow of theirs. */
  readonly crowdWalks: boolean
  readonly repaired: number
  /** Some of those that were found. */
  readonly examples: { readonly withoutWorkflow: string[]; readonly withoutWork: string[]; readonly stuck: string[] }
}

const usualGraceMs = 30_000
const usualSettleMs = 3_000

/** Beyond so many it is no longer asked about each by name. */
const mostAsked = 2_000
const shownExamples = 20

/** A workflow whose task failed so often in a row will not get over it by itself. */
const failuresOfStuck = 3

export async function checkWorkflows(needs: CheckNeeds, options: CheckOptions): Promise<WorkflowCheckResult> {
  const { database, temporal, clock } = needs
  const { graceMs = usualGraceMs, settleMs = usualSettleMs, onProgress = () => undefined } = options
  const dueBeforeMs = clock.nowMs() - graceMs * clock.speed
  const { openWorkflows, difference } = await compare(needs, { dueBeforeMs, graceMs, onProgress })

  if (difference.withoutWorkflow.length + difference.withoutWork.length > 0) await sleep(settleMs)
  onProgress()
  const due = await stillDue(database.pool, [...difference.withoutWorkflow, ...difference.late], dueBeforeMs)
  const standing = await standingsOf(temporal, due, onProgress)
  const crowdWalks = (await standingOf(temporal, crowdWorkflowId)) !== 'none'
  const alone = crowdWalks ? [] : due.filter((id) => standing.get(id) === 'none')
  const stuckAndDue = due.filter((id) => standing.get(id) === 'stuck')
  const idle = await stillWithoutWork(database.pool, difference.withoutWork)
  const idleStanding = await standingsOf(temporal, idle, onProgress)
  const withoutWork = idle.filter((id) => idleStanding.get(id) === 'open')
  const stuck = [...stuckAndDue, ...idle.filter((id) => idleStanding.get(id) === 'stuck')]

  const repaired = options.repair ? await repair(needs, { alone, withoutWork, stuck, stuckAndDue, onProgress }) : 0
  const counts = { openWorkflows, withoutWorkflow: alone.length, withoutWork: withoutWork.length, stuck: stuck.length }
  const { askedBy } = options
  await noteWorkflowCheck(database.pool, { ...counts, repaired, askedBy, checkedAtMs: clock.nowMs() })
  const some = (ids: readonly string[]): string[] => ids.slice(0, shownExamples)
  return {
    ...counts,
    late: due.filter((id) => standing.get(id) === 'open').length,
    crowdWalks,
    repaired,
    examples: { withoutWorkflow: some(alone), withoutWork: some(withoutWork), stuck: some(stuck) },
  }
}

interface Compared {
  readonly openWorkflows: number
  readonly difference: WorkDifference
}

interface CompareOptions {
  readonly dueBeforeMs: number
  readonly graceMs: number
  readonly onProgress: () => void
}

async function compare({ database, temporal }: CheckNeeds, options: CompareOptions): Promise<Compared> {
  const connection = await database.pool.connect()
  let broken: Error | undefined
  try {
    await beginOpenWorkflows(connection)
    const startedBeforeMs = Date.now() - options.graceMs
    const openWorkflows = await readOpenWorkflows(temporal, connection, options.onProgress)
    const difference = await compareWithWork(connection, { dueBeforeMs: options.dueBeforeMs, startedBeforeMs })
    await endOpenWorkflows(connection)
    return { openWorkflows, difference }
  } catch (error) {
    broken = error as Error // The table goes with the connection.
    throw error
  } finally {
    connection.release(broken)
  }
}

const listPage = 1_000

/** @returns how many there are. */
async function readOpenWorkflows(
  temporal: WorkflowClient,
  connection: Queryable,
  onProgress: () => void,
): Promise<number> {
  const query = `WorkflowType = '${customerLifecycleType}' AND ExecutionStatus = 'Running'`
  let count = 0
  let page: OpenWorkflow[] = []
  const flush = async (): Promise<void> => {
    if (page.length > 0) await addOpenWorkflows(connection, page)
    count += page.length
    page = []
    onProgress()
  }
  for await (const { workflowId, startTime } of temporal.list({ query, pageSize: listPage })) {
    const customerId = customerOfWorkflow(workflowId)
    if (customerId === undefined) continue
    page.push({ customerId, startedAtMs: startTime.getTime() })
    if (page.length >= listPage) await flush()
  }
  await flush()
  return count
}

type WorkflowStanding = 'open' | 'stuck' | 'none'

/** How each of these customers' workflows stands, by what Temporal says of it by name, which does not lag. */
async function standingsOf(
  temporal: WorkflowClient,
  customerIds: readonly string[],
  onProgress: () => void,
): Promise<Map<string, WorkflowStanding>> {
  const standings = new Map<string, WorkflowStanding>()
  await severalAtOnce(customerIds.slice(0, mostAsked), async (id) => {
    standings.set(id, await standingOf(temporal, customerWorkflowId(id)))
    onProgress()
  })
  // So many that something larger is wrong: what the list said has to do.
  for (const id of customerIds.slice(mostAsked)) standings.set(id, 'none')
  return standings
}

async function standingOf(temporal: WorkflowClient, workflowId: string): Promise<WorkflowStanding> {
  try {
    const { status, raw } = await temporal.getHandle(workflowId).describe()
    if (status.name !== 'RUNNING') return 'none'
    return (raw.pendingWorkflowTask?.attempt ?? 1) >= failuresOfStuck ? 'stuck' : 'open'
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'none'
    throw error
  }
}

interface ToRepair {
  readonly alone: readonly string[]
  readonly withoutWork: readonly string[]
  readonly stuck: readonly string[]
  readonly stuckAndDue: readonly string[]
  readonly onProgress: () => void
}

/** @returns how many were told. What fails is found again by the next check. */
async function repair(needs: CheckNeeds, { alone, withoutWork, stuck, stuckAndDue, onProgress }: ToRepair) {
  const { temporal, crowdFrom } = needs
  // Nothing is lost with a workflow: every fact is in the database.
  await severalAtOnce(stuck, async (id) => {
    await unlessGone(temporal.getHandle(customerWorkflowId(id)).terminate('stuck: begun anew by the check'))
    onProgress()
  })
  await severalAtOnce(withoutWork, async (id) => {
    await unlessGone(temporal.getHandle(customerWorkflowId(id)).signal(lookSignal)) // It sees that there is nothing, and ends.
    onProgress()
  })
  const toNudge = [...alone, ...stuckAndDue]
  if (toNudge.length >= crowdFrom) {
    await nudgeCrowd(temporal)
  } else {
    const { error } = await nudgeAll(
      temporal,
      toNudge.map((customerId) => ({ customerId, mergedInto: null })),
    )
    if (error !== undefined) throw error
  }
  return alone.length + withoutWork.length + stuck.length
}

async function unlessGone(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
}
