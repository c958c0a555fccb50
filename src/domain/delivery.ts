/** The fate of a message: its states in the ledger, and what a channel can say of one attempt. */

/**
 * `planned` → `claimed` (somebody prepares it; nothing has left) → `transmitting` (committed before the first byte) →
 * `sent` | `failed` | `refused` | `in_doubt`.
 */
export type MessageStatus = 'planned' | 'claimed' | 'transmitting' | SettledStatus

/** `refused`: we decided not to. `failed`: it cannot be sent. `in_doubt`: it may have arrived, and is not sent again. */
export type SettledStatus = 'sent' | 'failed' | 'refused' | 'in_doubt'

/** What became of one attempt. Reasons hold codes and plain words, never an address. */
export type DeliveryResult =
  | { readonly status: 'sent'; readonly providerMessageId?: string; readonly segments?: number }
  /** For good. `suppress`: nothing can ever arrive at this address, or its owner forbade it. */
  | { readonly status: 'failed'; readonly reason: string; readonly suppress?: 'invalid' | 'stop' }
  /** The last byte left, and no answer came. */
  | { readonly status: 'in_doubt'; readonly reason: string }
  /**
   * Certainly not accepted; another time it may be. `takesNothing`: because of how much it was asked for at once, or of its
   * own trouble, the neighbour would take no other message either.
   */
  | { readonly status: 'retry'; readonly reason: string; readonly takesNothing?: 'busy' | 'away' }

/** How a message has ended, and why. */
export interface Ending {
  readonly status: SettledStatus
  readonly reason?: string | undefined
}

/**
 * What is known of a message whose last attempt ended so. "Failed" and "refused" say that nothing arrived: if an earlier
 * attempt may have left (its sender died, or the answer to it was lost), no later one can say that any more.
 *
 * @param earlier attempts of which nobody knows how they ended.
 */
export function inViewOfEarlier(
  earlier: number,
  { status, reason }: Ending,
): { status: SettledStatus; reason: string | null } {
  if (earlier === 0 || status === 'sent' || status === 'in_doubt') return { status, reason: reason ?? null }
  return { status: 'in_doubt', reason: `an earlier attempt may have arrived; then ${reason ?? status}` }
}
