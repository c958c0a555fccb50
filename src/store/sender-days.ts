/**
 * How many mails left under an identity on a day of its plan. They are counted in the transaction that commits
 * `transmitting`, a page at a time: a crash or several processes never make it more than the plan. Nothing is written of
 * an identity that has none.
 */

import type { SenderPlanDay, SenderUse } from '../domain/mail-sender.ts'
import type { MessageClass } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

/** A number that no day reaches: transactional mail is counted, and never held. */
const noLimit = 2_147_483_647

/** In one statement, whoever else asks at the same moment: what was given stands in the row. */
const takeSql = `
  INSERT INTO sender_days AS d (sender, day, used, granted) VALUES ($1, $2, least($3::int, $4::int), least($3, $4))
  ON CONFLICT (sender, day) DO UPDATE
     SET granted = least($3, $4 - d.used), used = d.used + least($3, $4 - d.used) WHERE d.used < $4
  RETURNING granted`

/**
 * Takes places for mails that are about to leave. The row stays locked until the end of the transaction: take them as late
 * as can be.
 *
 * @returns how many of them may.
 */
export async function takePlaces(
  client: Queryable,
  { key, day }: SenderUse,
  messageClass: MessageClass,
  wanted: number,
): Promise<number> {
  if (day === undefined || key === null || wanted === 0) return wanted
  const most = messageClass === 'marketing' ? day.most : noLimit
  if (most === 0) return 0
  const { rows } = await client.query<{ granted: number }>({
    name: 'sender-places',
    text: takeSql,
    values: [key, dateOf(day.startsMs), wanted, most],
  })
  return rows[0]?.granted ?? 0
}

/** Of mails that have certainly not left after all. What is lost of this in a crash makes the day shorter, never longer. */
export async function giveBackPlaces(client: Queryable, { key, day }: SenderUse, count: number): Promise<void> {
  if (day === undefined || key === null || count === 0) return
  await client.query('UPDATE sender_days SET used = greatest(0, used - $3) WHERE sender = $1 AND day = $2', [
    key,
    dateOf(day.startsMs),
    count,
  ])
}

/** How many more may leave under an identity on its day, as far as can be said beforehand. */
export async function placesLeft(client: Queryable, { key, day }: SenderUse): Promise<number> {
  if (day === undefined || key === null) return Number.POSITIVE_INFINITY
  return Math.max(0, day.most - (await usedOn(client, key, day)))
}

export async function usedOn(client: Queryable, key: string, { startsMs }: SenderPlanDay): Promise<number> {
  const { rows } = await client.query<{ used: number }>('SELECT used FROM sender_days WHERE sender = $1 AND day = $2', [
    key,
    dateOf(startsMs),
  ])
  return rows[0]?.used ?? 0
}

function dateOf(startsMs: EpochMs): string {
  return new Date(startsMs).toISOString().slice(0, 10)
}
