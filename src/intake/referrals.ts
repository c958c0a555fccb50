/** Moves referrals on: a page now and then, each by itself, because they are few. Any process may do it, several do. */

import type { Logger } from 'pino'
import type { Definitions } from '../domain/definitions.ts'
import { secondMs } from '../domain/time.ts'
import type { Database } from '../store/database.ts'
import { advanceReferral } from '../store/referrals/advance.ts'
import { findReferralsToSee, followMerges } from '../store/referrals/referral-rows.ts'
import type { Vault } from '../store/vault.ts'
import { type Loop, startLoop } from './loop.ts'

export interface ReferralNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly definitions: () => Promise<Definitions>
  readonly nowMs: () => number
  /** Events were written: intake has something to do. */
  readonly onEvents: () => void
}

const page = 500

export function startReferrals(needs: ReferralNeeds & { readonly log: Logger }): Loop {
  return startLoop({
    name: 'referrals',
    log: needs.log,
    idleMs: 2 * secondMs,
    maxBackoffMs: 60 * secondMs,
    round: async () => (await moveReferralsOn(needs)) > 0,
  })
}

/** @returns how many have moved. */
export async function moveReferralsOn({
  database,
  vault,
  definitions,
  nowMs,
  onEvents,
}: ReferralNeeds): Promise<number> {
  const known = await definitions()
  const program = known.referral
  if (program === undefined) return 0
  let moved = await followMerges(database.pool, nowMs())
  const { orderWithinMs } = program
  for (const id of await findReferralsToSee(database.pool, { nowMs: nowMs(), orderWithinMs, limit: page })) {
    if (await advanceReferral({ database, vault, definitions: known, program, nowMs: nowMs() }, id)) moved++
  }
  if (moved > 0) onEvents()
  return moved
}
