/** `GET /ready`: whether this process can take events now. For load balancers, which then ask another one. */

import type { FastifyReply } from 'fastify'
import type { Database } from '../store/database.ts'
import { errorCode } from '../store/describe-error.ts'

/** A probe has its own patience; whoever asks is to hear of it before that ends. */
const patienceMs = 2_000

/**
 * Ready is who reaches PostgreSQL: Temporal and mail servers may be away, events are taken all the same. Says why not by a
 * code alone, because anybody may ask.
 */
export async function answerReady({ pool }: Database, reply: FastifyReply): Promise<object> {
  const slow = new Promise<'timeout'>((resolve) => setTimeout(() => resolve('timeout'), patienceMs).unref())
  // In a transaction, because one that may only be read takes no event.
  const asked = pool.query("SELECT current_setting('transaction_read_only') AS reads").then(
    ({ rows: [row] }: { rows: { reads: string }[] }) => (row?.reads === 'on' ? 'read-only' : 'ok'),
    (error: unknown) => errorCode(error) ?? 'unreachable',
  )
  const database = await Promise.race([asked, slow])
  if (database !== 'ok') reply.code(503).header('retry-after', '2')
  return { status: database === 'ok' ? 'ready' : 'unavailable', database }
}
