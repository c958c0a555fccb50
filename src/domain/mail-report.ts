/** What others report of a mail once it has left: mail servers, mailbox providers, the services that send for us. */

/**
 * `bounce`: the address does not exist. `soft-bounce`: it was not delivered, for a reason that may pass. `complaint`: its
 * reader called it spam. `unsubscribe`: they left, by a way of the provider's.
 */
export type MailReportKind = 'bounce' | 'soft-bounce' | 'complaint' | 'delivered' | 'unsubscribe'

export interface MailReport {
  readonly kind: MailReportKind
  /** Ours, proved by our own signature or by the provider's. */
  readonly messageId: string | undefined
  /** The name that the provider gave it. */
  readonly providerMessageId: string | undefined
  /** Whom it speaks of, lower-case; undefined if it does not say. */
  readonly address: string | undefined
  /** Enhanced status code (RFC 3463), or ''. */
  readonly code: string
  /** `dsn`, `arf`, `ses`, … */
  readonly source: string
  /** A provider signed it, so that the address counts also where we do not know the message. */
  readonly isTrusted: boolean
}

/** Of an enhanced status code: does it say that nobody can ever be reached there? 5.1.7 and 5.1.8 speak of the sender. */
export function isAddressGone(code: string): boolean {
  return /^5\.1\.(?!7$|8$)\d{1,3}$/.test(code)
}

/** The kind of a failed delivery. */
export function bounceKind(code: string): 'bounce' | 'soft-bounce' {
  return isAddressGone(code) ? 'bounce' : 'soft-bounce'
}

/** The first enhanced status code in a text; '' if there is none. Nothing else of the text is kept: it holds addresses. */
export function enhancedCodeIn(text: string): string {
  return /(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/.exec(text)?.[1] ?? ''
}

const addressPattern = /^[^\s\p{Cc}@<>()[\]\\,;:"]{1,64}@[\p{L}\p{N}.-]{1,253}$/u

/** One bare address in lower case, from `<a@b>` or `a@b`; undefined for anything else. */
export function readAddress(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  const address = text
    .trim()
    .replace(/^<(.*)>$/, '$1')
    .toLowerCase()
  return addressPattern.test(address) ? address : undefined
}

const uuidPattern = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/

/** Our message in a Message-ID as we make them: `<UUID@domain>`. */
export function messageIdIn(text: unknown): string | undefined {
  return typeof text === 'string' ? uuidPattern.exec(text.toLowerCase())?.[0] : undefined
}
