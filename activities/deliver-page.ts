/** Delivering what a crowd has planned, a page at a time: each message goes the way that a single one goes. */

import { activityInfo, Context } from '@temporalio/activity'
import type { CrowdStore } from '../src/store/crowd-pages.ts'
import type { Holder } from '../src/store/ledger-types.ts'
import type { CrowdDeliveryActivities } from './crowd-types.ts'
import { type DeliveryNeeds, deliver, heartbeatMs } from './deliver.ts'
import { inParallel } from './in-parallel.ts'

export interface PageDeliveryNeeds extends DeliveryNeeds {
  readonly crowd: Pick<CrowdStore, 'findMessages'>
  /** Messages on their way at once. */
  readonly deliveriesAtOnce: number
}

/** After so much time no further message of the page is begun: a pause is to be felt soon. */
const longestPageMs = 20_000

export function createPageDeliveryActivities(needs: PageDeliveryNeeds): CrowdDeliveryActivities {
  return {
    async deliverCrowdPage({ channel, after, size }) {
      const heartbeat = setInterval(() => Context.current().heartbeat(), heartbeatMs)
      const isOver = whenToStop()
      const counts = { sent: 0, notSent: 0, left: 0 }
      try {
        const places = await needs.crowd.findMessages(channel, owner(), after, size, needs.clock.nowMs())
        let begun = 0
        await inParallel(places, needs.deliveriesAtOnce, async ({ id }) => {
          if (isOver()) return
          begun++
          // An outage concerns this message, or all of them; whoever asked for the page sees which.
          const status = await deliver(id, holder(), needs).then(
            (result) => result.status,
            () => 'outage' as const,
          )
          if (status === 'sent') counts.sent++
          else if (status === 'outage') counts.left++
          else if (status !== 'postponed') counts.notSent++ // When its moment has come, the sweep finds it.
        })
        const last = places[begun - 1]
        return { ...counts, ...(last === undefined ? {} : { last }) }
      } finally {
        clearInterval(heartbeat)
      }
    },
  }
}

function whenToStop(): () => boolean {
  const startedAt = performance.now()
  const { cancellationSignal } = Context.current()
  return () => cancellationSignal.aborted || performance.now() - startedAt > longestPageMs
}

/** One page at a time of a run: its attempts may take over from each other at once. Another run waits for the leases. */
function owner(): string {
  const { workflowExecution } = activityInfo()
  return `${workflowExecution?.workflowId ?? 'none'}/${workflowExecution?.runId ?? ''}`
}

function holder(): Holder {
  const { activityId, attempt } = activityInfo()
  return { owner: owner(), attempt: `${activityId}/${attempt}` }
}
