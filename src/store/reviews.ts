/**
 * Reviews: what is known of a customer, or of a page of them, and what follows from it, in one transaction under a lock on
 * the customers. Both lanes come through here, so they may meet the same customer.
 */

import type { Needs } from '../domain/conditions/needs.ts'
import type { Decision } from '../domain/decision.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Database, Queryable } from './database.ts'
import { couponCodeConstraint, type LedgerChanges, saveDecisions } from './decisions.ts'
import { type CouponRefusal, CouponsRefusedError } from './offers/reserve.ts'
import { lockAndLoadSnapshots, type SnapshotOptions } from './snapshots.ts'
import type { LoadedSnapshot } from './to-snapshot.ts'

export interface Reviewed {
  readonly loaded: LoadedSnapshot
  readonly decision: Decision
  /** What saving changed, of all that was saved together. */
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
  /**
   * The same for a page of customers, by ascending id; who is gone is left out.
   *
   * @param newsPage at most this many news of each customer.
   */
  reviewPage(
    customerIds: readonly string[],
    nowMs: EpochMs,
    decide: (loaded: LoadedSnapshot, salt: number) => Verdict,
    needs: Needs | undefined,
    newsPage: number,
  ): Promise<Reviewed[]>
}

/** Three codes taken in a row: something else is wrong. */
const mostSalts = 3

export function createReviewStore(database: Database): ReviewStore {
  /** Again and again, until no coupon turns out to be taken. */
  const inTransaction = async <T>(
    decide: (loaded: LoadedSnapshot, salt: number) => Verdict,
    work: (client: Queryable, decideNow: (loaded: LoadedSnapshot) => Verdict) => Promise<T>,
  ): Promise<T> => {
    const refusals: CouponRefusal[] = []
    for (let salt = 0; ; ) {
      try {
        return await database.transaction((client) => work(client, (it) => decide(withRefusals(it, refusals), salt)))
      } catch (error) {
        // Each time one offer less: it ends with the last of them.
        if (error instanceof CouponsRefusedError) refusals.push(...error.refusals)
        else if (isTakenCode(error) && salt + 1 < mostSalts) salt++
        else throw error
      }
    }
  }
  return {
    async review(customerId, nowMs, decide, needs) {
      const [reviewed] = await inTransaction(decide, (client, decideNow) =>
        reviewOnce(client, [customerId], { nowMs, needs }, decideNow),
      )
      return reviewed
    },
    reviewPage: (customerIds, nowMs, decide, needs, newsPage) =>
      inTransaction(decide, (client, decideNow) =>
        reviewOnce(client, customerIds, { nowMs, needs, newsPage }, decideNow),
      ),
  }
}

async function reviewOnce(
  client: Queryable,
  customerIds: readonly string[],
  options: SnapshotOptions,
  decide: (loaded: LoadedSnapshot) => Verdict,
): Promise<Reviewed[]> {
  const snapshots = await lockAndLoadSnapshots(client, customerIds, options)
  if (snapshots.length < customerIds.length) await forgetNewsOfTheGone(client, customerIds, snapshots, options.nowMs)
  const decided = snapshots.map((loaded) => ({ loaded, verdict: decide(loaded) }))
  // With stale scores nothing was decided: what is due stays due.
  const saves = decided
    .filter(({ verdict }) => !verdict.decision.scoresAreStale)
    .map(({ loaded: { snapshot }, verdict }) => ({
      customerId: snapshot.customer.id,
      scores: snapshot.scores,
      ...verdict,
    }))
  const ledger = saves.length === 0 ? noChanges : await saveDecisions(client, saves)
  return decided.map(({ loaded, verdict }) => ({ loaded, decision: verdict.decision, ledger }))
}

const noChanges: LedgerChanges = { planned: new Set(), withdrawn: new Set() }

/** Who is erased or has become part of somebody else reads nothing any more. That they have is told by the nudger. */
async function forgetNewsOfTheGone(
  client: Queryable,
  customerIds: readonly string[],
  found: readonly LoadedSnapshot[],
  nowMs: EpochMs,
): Promise<void> {
  const here = new Set(found.map(({ snapshot }) => snapshot.customer.id))
  await client.query(
    `UPDATE news SET consumed_at = $2 WHERE customer_id = ANY ($1::uuid[]) AND consumed_at IS NULL AND kind <> 'merged'`,
    [customerIds.filter((id) => !here.has(id)), new Date(nowMs)],
  )
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
