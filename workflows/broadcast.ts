/**
 * A broadcast: put down whom it is meant for, send page after page, wait where the plan says so (a later hour, a day of
 * warm-up, an experiment without a winner), write down that it is over. Nobody is named here: the ledger knows who had
 * what, so a worker that dies is followed by another one that goes on.
 */

import * as wf from '@temporalio/workflow'
import type { BroadcastActivities, BroadcastPage, BroadcastSendActivities } from '../activities/broadcast-types.ts'
import { broadcastQueue } from './ids.ts'
import {
  type BroadcastProgress,
  broadcastProgressQuery,
  cancelSignal,
  pauseSignal,
  resumeSignal,
  throttleSignal,
} from './messages.ts'

/** What one run hands on to the next. */
export interface BroadcastState {
  readonly broadcastId: string
  readonly perSecond: number | null
  /** The position of the last recipient who was looked at. */
  readonly after?: number
  readonly progress?: BroadcastProgress
  /** Continue as new after so many pages at the latest. */
  readonly pagesPerRun?: number
}

const { takeAudience, judgeExperiment, markBroadcast, endBroadcast } = wf.proxyActivities<BroadcastActivities>({
  startToCloseTimeout: '30 minutes', // Millions of rows in one statement.
  heartbeatTimeout: '1 minute',
  // For ever: it only reads and writes PostgreSQL, and running it twice gives the same rows.
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
})

const { sendBroadcastPage } = wf.proxyActivities<BroadcastSendActivities>({
  taskQueue: broadcastQueue,
  startToCloseTimeout: '5 minutes', // It begins nothing after 10 seconds, and no attempt takes longer than two minutes.
  heartbeatTimeout: '10 seconds', // A killed worker is noticed soon.
  // As often as it takes: the ledger never sends marketing twice.
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
})

const usualPagesPerRun = 300
const shortestWaitMs = 100
const longestWaitMs = 60 * 60_000

export async function broadcast(from: BroadcastState): Promise<BroadcastProgress> {
  const { broadcastId, pagesPerRun = usualPagesPerRun } = from
  let { perSecond, after = -1 } = from
  let progress = from.progress ?? nothingYet
  let isCancelled = false
  let wasPaused = progress.isPaused
  let signals = 0
  const setPaused = (isPaused: boolean): void => {
    progress = { ...progress, isPaused }
    signals++
  }
  wf.setHandler(pauseSignal, () => setPaused(true))
  wf.setHandler(resumeSignal, () => setPaused(false))
  wf.setHandler(cancelSignal, () => {
    isCancelled = true
    signals++
  })
  wf.setHandler(throttleSignal, (rate) => {
    perSecond = rate !== null && rate > 0 ? rate : null
    signals++
  })
  wf.setHandler(broadcastProgressQuery, () => progress)

  if (from.progress === undefined) {
    wf.setCurrentDetails('Putting down whom it is meant for.')
    const { size, heldOut } = await takeAudience.executeWithOptions({ summary: 'Take the audience' }, [broadcastId])
    progress = { ...progress, audience: size, heldOut }
  }
  for (let pages = 0; ; ) {
    wf.setCurrentDetails(inWords(progress))
    if (isCancelled) break
    if (progress.isPaused !== wasPaused) {
      wasPaused = progress.isPaused
      await markBroadcast(broadcastId, wasPaused ? 'paused' : 'running')
      continue
    }
    if (progress.isPaused) {
      await wf.condition(() => !progress.isPaused || isCancelled)
      continue
    }
    if (pages >= pagesPerRun || wf.workflowInfo().continueAsNewSuggested) {
      await wf.continueAsNew<typeof broadcast>({ broadcastId, perSecond, after, progress, pagesPerRun })
    }
    const before = signals
    const request = { broadcastId, after, perSecond }
    // After what customers wait for by themselves.
    const options = { summary: 'Send', priority: { priorityKey: 5 } }
    const page = await sendBroadcastPage.executeWithOptions(options, [request])
    pages++
    after = page.last
    progress = withPage(progress, page)
    if (page.isDone) break
    await rest(await waitFor(broadcastId, page), () => signals > before)
  }
  const how = isCancelled ? 'cancelled' : 'done'
  const refused = await endBroadcast.executeWithOptions({ summary: 'Write down the end' }, [broadcastId, how])
  progress = { ...progress, refused: progress.refused + refused, isOver: true }
  wf.setCurrentDetails(`${isCancelled ? 'Cancelled' : 'Done'}: ${inWords(progress)}`)
  return progress
}

/** An experiment that has a winner goes on at once. */
async function waitFor(broadcastId: string, { needsWinner, waitMs }: BroadcastPage): Promise<number> {
  if (!needsWinner) return waitMs
  const { winner, againInMs } = await judgeExperiment.executeWithOptions({ summary: 'Is there a winner?' }, [
    broadcastId,
  ])
  return winner === null ? Math.max(shortestWaitMs, Math.min(againInMs, waitMs)) : 0
}

async function rest(waitMs: number, isCalled: () => boolean): Promise<void> {
  if (waitMs <= 0) return
  const restMs = Math.min(longestWaitMs, Math.max(shortestWaitMs, waitMs))
  await wf.condition(isCalled, restMs, { summary: 'Nothing may leave before' })
}

const nothingYet: BroadcastProgress = {
  audience: 0,
  heldOut: 0,
  sent: 0,
  failed: 0,
  refused: 0,
  inDoubt: 0,
  isPaused: false,
  isOver: false,
}

function withPage(progress: BroadcastProgress, { sent, failed, refused, inDoubt }: BroadcastPage): BroadcastProgress {
  return {
    ...progress,
    sent: progress.sent + sent,
    failed: progress.failed + failed,
    refused: progress.refused + refused,
    inDoubt: progress.inDoubt + inDoubt,
  }
}

function inWords({ audience, heldOut, sent, failed, refused, inDoubt, isPaused }: BroadcastProgress): string {
  const words = `${sent} of ${audience - heldOut} sent, ${refused} refused, ${failed} failed, ${inDoubt} in doubt.`
  return isPaused ? `Paused. ${words}` : words
}
