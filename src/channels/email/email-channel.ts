/** Email over SMTP: composes the message, hands it to a server, and says what became of the attempt. */

import type { DeliveryResult } from '../../domain/delivery.ts'
import type { MessageClass } from '../../domain/snapshot.ts'
import { createComposer, type Email, type ReportingService } from './compose/compose-email.ts'
import type { DkimKey } from './compose/dkim.ts'
import { readSender } from './compose/sender-identity.ts'
import type { SmtpMail } from './smtp/conversation.ts'
import { openProviders } from './smtp/providers.ts'
import type { Lane } from './smtp/sender.ts'

export type { Email } from './compose/compose-email.ts'

export interface EmailChannel {
  send(email: Email): Promise<DeliveryResult>
  /** What was composed elsewhere. */
  transfer(mail: SmtpMail, messageClass: MessageClass, lane: Lane): Promise<DeliveryResult>
  close(): void
}

export interface EmailOptions {
  /** One server, or several in the order in which they are preferred, separated by white space. */
  readonly smtpUrl: string
  /** As in a header: `Shop <shop@example.com>`. */
  readonly from: string
  /** Where answers go, if not there. */
  readonly replyTo?: string | undefined
  readonly dkim?: readonly DkimKey[]
  readonly reportedBy?: ReportingService | undefined
}

/** The recipient is none: nothing can ever arrive there. */
export const noAddress: DeliveryResult = { status: 'failed', reason: 'not an email address', suppress: 'invalid' }

/** @throws RangeError if the sender is no address, or a server's URL is wrong. */
export function createEmailChannel({ smtpUrl, from, replyTo, dkim = [], reportedBy }: EmailOptions): EmailChannel {
  const composer = createComposer(readSender(from, replyTo), dkim, reportedBy)
  const providers = openProviders(smtpUrl)
  return {
    async send(email) {
      // The date of a header is real time, as the server's own.
      const mail = await composer.compose(email, Date.now())
      if (mail === undefined) return noAddress
      return providers.send(mail, email.unsubscribeUrl === null ? 'transactional' : 'marketing', 'first')
    },
    transfer: (mail, messageClass, lane) => providers.send(mail, messageClass, lane),
    close: () => providers.close(),
  }
}
