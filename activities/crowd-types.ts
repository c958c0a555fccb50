/** What the workflow of a crowd may ask for. Only types: workflows import nothing else from this folder. */

import type { Channel } from '../src/domain/snapshot.ts'

export interface CrowdActivities {
  /**
   * Looks at a page of customers who have unread news or whose moment has come: snapshots, decisions, their record, in
   * one transaction under locks on the customers. Running it twice gives the same rows; what the first run of the two
   * did is then not counted.
   */
  reviewCrowdPage(page: CrowdPageRequest): Promise<CrowdPage>
}

export interface CrowdDeliveryActivities {
  /**
   * Delivers a page of open messages of one channel, whoever planned them. Each is claimed as if it were delivered by
   * itself, so a message is never sent by two.
   */
  deliverCrowdPage(page: DeliveryPageRequest): Promise<DeliveryPage>
}

export interface CrowdPageRequest {
  /** The id of the last customer of the page before. */
  readonly after?: string | undefined
  readonly size: number
}

export interface CrowdPage {
  readonly customers: number
  readonly planned: number
  readonly refused: number
  /** The id of the last customer; undefined if there were none left. */
  readonly last?: string
}

export interface DeliveryPageRequest {
  readonly channel: Channel
  /** The last message of the page before. */
  readonly after?: DeliveryPlace | undefined
  readonly size: number
}

export interface DeliveryPlace {
  readonly id: string
  readonly plannedAtMs: number
}

export interface DeliveryPage {
  readonly sent: number
  /** Refused at the last check, failed, or in doubt. */
  readonly notSent: number
  /** Could not be sent now: an outage, or somebody else is at it. Still open. */
  readonly left: number
  /** The last message; undefined if there were none left. */
  readonly last?: DeliveryPlace
}
