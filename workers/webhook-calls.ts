/**
 * Makes the calls that journeys asked for. Not workflows: a call is one row and one attempt at a time, and a crowd asks for
 * a hundred thousand of them, of which Temporal would start some thirty a second.
 */

import type { Logger } from 'pino'
import type { WebhookChannel } from '../src/channels/webhook/webhook-channel.ts'
import { type Loop, startLoop } from '../src/intake/loop.ts'
import type { Database } from '../src/store/database.ts'
import { type ClaimedCall, claimCalls, settleCall } from '../src/store/webhook-calls.ts'

export interface WebhookNeeds {
  readonly database: Database
  readonly channel: WebhookChannel
  readonly nowMs: () => number
  readonly log: Logger
}

/** Calls on their way at once. */
const callsAtOnce = 16

export function startWebhookCalls(needs: WebhookNeeds): Loop {
  return startLoop({
    name: 'webhooks',
    log: needs.log,
    idleMs: 1_000,
    maxBackoffMs: 60_000,
    round: () => makeCalls(needs),
  })
}

/** @returns whether there may be more to do at once. */
export async function makeCalls({ database, channel, nowMs }: Omit<WebhookNeeds, 'log'>): Promise<boolean> {
  const calls = await claimCalls(database.pool, callsAtOnce)
  await Promise.all(
    calls.map(async (call) => {
      const result = await channel.send({ id: call.id, url: call.url, body: bodyOf(call) })
      await settleCall(database.pool, call, result, nowMs())
    }),
  )
  return calls.length === callsAtOnce
}

/** The same at every attempt, as long as the customer is called the same. */
function bodyOf({ id, payload, customerId, externalId }: ClaimedCall): string {
  return JSON.stringify({ id, ...payload, customer: { id: customerId, userId: externalId } })
}
