/**
 * PostgreSQL and Temporal each away for half a minute while events come in: whatever was accepted is handled, and every
 * customer's workflow has looked at it. Nothing but the product's own processes, on servers of their own.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Installation, startInstallation } from '../../src/embedded/supervisor.ts'

const outageMs = 30_000
const betweenMs = 4_000
const people = 40

type SentEvent = Readonly<Record<string, unknown>> & { readonly messageId: string }

interface Load {
  /** Message ids that were answered with 200. */
  readonly accepted: Set<string>
  /** How many requests were refused for a while, and sent again. */
  readonly refusals: () => number
  end(): Promise<void>
  /** Ends without waiting for what has not been accepted. */
  giveUp(): void
}

test('no accepted event is lost while PostgreSQL, then Temporal, is away', { timeout: 400_000 }, async () => {
  const home = mkdtempSync(join(tmpdir(), 'perennial-test-'))
  const installation = await startInstallation({ home: join(home, 'shop'), port: 0 })
  const { postgres, temporal, firstKeys } = installation
  if (!postgres || !temporal || !firstKeys) throw new Error('the servers of this test must be embedded and new')
  const pids = pidsOf(installation)
  const load = startLoad(installation, firstKeys.writeKey)
  try {
    await sleep(betweenMs)
    await postgres.stop()
    await sleep(outageMs)
    await postgres.resume()
    await sleep(betweenMs)
    const whileDatabaseWasAway = load.refusals()
    await temporal.stop()
    const beforeTemporalLeft = load.accepted.size
    await sleep(outageMs)
    const whileTemporalWasAway = load.accepted.size - beforeTemporalLeft
    await temporal.resume()
    await sleep(betweenMs)
    await load.end()

    const status = await settled(installation, firstKeys.adminToken)
    expect(whileDatabaseWasAway).toBeGreaterThan(0)
    expect(whileTemporalWasAway).toBeGreaterThan(0)
    expect(status.events).toEqual({
      accepted: load.accepted.size,
      handled: load.accepted.size,
      waiting: 0,
      problems: 0,
    })
    expect(status.customers.total).toBe(people)
    expect(status.news).toMatchObject({ unread: 0, unnudged: 0 })
    expect(status.workflows?.failed).toBe(0)
    expect(pidsOf(installation)).toEqual(pids)
  } finally {
    load.giveUp()
    await installation.stop()
    rmSync(home, { recursive: true, force: true })
  }
})

/** The outage ends no process of the product: each waits and goes on. */
function pidsOf(installation: Installation): number[] {
  return (['api', 'intake', 'lifecycle'] as const).map((name) => installation.process(name).current.mark.pid)
}

/** A shop that sends a few events several times a second, and sends again what was not answered with 200. */
function startLoad({ url }: Installation, writeKey: string): Load {
  const accepted = new Set<string>()
  const state = { isEnding: false, isGivenUp: false, refusals: 0 }
  const authorization = `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`

  const sendUntilAccepted = async (batch: readonly SentEvent[]): Promise<void> => {
    while (!state.isGivenUp) {
      try {
        const response = await fetch(`${url}/v1/batch`, {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify({ batch }),
          signal: AbortSignal.timeout(20_000),
        })
        await response.arrayBuffer()
        if (response.status === 200) {
          for (const { messageId } of batch) accepted.add(messageId)
          return
        }
        if (response.status !== 503) throw new Error(`answered ${response.status}`, { cause: 'unexpected' })
      } catch (error) {
        if (error instanceof Error && error.cause === 'unexpected') throw error
      }
      state.refusals++
      await sleep(500)
    }
  }
  const running = (async () => {
    for (let round = 0; !state.isEnding && !state.isGivenUp; round++) {
      await sendUntilAccepted(eventsOf(round))
      await sleep(150)
    }
  })()
  return {
    accepted,
    refusals: () => state.refusals,
    async end() {
      state.isEnding = true
      await running
    },
    giveUp: () => void (state.isGivenUp = true),
  }
}

function eventsOf(round: number): SentEvent[] {
  const userId = `u${round % people}`
  const order = { order_id: `o${round}`, revenue: 12, currency: 'EUR' }
  return [
    { type: 'identify', userId, messageId: `i${round}`, traits: { email: `${userId}@example.org`, round } },
    { type: 'track', userId, messageId: `v${round}`, event: 'Product Viewed', properties: { product_id: 'p1' } },
    { type: 'track', userId, messageId: `o${round}`, event: 'Order Completed', properties: order },
  ]
}

interface Status {
  readonly events: { readonly accepted: number; readonly handled: number; readonly waiting: number }
  readonly news: { readonly unread: number; readonly unnudged: number }
  readonly customers: { readonly total: number }
  readonly workflows: { readonly failed: number } | null
}

/** The status once nothing waits any more. */
async function settled({ url }: Installation, adminToken: string): Promise<Status> {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(`${url}/api/status`, { headers: { authorization: `Bearer ${adminToken}` } })
    const status = (await response.json()) as Status
    const isSettled = status.events.waiting === 0 && status.news.unread === 0 && status.workflows !== null
    if (isSettled || attempt === 240) return status
    await sleep(500)
  }
}
