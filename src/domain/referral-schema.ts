/** Friends bring friends, as a shop writes it: `campaigns/referral.yaml`. Without the file nobody is rewarded. */

import { z } from 'zod'
import { duration, key, waitingTime, words } from './document-parts.ts'
import { dayMs } from './time.ts'

export interface ReferralProgram {
  readonly key: string
  readonly version: string
  readonly name: string
  /** Where links with a code lead; the code is added as `referral_code`. */
  readonly landing: string
  /** Keys of offers; null: none. */
  readonly friendOffer: string | null
  readonly referrerOffer: string | null
  /** How long the friend's first order can be returned, and the referrer has to wait. */
  readonly holdMs: number
  /** How long after they came the friend's first order still counts. */
  readonly orderWithinMs: number
  /** Minor units, in whatever currency the order is. */
  readonly leastOrderCents: number
  /** Who brings more than so many within that time is looked at by a person. */
  readonly velocity: { readonly most: number; readonly withinMs: number }
}

const velocity = z.strictObject({ most: z.int().min(1).max(10_000).default(5), within: duration.default(7 * dayMs) })

/** The document without what publishing adds to it. */
export const referralDocument = z
  .strictObject({
    name: words,
    landing: z.url({ protocol: /^https?$/, error: 'must be an address on the web' }),
    reward: z
      .strictObject({ friend: key.optional(), referrer: key.optional() })
      .refine(({ friend, referrer }) => friend !== undefined || referrer !== undefined, {
        message: 'must hold "friend", "referrer" or both',
      }),
    hold: duration.default(14 * dayMs),
    order_within: waitingTime.default(30 * dayMs),
    least_order_cents: z.int().min(0).default(0),
    velocity: velocity.prefault({}),
  })
  .transform(
    (document): Omit<ReferralProgram, 'key' | 'version'> => ({
      name: document.name,
      landing: document.landing,
      friendOffer: document.reward.friend ?? null,
      referrerOffer: document.reward.referrer ?? null,
      holdMs: document.hold,
      orderWithinMs: document.order_within,
      leastOrderCents: document.least_order_cents,
      velocity: { most: document.velocity.most, withinMs: document.velocity.within },
    }),
  )
