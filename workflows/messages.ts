/** What may be said to and asked of a customer's workflow. Clients import this instead of the workflow. */

import { defineQuery, defineSignal } from '@temporalio/workflow'
import type { Standing } from '../activities/activity-types.ts'

/** The workflow that `signalWithStart` starts, by name: a client need not load its code. */
export const customerLifecycleType = 'customerLifecycle'

export interface CustomerRef {
  readonly customerId: string
}

/** There is news in the database. A nudge, never a parcel: repeat it as often as you like. */
export const lookSignal = defineSignal('look')

/** The customer's data is gone: stop without another look. */
export const erasedSignal = defineSignal('erased')

/** The customer became part of another one, who has the news now: stop. A later look takes it back. */
export const mergedSignal = defineSignal<[into: string]>('merged')

/** Where the customer stands, as last reviewed. */
export const standingQuery = defineQuery<Standing | undefined>('standing')
