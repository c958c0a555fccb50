/** Identities for tests, as the file would say them. */

import type { MailSenderConfig } from '../../../src/senders-file.ts'

export function sender(key: string, own: Partial<MailSenderConfig>): MailSenderConfig {
  return {
    key,
    from: `${key} <${key}@${key}.example>`,
    replyTo: undefined,
    topics: [],
    classes: [],
    smtpUrl: undefined,
    dkim: undefined,
    bounceDomain: undefined,
    postalAddress: undefined,
    mailgunDomain: undefined,
    plan: undefined,
    ...own,
  }
}
