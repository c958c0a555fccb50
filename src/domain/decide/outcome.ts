/** What coming to a step can mean, and when in a decision that is asked. */

import type { Target } from '../steps.ts'
import type { EpochMs } from '../time.ts'

/** Where a step leads now, or until when it holds the run (null: only news can move it). */
export type Outcome = { readonly goTo: Target } | { readonly waitUntilMs: EpochMs | null }

/**
 * `before-sending`: news is still being read, so nothing that reaches the customer is decided, and no time-out: the
 * event that ends a wait may be the next piece of news.
 */
export type Phase = 'before-sending' | 'sending'
