/**
 * The deliveries of one customer that are under way. The story does not wait for them: while a provider is down, the
 * customer still moves on, and a message that has lost its reason is withdrawn before it leaves.
 */

import * as wf from '@temporalio/workflow'
import type { DeliveryActivities, DeliveryOutcome, MessageToDeliver } from '../activities/activity-types.ts'
import type { Channel } from '../src/domain/snapshot.ts'
import { deliveryQueues } from './ids.ts'

const channels: Readonly<Record<Channel, wf.ActivityInterfaceFor<DeliveryActivities>>> = {
  email: onQueue(deliveryQueues.email),
  sms: onQueue(deliveryQueues.sms),
}

function onQueue(taskQueue: string): wf.ActivityInterfaceFor<DeliveryActivities> {
  return wf.proxyActivities<DeliveryActivities>({
    taskQueue,
    // Longer than any single attempt may take: the channel gives up after a minute.
    startToCloseTimeout: '2 minutes',
    // A sender says that it is alive every few seconds, so a killed worker is noticed soon.
    heartbeatTimeout: '10 seconds',
    // As often as it takes: only an outage throws, the ledger never sends marketing twice, and a message that has
    // become stale is refused by the next attempt.
    // Soon, if the worker died: that says nothing of the next one. An outage says itself how long to wait.
    retry: { initialInterval: '1 second', backoffCoefficient: 1.5, maximumInterval: '10 seconds' },
  })
}

export class Deliveries {
  readonly #underWay = new Set<string>()
  readonly #onPostponed: () => void

  /** @param onPostponed called when a message has to wait: the next review says until when. */
  constructor(onPostponed: () => void) {
    this.#onPostponed = onPostponed
  }

  get underWay(): number {
    return this.#underWay.size
  }

  /** Begins what has not begun yet. A review names a message as long as it is open, so most looks repeat some. */
  begin(messages: readonly MessageToDeliver[]): void {
    for (const message of messages) {
      if (this.#underWay.has(message.id)) continue
      this.#underWay.add(message.id)
      void this.#deliver(message)
    }
  }

  async #deliver(message: MessageToDeliver): Promise<void> {
    try {
      if ((await toDeliver(message)).status === 'postponed') this.#onPostponed()
    } catch (error) {
      // Only a cancellation ends the retries. The message stays open in the ledger for whoever reviews next.
      wf.log.warn('delivery given up', { messageId: message.id, error: String(error) })
    } finally {
      this.#underWay.delete(message.id)
    }
  }
}

function toDeliver({ id, channel, summary, priority }: MessageToDeliver): Promise<DeliveryOutcome> {
  return channels[channel].deliverMessage.executeWithOptions({ summary, priority: { priorityKey: priority } }, [id])
}
