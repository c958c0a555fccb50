/** What the workflow of a broadcast may ask for. Only types: workflows import nothing else from this folder. */

export interface BroadcastActivities {
  /** Puts down whom it is meant for, once. */
  takeAudience(broadcastId: string): Promise<{ readonly size: number; readonly heldOut: number }>
  /** Whether an experiment has a winner; takes one at the end of its time. */
  judgeExperiment(broadcastId: string): Promise<BroadcastVerdict>
  /** Writes down that it is paused, or goes on. */
  markBroadcast(broadcastId: string, status: 'running' | 'paused'): Promise<void>
  /** Writes down that it is over. @returns how many messages were refused by that. */
  endBroadcast(broadcastId: string, how: 'done' | 'cancelled'): Promise<number>
}

export interface BroadcastSendActivities {
  /** Sends for some seconds: what is due again, then the next recipients. Running it twice sends nothing twice. */
  sendBroadcastPage(request: BroadcastPageRequest): Promise<BroadcastPage>
}

export interface BroadcastPageRequest {
  readonly broadcastId: string
  /** The position of the last recipient of the page before. */
  readonly after: number
  readonly perSecond: number | null
}

export interface BroadcastPage {
  readonly last: number
  readonly sent: number
  readonly failed: number
  readonly refused: number
  readonly inDoubt: number
  /** All recipients have been looked at and no message is open. */
  readonly isDone: boolean
  /** Nobody else may be sent to before an experiment has a winner. */
  readonly needsWinner: boolean
  /** Real milliseconds in which nothing can be done; 0: go on. */
  readonly waitMs: number
}

export interface BroadcastVerdict {
  readonly winner: string | null
  /** Real milliseconds until it is worth asking again. */
  readonly againInMs: number
}
