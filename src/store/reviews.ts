/** One review: what is known of a customer and what follows from it, in one transaction under a lock on the customer. */

import type { Needs } from '../domain/conditions/needs.ts'
import type { Decision } from '../domain/decision.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Database, Queryable } from './database.ts'
import { couponCodeConstraint, type LedgerChanges, saveDecisions } from './decisions.ts'
import { type CouponRefusal, CouponsRefusedError } from './offers/reserve.ts'
import { type LoadedSnapshot, lockAndLoadSnapshot } from './snapshots.ts'

export interface Reviewed {
  readonly loaded: LoadedSnapshot
  readonly decision: Decision
  readonly ledger: LedgerChanges
}

/** What the caller decides; `null` if there is nothing to save (stale scores: first things first). */
export interface Verdict {
  readonly decision: Decision
  readonly dueAtMs: EpochMs | null
  readonly rules: string
  readonly decidedAtMs: EpochMs
}

export interface ReviewStore {
  /**
   * Loads, decides, saves. `undefined`: the customer is gone, erased or merged; what waited for them is then read.
   *
   * @param decide pure; called again with the next `salt` when a coupon code turns out to be taken, and with what is
   *   exhausted when the last coupon has just gone to somebody else.
   * @param needs what `decide` asks for beyond the snapshot.
   */
  review(
    customerId: string,
    nowMs: EpochMs,
    decide: (loaded: LoadedSnapshot, salt: number) => Verdict,
    needs?: Needs,
  ): Promise<Reviewed | undefined>
}

/** Three codes taken in a row: something else is wrong. */
const mostSalts = 3

export function createReviewStore(database: Database): ReviewStore {
  return {
    async review(customerId, nowMs, decide, needs) {
      const refusals: CouponRefusal[] = []
      for (let salt = 0; ; ) {
        try {
          return await database.transaction((client) =>
            reviewOnce(client, customerId, { nowMs, needs }, (it) => decide(withRefusals(it, refusals), salt)),
          )
        } catch (error) {
          // Each time one offer less: it ends with the last of them.
          if (error instanceof CouponsRefusedError) refusals.push(...error.refusals)
          else if (isTakenCode(error) && salt + 1 < mostSalts) salt++
          else throw error
        }
      }
    },
  }
}

async function reviewOnce(
  client: Queryable,
  customerId: string,
  { nowMs, needs }: { readonly nowMs: EpochMs; readonly needs: Needs | undefined },
  decide: (loaded: LoadedSnapshot) => Verdict,
): Promise<Reviewed | undefined> {
  const loaded = await lockAndLoadSnapshot(client, customerId, { nowMs, needs })
  if (!loaded) {
    await client.query('UPDATE news SET consumed_at = $2 WHERE customer_id = $1 AND consumed_at IS NULL', [
      customerId,
      new Date(nowMs),
    ])
    return undefined
  }
  const { decision, ...rest } = decide(loaded)
  // With stale scores nothing was decided: what is due stays due.
  if (decision.scoresAreStale) return { loaded, decision, ledger: { planned: new Set(), withdrawn: new Set() } }
  const ledger = await saveDecisions(client, [{ customerId, decision, scores: loaded.snapshot.scores, ...rest }])
  return { loaded, decision, ledger }
}

/** The same customer, who gets no coupon of these offers. */
export function withRefusals(loaded: LoadedSnapshot, refusals: readonly CouponRefusal[]): LoadedSnapshot {
  const { snapshot } = loaded
  const own = refusals.filter(({ customerId }) => customerId === snapshot.customer.id)
  if (own.length === 0) return loaded
  const offers = Object.fromEntries(
    own.map(({ offer, rule }) => {
      const known = snapshot.offers?.[offer] ?? { had: 0, centsLeft: null }
      return [offer, { ...known, exhausted: rule }]
    }),
  )
  return { ...loaded, snapshot: { ...snapshot, offers: { ...snapshot.offers, ...offers } } }
}

function isTakenCode(error: unknown): boolean {
  return error instanceof Error && 'constraint' in error && error.constraint === couponCodeConstraint
}
