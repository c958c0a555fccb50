/** What the erasure of a person asks for. Ids and counts only: they stay in the history. */

export interface ErasureActivities {
  /** From here on nothing is decided or sent for the person. Empty: there is nobody with that id. */
  beginErasure(request: ErasureRequest): Promise<readonly string[]>
  /** How many messages may be leaving right now. */
  deliveriesUnderWay(customerIds: readonly string[]): Promise<number>
  /** Deletes every row about them. @returns rows by table; running it again finds what was written meanwhile. */
  eraseRows(erasureId: string, customerIds: readonly string[]): Promise<Readonly<Record<string, number>>>
  /** Dates the proof. */
  completeErasure(erasureId: string): Promise<void>
}

export interface ErasureRequest {
  readonly erasureId: string
  readonly customerId: string
  /** The id of the key with which it was asked for. */
  readonly requestedBy: string
}
