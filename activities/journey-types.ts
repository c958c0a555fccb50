/** What the workflow of a journey's pause asks for. Keys and counts only: they stay in the history. */

export interface JourneyActivities {
  /** Stops a journey; where it stands still already, nothing changes. */
  stopJourney(journey: string): Promise<JourneyStanding>
  /**
   * Lets a journey go on; where it goes on already, nothing changes.
   *
   * @param spreadMinutes over how long those who were held up come again; undefined: as usual.
   */
  letJourneyGoOn(journey: string, spreadMinutes?: number): Promise<JourneyStanding>
  /** How it stands. */
  lookAtJourney(journey: string): Promise<JourneyStanding>
}

export interface JourneyStanding {
  readonly isPaused: boolean
  readonly inFlight: number
}
