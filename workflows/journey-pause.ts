/**
 * A journey that stands still, for as long as it does: who watches Temporal sees it, and lets it go on by a signal. The
 * truth is a row in PostgreSQL; a journey that runs needs no workflow.
 *
 *     temporal workflow signal-with-start --type journeyPause --workflow-id journey:welcome --task-queue lifecycle
 *       --input '{"journey":"welcome"}' --signal-name pause
 */

import * as wf from '@temporalio/workflow'
import type { JourneyActivities, JourneyStanding } from '../activities/journey-types.ts'
import { type JourneyRef, lookSignal, pauseSignal, resumeJourneySignal } from './messages.ts'

const { stopJourney, letJourneyGoOn, lookAtJourney } = wf.proxyActivities<JourneyActivities>({
  startToCloseTimeout: '1 minute', // One transaction; telling thousands of held-up people takes seconds.
  // For ever: each may run twice, and somebody waits for it.
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
})

type Order =
  | { readonly what: 'pause' | 'look' }
  | { readonly what: 'resume'; readonly spreadMinutes: number | undefined }

export async function journeyPause({ journey }: JourneyRef): Promise<void> {
  const orders: Order[] = []
  wf.setHandler(pauseSignal, () => void orders.push({ what: 'pause' }))
  wf.setHandler(lookSignal, () => void orders.push({ what: 'look' }))
  wf.setHandler(resumeJourneySignal, (spreadMinutes) => void orders.push({ what: 'resume', spreadMinutes }))

  for (;;) {
    const standing = await carryOut(journey, orders.shift() ?? { what: 'look' })
    wf.setCurrentDetails(inWords(standing))
    if (orders.length > 0) continue
    if (!standing.isPaused) return
    await wf.condition(() => orders.length > 0)
  }
}

function carryOut(journey: string, order: Order): Promise<JourneyStanding> {
  switch (order.what) {
    case 'pause':
      return stopJourney.executeWithOptions({ summary: 'Pause' }, [journey])
    case 'resume':
      return letJourneyGoOn.executeWithOptions({ summary: 'Resume' }, [journey, order.spreadMinutes])
    case 'look':
      return lookAtJourney.executeWithOptions({ summary: 'Look' }, [journey])
  }
}

function inWords({ isPaused, inFlight }: JourneyStanding): string {
  return isPaused
    ? `Paused, with ${inFlight} people in flight. The signal "resume" lets it go on.`
    : `Running, with ${inFlight} people in flight.`
}
