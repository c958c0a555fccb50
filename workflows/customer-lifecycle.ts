/**
 * One run per customer, for as long as something is pending: look, decide, deliver, wait.
 * Decisions and facts are elsewhere, so a new rule never breaks a customer who is in flight.
 */

import * as wf from '@temporalio/workflow'
import type { ReviewActivities, ScoreActivities, Standing } from '../activities/activity-types.ts'
import { Deliveries } from './deliveries.ts'
import { type CustomerRef, erasedSignal, lookSignal, mergedSignal, standingQuery } from './messages.ts'
import { showAsSearchAttributes } from './search-attributes.ts'
import { standingInWords } from './standing.ts'

const { reviewCustomer } = wf.proxyActivities<ReviewActivities>({
  // Milliseconds as a rule; a burst of thousands of news takes a second. More means that the worker died.
  startToCloseTimeout: '10 seconds',
  // For ever: it only reads and writes PostgreSQL, in one transaction, and running it twice gives the same rows.
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
})

const { scoreCustomer } = wf.proxyActivities<ScoreActivities>({
  startToCloseTimeout: '10 seconds',
  // For ever, as above: scores are overwritten by newer ones.
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
})

/** Scores that stay stale after so many attempts contradict the facts: stop hurrying, keep trying. */
const mostScoringsInARow = 3

export async function customerLifecycle({ customerId }: CustomerRef): Promise<void> {
  let looks = 0
  let isGone = false
  let standing: Standing | undefined
  const deliveries = new Deliveries(() => void looks++)
  wf.setHandler(lookSignal, () => {
    looks++
    isGone = false // Who was said to be gone may be back: the review knows.
  })
  wf.setHandler(erasedSignal, () => void (isGone = true))
  wf.setHandler(mergedSignal, () => void (isGone = true))
  wf.setHandler(standingQuery, () => standing)

  let scoringsInARow = 0
  for (;;) {
    if (wf.workflowInfo().continueAsNewSuggested) {
      // Deliveries end with their run. Whatever a long outage holds up stays open in the ledger, for the next run.
      await wf.condition(() => deliveries.underWay === 0, '1 minute')
      await wf.continueAsNew<typeof customerLifecycle>({ customerId })
    }
    looks = 0 // Before the review: a look that comes while we review must wake us again.
    const plan = await reviewCustomer.executeWithOptions({ summary: 'Look and decide' }, [customerId])
    if (plan === null || isGone) return

    if (plan.scoresAreStale) {
      // An order came. A review with stale scores plans nothing, so decide again.
      if (scoringsInARow++ >= mostScoringsInARow) await wf.sleep('1 minute', { summary: 'Scores stay stale' })
      await scoreCustomer.executeWithOptions({ summary: 'Churn risk and lifetime value' }, [customerId])
      continue
    }
    scoringsInARow = 0
    standing = plan.standing
    showAsSearchAttributes(standing)
    wf.setCurrentDetails(standingInWords(standing))
    deliveries.begin(plan.messages)

    if (looks > 0) continue
    const mustLook = (): boolean => looks > 0 || isGone
    if (plan.wakeInMs === undefined) {
      await wf.condition(() => mustLook() || deliveries.underWay === 0)
      if (!mustLook()) return // Nothing can come but news, and news starts a run of its own.
    } else {
      await wf.condition(mustLook, plan.wakeInMs, { summary: plan.wakeReason ?? 'Look again' })
    }
    if (isGone) return
  }
}
