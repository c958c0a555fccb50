/** The few customers of the demo who have had enough: they use the unsubscribe link, or answer STOP. */

import { caughtEmails, caughtTexts } from './arrivals.ts'
import { shareOf } from './cdnow.ts'

const unsubscribingShare = 0.02
const stoppingShare = 0.04

/** Lets customers answer what has arrived since the last call. Who answers depends only on the message. */
export class Replies {
  readonly #home: string
  readonly #smsUi: string | null
  readonly #answeredTexts = new Set<string>()
  #readEmails = 0
  unsubscribed = 0
  stopped = 0

  constructor(home: string, smsUi: string | null) {
    this.#home = home
    this.#smsUi = smsUi
  }

  async answer(): Promise<void> {
    await this.#answerEmails()
    await this.#answerTexts()
  }

  async #answerEmails(): Promise<void> {
    const emails = await caughtEmails(this.#home, this.#readEmails)
    this.#readEmails += emails.length
    for (const { ledgerId, unsubscribeUrl } of emails) {
      if (unsubscribeUrl === undefined || shareOf(`unsubscribe:${ledgerId}`) >= unsubscribingShare) continue
      // As a mail program does it (RFC 8058).
      const response = await fetch(unsubscribeUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'List-Unsubscribe=One-Click',
      })
      if (!response.ok) throw new Error(`The unsubscribe link answered ${response.status}.`)
      this.unsubscribed++
    }
  }

  async #answerTexts(): Promise<void> {
    if (this.#smsUi === null) return
    for (const { sid, direction, from, to } of await caughtTexts(this.#smsUi)) {
      if (direction !== 'outbound-api' || this.#answeredTexts.has(sid)) continue
      this.#answeredTexts.add(sid)
      if (shareOf(`stop:${to}`) >= stoppingShare) continue
      await fetch(`${this.#smsUi}/api/inbound`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ from: to, to: from, body: 'STOP' }),
      })
      this.stopped++
    }
  }
}
