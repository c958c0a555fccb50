/**
 * A crowd, in pages: look at a page of customers who have news or whose moment has come, decide, record; beside it,
 * deliver what is planned. The same decisions, locks and ledger as in a customer's own workflow, so both may meet the
 * same customer. Who is left waiting is woken by the sweep.
 */

import * as wf from '@temporalio/workflow'
import type { CrowdActivities, CrowdPage } from '../activities/crowd-types.ts'
import { CrowdDeliveries } from './crowd-deliveries.ts'
import {
  type CrowdProgress,
  cancelSignal,
  lookSignal,
  pauseSignal,
  progressQuery,
  resumeSignal,
  throttleSignal,
} from './messages.ts'

/** What one run hands on to the next. */
export interface CrowdState {
  /** The last customer of the walk that is under way. */
  readonly after?: string | undefined
  /** Somebody said "look" since that walk began. */
  readonly mustWalkAgain?: boolean
  readonly customersPerSecond?: number | null
  readonly progress?: CrowdProgress
  /** Continue as new after so many pages at the latest. */
  readonly pagesPerRun?: number
  /** Customers of a page at most. */
  readonly pageSize?: number
}

const { reviewCrowdPage } = wf.proxyActivities<CrowdActivities>({
  // A second as a rule; some, if orders came and scores are computed anew.
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '10 seconds', // A killed worker is noticed soon.
  // For ever: it only reads and writes PostgreSQL, in one transaction, and running it twice gives the same rows.
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
})

const usualPageSize = 500
const usualPagesPerRun = 500

export async function crowdReview(from: CrowdState = {}): Promise<CrowdProgress> {
  const { pagesPerRun = usualPagesPerRun, pageSize = usualPageSize } = from
  let { after, customersPerSecond = null } = from
  let looks = from.mustWalkAgain === true ? 1 : 0
  let { isPaused, ...counts } = from.progress ?? nothingYet
  let isCancelled = false
  const progress = (): CrowdProgress => ({ ...counts, ...deliveries.counts, isPaused })
  const deliveries = new CrowdDeliveries(counts, () => isPaused)
  wf.setHandler(lookSignal, () => void looks++)
  wf.setHandler(pauseSignal, () => void (isPaused = true))
  wf.setHandler(resumeSignal, () => void (isPaused = false))
  wf.setHandler(cancelSignal, () => void (isCancelled = true))
  wf.setHandler(throttleSignal, (rate) => void (customersPerSecond = rate !== null && rate > 0 ? rate : null))
  wf.setHandler(progressQuery, progress)

  for (let pages = 0; ; pages++) {
    wf.setCurrentDetails(inWords(progress()))
    await wf.condition(() => !isPaused || isCancelled)
    if (isCancelled) break
    if (pages >= pagesPerRun || wf.workflowInfo().continueAsNewSuggested) {
      await deliveries.leave()
      const mustWalkAgain = looks > 0
      const state = { after, mustWalkAgain, customersPerSecond, progress: progress(), pagesPerRun, pageSize }
      await wf.continueAsNew<typeof crowdReview>(state)
    }

    if (after === undefined) looks = 0 // A walk begins: a look that comes during it asks for another one.
    const beganAtMs = Date.now()
    const size = Math.min(pageSize, Math.ceil(customersPerSecond ?? pageSize))
    const page = await reviewCrowdPage.executeWithOptions({ summary: 'Look and decide' }, [{ after, size }])
    after = page.last
    counts = withPage(counts, page)
    deliveries.begin()

    if (page.last === undefined && looks === 0) {
      wf.setCurrentDetails(inWords(progress()))
      await wf.condition(() => looks > 0 || isCancelled || deliveries.underWay === 0)
      if (looks === 0) break
    } else if (customersPerSecond !== null) {
      const restMs = (page.customers * 1_000) / customersPerSecond - (Date.now() - beganAtMs)
      if (restMs > 0) await wf.condition(() => isCancelled, restMs, { summary: 'Not faster than asked for' })
    }
  }
  await deliveries.leave()
  wf.setCurrentDetails(`${isCancelled ? 'Cancelled' : 'Done'}: ${inWords(progress())}`)
  return progress()
}

type Counts = Omit<CrowdProgress, 'isPaused'>

const nothingYet: CrowdProgress = { done: 0, planned: 0, refused: 0, sent: 0, notSent: 0, isPaused: false }

function withPage(counts: Counts, { customers, planned, refused }: CrowdPage): Counts {
  const { done, planned: plannedBefore, refused: refusedBefore, ...deliveries } = counts
  return { ...deliveries, done: done + customers, planned: plannedBefore + planned, refused: refusedBefore + refused }
}

function inWords({ done, planned, refused, sent, notSent, isPaused }: CrowdProgress): string {
  const words = `${done} customers looked at, ${planned} messages planned, ${refused} refusals; ${sent} sent, ${notSent} not sent.`
  return isPaused ? `Paused. ${words}` : words
}
