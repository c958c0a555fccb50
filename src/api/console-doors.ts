/** What the console does beyond reading the database: the same deeds as the admin API's, with refusals as answers. */

import type { ConsoleNeeds } from '../console/console-routes.ts'
import type { Refusal } from '../console/refusal.ts'
import type { AdminNeeds } from './admin/admin-needs.ts'
import { broadcastControl } from './admin/broadcast-control.ts'
import { feedbackOf, planOffers } from './admin/feedback.ts'
import { showPause } from './admin/pause-shown.ts'
import { reportSenders } from './admin/senders.ts'
import { sendTest } from './admin/test-messages.ts'
import { ApiError, failureOf } from './api-error.ts'

export type ConsoleDoors = Pick<
  ConsoleNeeds,
  | 'showPause'
  | 'steerBroadcast'
  | 'previewBroadcast'
  | 'segmentPrice'
  | 'previewTemplate'
  | 'draftTemplate'
  | 'sendTest'
  | 'feedback'
  | 'planOffers'
  | 'senders'
  | 'failureOf'
>

export function consoleDoors(needs: AdminNeeds): ConsoleDoors {
  const control = broadcastControl(needs)
  return {
    showPause: (journey, isPaused) => showPause(needs, journey, isPaused),
    steerBroadcast: orRefusal(({ verb, key, version }) =>
      verb === 'start' ? control.start(key, version) : control[verb](key),
    ),
    previewBroadcast: (broadcast) => needs.previewBroadcast(broadcast),
    segmentPrice: needs.segmentPrice,
    previewTemplate: orRefusal((wish) => needs.previewer.show(wish)),
    draftTemplate: orRefusal((template) => needs.previewer.draft(template)),
    sendTest: orRefusal((wish) => sendTest(needs, wish)),
    feedback: (wanted) => feedbackOf(needs, wanted),
    senders: () => reportSenders(needs),
    planOffers: orRefusal((question) => planOffers(needs, question)),
    failureOf: (error, request) => {
      const { status, message } = failureOf(error, request)
      return { refused: status, words: message }
    },
  }
}

function orRefusal<Wish, Answer>(work: (wish: Wish) => Promise<Answer>): (wish: Wish) => Promise<Answer | Refusal> {
  return async (wish) => {
    try {
      return await work(wish)
    } catch (error) {
      if (error instanceof ApiError) return { refused: error.statusCode, words: error.message, field: error.field }
      throw error
    }
  }
}
