/**
 * When sending must stop by itself. Mailbox providers shut out whoever sends on after their readers complained; so at the
 * rate at which they would, we stop before.
 */

export interface SendingRates {
  readonly scope: 'domain' | 'journey' | 'sender' | 'all'
  /** Of the receiving side, of the journey, or of the identity that sends; `*` for all. */
  readonly key: string
  /** Marketing mails that left. */
  readonly sent: number
  /** Those that came back because there is no such address. */
  readonly bounced: number
  readonly complained: number
}

export type RateVerdict =
  | { readonly level: 'ok' }
  | { readonly level: 'warning' | 'pause'; readonly rule: 'complaints' | 'bounces'; readonly reason: string }

/** As Gmail and Yahoo ask of bulk senders: below 0.10 %, and never 0.30 %. */
export const complaintWarning = 0.001
export const complaintPause = 0.003
const bounceWarning = 0.02
const bouncePause = 0.05

/** One complaint of three mails says nothing. */
const leastComplaints = 2
const leastBounces = 5

/** What is behind a rate is said in words, so that whoever finds sending paused need not ask. */
export function judgeRates({ scope, key, sent, bounced, complained }: SendingRates): RateVerdict {
  if (sent === 0) return { level: 'ok' }
  const where = {
    all: 'all mail',
    domain: `mail to ${key}`,
    journey: `the journey ${key}`,
    sender: `mail of the sender ${key}`,
  }[scope]
  const say = (count: number, what: string, limit: number): string =>
    `${count} ${what} of ${sent} messages (${percent(count / sent)}) in ${where}; the limit is ${percent(limit)}`
  const complaints = complained / sent
  const bounces = bounced / sent
  if (complaints >= complaintPause && complained >= leastComplaints) {
    return { level: 'pause', rule: 'complaints', reason: say(complained, 'complaints', complaintPause) }
  }
  if (bounces >= bouncePause && bounced >= leastBounces) {
    return { level: 'pause', rule: 'bounces', reason: say(bounced, 'addresses that do not exist', bouncePause) }
  }
  if (complaints >= complaintWarning && complained > 0) {
    return { level: 'warning', rule: 'complaints', reason: say(complained, 'complaints', complaintWarning) }
  }
  if (bounces >= bounceWarning && bounced > 1) {
    return { level: 'warning', rule: 'bounces', reason: say(bounced, 'addresses that do not exist', bounceWarning) }
  }
  return { level: 'ok' }
}

/**
 * Of several identities each answers for itself: what one of them does is no reason to stop the others, so all mail together
 * is only warned of.
 */
export function judgeAll<Rates extends SendingRates>(all: readonly Rates[]): (Rates & RateVerdict)[] {
  const hasSenders = all.some(({ scope }) => scope === 'sender')
  return all.map((rates) => {
    const verdict = judgeRates(rates)
    if (!hasSenders || rates.scope !== 'all' || verdict.level !== 'pause') return { ...rates, ...verdict }
    return { ...rates, ...verdict, level: 'warning' as const }
  })
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}
