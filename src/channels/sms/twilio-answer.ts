/** What a failed request to Twilio means for the message: try again, give up, or doubt. */

import type { DeliveryResult } from '../../domain/delivery.ts'

/** The parts of the client's errors that are read here. The message is not: it quotes the number. */
export interface TwilioFailure {
  /** HTTP status, if there was an answer. */
  readonly status?: number | undefined
  /** Twilio's own number, or the code of a system error. */
  readonly code?: number | string | undefined
}

/** The recipient has said STOP to this sender. */
const optedOut = 21610

/** Not a number, not a mobile one, unknown, or a landline. */
const invalidNumbers: ReadonlySet<number> = new Set([21211, 21214, 21217, 21401, 21421, 21614, 30005, 30006])

/** The connection was never made, so no request has left. */
const neverConnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

const tooManyRequests = 429

/** The phone is switched off or out of reach. */
const unreachable = 30003

/** About our account, not about this message: 401, 403, and 404 for an unknown account. */
const accountStatuses: ReadonlySet<number> = new Set([401, 403, 404])

/**
 * Judges a failure. The request is not idempotent: without a clear no, another attempt may send a second message, so a
 * lost answer and any 5xx (20500) are doubt.
 */
export function judgeTwilioFailure({ status, code }: TwilioFailure): DeliveryResult {
  const reason = `twilio ${code ?? status ?? 'no answer'}`
  if (status === undefined) {
    const isBefore = typeof code === 'string' && neverConnected.has(code)
    return isBefore ? { status: 'retry', reason, takesNothing: 'away' } : { status: 'in_doubt', reason }
  }
  if (status === tooManyRequests) return { status: 'retry', reason, takesNothing: 'busy' }
  if (accountStatuses.has(status)) return { status: 'retry', reason, takesNothing: 'away' }
  if (status >= 500) return { status: 'in_doubt', reason }
  if (code === unreachable) return { status: 'retry', reason }
  if (code === optedOut) return { status: 'failed', reason, suppress: 'stop' }
  if (typeof code === 'number' && invalidNumbers.has(code)) return { status: 'failed', reason, suppress: 'invalid' }
  return { status: 'failed', reason }
}
