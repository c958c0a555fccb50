/** What referrals tell the two: as events of theirs, so that journeys begin by them and conditions ask about them. */

import type { Queryable } from '../database.ts'
import { insertEvents } from '../insert-events.ts'
import { ownIdentities } from '../own-identity.ts'

/** Nothing in them tells one of the two who the other one is. */
export type ReferralEventName =
  /** To the friend: accepted, with a present if there is one. */
  | 'Referral Accepted'
  /** To whoever brought somebody: accepted, bought, and taken back again. */
  | 'Referral Joined'
  | 'Referral Rewarded'
  | 'Referral Clawed Back'

export interface ReferralEvent {
  readonly referralId: string
  readonly customerId: string
  readonly name: ReferralEventName
  readonly properties: Readonly<Record<string, string | number | boolean>>
}

/** Call it in the transaction of what it tells. The same again counts once. */
export async function tellOfReferral(client: Queryable, event: ReferralEvent, nowMs: number): Promise<void> {
  const { referralId, customerId, name, properties } = event
  const { rows } = await client.query<{ externalId: string | null }>(
    'SELECT external_id AS "externalId" FROM customers WHERE id = $1',
    [customerId],
  )
  const userId = rows[0]?.externalId ?? null
  const anonymousId = userId === null ? (await ownIdentities(client, [customerId], nowMs))(customerId) : null
  await insertEvents(client, [
    {
      type: 'track',
      name,
      properties: JSON.stringify(properties),
      messageId: `referral:${referralId}:${name}`,
      userId,
      anonymousId,
      occurredAtMs: nowMs,
      receivedAtMs: nowMs,
      context: null,
      sealed: null,
    },
  ])
}
