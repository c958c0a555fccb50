/**
 * The deliveries of a crowd: per channel, page after page of the ledger's open messages, until none is left. No message
 * is named here: whatever a page of customers has planned is in the ledger, also if its worker died before it could say.
 */

import * as wf from '@temporalio/workflow'
import type { CrowdDeliveryActivities, DeliveryPlace } from '../activities/crowd-types.ts'
import type { Channel } from '../src/domain/snapshot.ts'
import { deliveryQueues } from './ids.ts'

const channels: readonly Channel[] = ['email', 'sms']
const pageSize = 200

/** After a pass that could not send everything: a server that is away is not hurried. */
const firstBackoffMs = 2_000
const longestBackoffMs = 5 * 60_000

const deliverers = {
  email: onQueue(deliveryQueues.email),
  sms: onQueue(deliveryQueues.sms),
} satisfies Record<Channel, unknown>

function onQueue(taskQueue: string): wf.ActivityInterfaceFor<CrowdDeliveryActivities> {
  return wf.proxyActivities<CrowdDeliveryActivities>({
    taskQueue,
    startToCloseTimeout: '3 minutes', // It begins nothing after 20 seconds, and no attempt takes longer than a minute.
    heartbeatTimeout: '10 seconds',
    // As often as it takes: the ledger never sends marketing twice.
    // Soon, if the worker died: that says nothing of the next one. An outage says itself how long to wait.
    retry: { initialInterval: '1 second', backoffCoefficient: 1.5, maximumInterval: '10 seconds' },
  })
}

export class CrowdDeliveries {
  #sent: number
  #notSent: number
  #underWay = 0
  /** Channels of which messages may have been planned since their pass began. */
  readonly #mustPass = new Set<Channel>()
  readonly #busy = new Set<Channel>()
  #isLeaving = false
  readonly #isPaused: () => boolean

  constructor(counts: { readonly sent: number; readonly notSent: number }, isPaused: () => boolean) {
    this.#sent = counts.sent
    this.#notSent = counts.notSent
    this.#isPaused = isPaused
  }

  get counts(): { readonly sent: number; readonly notSent: number } {
    return { sent: this.#sent, notSent: this.#notSent }
  }

  /** Channels that still have something to deliver. */
  get underWay(): number {
    return this.#underWay
  }

  /** Something was planned: sees to it that it leaves. */
  begin(): void {
    for (const channel of channels) {
      this.#mustPass.add(channel)
      if (!this.#busy.has(channel)) void this.#run(channel)
    }
  }

  /** Begins no further page, and waits a while for those under way. What is open stays in the ledger. */
  async leave(): Promise<void> {
    this.#isLeaving = true
    await wf.condition(() => this.#underWay === 0, '1 minute')
  }

  async #run(channel: Channel): Promise<void> {
    this.#busy.add(channel)
    this.#underWay++
    try {
      let backoffMs = firstBackoffMs
      while (this.#mustPass.has(channel) && !this.#isLeaving) {
        this.#mustPass.delete(channel)
        if (await this.#pass(channel)) {
          backoffMs = firstBackoffMs
          continue
        }
        this.#mustPass.add(channel)
        const summary = `Some ${channel} could not be sent: try again`
        await wf.condition(() => this.#isLeaving, backoffMs, { summary })
        backoffMs = Math.min(longestBackoffMs, 2 * backoffMs)
      }
    } catch (error) {
      // Only a cancellation ends the retries. Whatever is open stays in the ledger, for the sweep to find.
      wf.log.warn('deliveries given up', { channel, error: String(error) })
    } finally {
      this.#busy.delete(channel)
      this.#underWay--
    }
  }

  /** All open messages of a channel once. @returns whether none had to be left. */
  async #pass(channel: Channel): Promise<boolean> {
    let after: DeliveryPlace | undefined
    let left = 0
    for (;;) {
      await wf.condition(() => !this.#isPaused() || this.#isLeaving)
      if (this.#isLeaving) return true
      const page = await deliverers[channel].deliverCrowdPage.executeWithOptions(
        { summary: `Deliver ${channel}`, priority: { priorityKey: 4 } }, // After what customers wait for by themselves.
        [{ channel, after, size: pageSize }],
      )
      this.#sent += page.sent
      this.#notSent += page.notSent
      left += page.left
      after = page.last
      if (after === undefined) return left === 0
      // Nothing of a whole page: the server is away, and trying the others would only tell so again.
      if (page.left > 0 && page.sent + page.notSent === 0) return false
    }
  }
}
