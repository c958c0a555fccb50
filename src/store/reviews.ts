/** One review: what is known of a customer and what follows from it, in one transaction under a lock on the customer. */

import type { Needs } from '../domain/conditions/needs.ts'
import type { Decision } from '../domain/decision.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Database, Queryable } from './database.ts'
import { couponCodeConstraint, type LedgerChanges, saveDecisions } from './decisions.ts'
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
   * @param decide pure; called again with the next `salt` when a coupon code turns out to be taken.
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
      for (let salt = 0; ; salt++) {
        try {
          return await database.transaction((client) =>
            reviewOnce(client, customerId, { nowMs, needs }, (it) => decide(it, salt)),
          )
        } catch (error) {
          if (!isTakenCode(error) || salt + 1 >= mostSalts) throw error
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

function isTakenCode(error: unknown): boolean {
  return error instanceof Error && 'constraint' in error && error.constraint === couponCodeConstraint
}
