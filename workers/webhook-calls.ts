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

/** A host that does not answer is left alone for so long, then twice as long: it must not hold up calls to others. */
const firstRestMs = 5_000
const longestRestMs = 60_000

/** Hosts that did not answer, as far as this process knows. */
export class RestingHosts {
  readonly #hosts = new Map<string, { failures: number; untilMs: number }>()

  note(url: string, isSilent: boolean): void {
    const host = hostOf(url)
    if (!isSilent) return void this.#hosts.delete(host)
    const known = this.#hosts.get(host) ?? { failures: 0, untilMs: 0 }
    // Calls that were under way together are one silence.
    if (known.untilMs > performance.now()) return
    const restMs = Math.min(longestRestMs, firstRestMs * 2 ** known.failures)
    this.#hosts.set(host, { failures: known.failures + 1, untilMs: performance.now() + restMs })
  }

  now(): string[] {
    return [...this.#hosts].flatMap(([host, { untilMs }]) => (untilMs > performance.now() ? [host] : []))
  }
}

/** As SQL reads it off the address. */
function hostOf(url: string): string {
  return (url.split('/')[2] ?? '').toLowerCase()
}

export function startWebhookCalls(needs: WebhookNeeds): Loop {
  const resting = new RestingHosts()
  return startLoop({
    name: 'webhooks',
    log: needs.log,
    idleMs: 1_000,
    maxBackoffMs: 60_000,
    round: () => makeCalls(needs, resting),
  })
}

/** @returns whether there may be more to do at once. */
export async function makeCalls(
  { database, channel, nowMs }: Omit<WebhookNeeds, 'log'>,
  resting: RestingHosts = new RestingHosts(),
): Promise<boolean> {
  const calls = await claimCalls(database.pool, callsAtOnce, resting.now())
  await Promise.all(
    calls.map(async (call) => {
      const result = await channel.send({ id: call.id, url: call.url, body: bodyOf(call) })
      resting.note(call.url, result.status === 'retry' && !result.problem.startsWith('http '))
      await settleCall(database.pool, call, result, nowMs())
    }),
  )
  return calls.length === callsAtOnce
}

/** The same at every attempt, as long as the customer is called the same. */
function bodyOf({ id, payload, customerId, externalId }: ClaimedCall): string {
  return JSON.stringify({ id, ...payload, customer: { id: customerId, userId: externalId } })
}
