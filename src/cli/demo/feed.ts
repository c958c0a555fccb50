/** Sends the demo's events to the tracking API as their moments come, like the servers of a shop would. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { LiveEvent } from './live-events.ts'

const mostABatch = 100
const pollMs = 100
const retryMs = 500

export interface Feed {
  /** Sends everything up to the end. A refusal of a good event is an error; an outage is waited out. */
  run(untilMs: number): Promise<void>
  readonly sent: number
}

export function createFeed(events: readonly LiveEvent[], url: string, writeKey: string, clock: Clock): Feed {
  let sent = 0
  return {
    get sent() {
      return sent
    },
    async run(untilMs) {
      for (;;) {
        const nowMs = clock.nowMs()
        const due = events.slice(sent, sent + mostABatch).filter(({ atMs }) => atMs <= Math.min(nowMs, untilMs))
        if (due.length > 0) {
          await sendBatch(due, url, writeKey)
          sent += due.length
        } else if (nowMs >= untilMs) return
        else await sleep(pollMs)
      }
    },
  }
}

/** Repeating a batch is safe: every event has a message id of its own. */
async function sendBatch(events: readonly LiveEvent[], url: string, writeKey: string): Promise<void> {
  const body = JSON.stringify({ batch: events.map(({ call }) => call) })
  const authorization = `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`
  for (;;) {
    const response = await fetch(`${url}/v1/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body,
    }).catch(() => undefined)
    if (response?.ok) return
    if (response && response.status < 500 && response.status !== 429) {
      throw new Error(`The tracking API refused the demo's events: ${response.status} ${await response.text()}`)
    }
    await sleep(retryMs)
  }
}
