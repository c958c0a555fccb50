/**
 * Asking Mailgun what it knows of a message whose answer never came. It keeps the Message-ID that a message was handed over
 * with, and tells the same events that it calls us with.
 *
 * @see https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/events
 */

export interface MailgunOptions {
  readonly apiKey: string
  /** The sending domain, as Mailgun has it. */
  readonly domain: string
  /** `https://api.eu.mailgun.net` for accounts in Europe. */
  readonly apiUrl: string
}

/** @param messageId without angle brackets. @returns its events, the oldest first. @throws an outage. */
export type FindMail = (messageId: string, transmittingMs: number) => Promise<readonly unknown[]>

/** From shortly before the message left: two clocks differ. */
const earlierMs = 60_000
const mostEvents = 100
const deadlineMs = 15_000
const largestBytes = 2_000_000

export function createMailgunLookup({ apiKey, domain, apiUrl }: MailgunOptions): FindMail {
  const authorization = `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`
  return async (messageId, transmittingMs) => {
    const url = new URL(`/v3/${encodeURIComponent(domain)}/events`, apiUrl)
    url.search = new URLSearchParams({
      'message-id': messageId,
      begin: String(Math.floor((transmittingMs - earlierMs) / 1_000)),
      ascending: 'yes',
      limit: String(mostEvents),
    }).toString()
    const signal = AbortSignal.timeout(deadlineMs)
    const response = await fetch(url, { headers: { authorization }, redirect: 'error', signal })
    const text = await response.text()
    // What it says may quote an address.
    if (!response.ok) throw new Error(`mailgun answered ${response.status}`)
    if (text.length > largestBytes) throw new Error('mailgun answered too much')
    const { items } = JSON.parse(text) as { readonly items?: unknown }
    if (!Array.isArray(items)) throw new Error('mailgun answered something else than events')
    return items
  }
}
