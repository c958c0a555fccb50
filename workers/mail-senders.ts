/** The identities that mail is sent under, beside the usual one: each with servers, keys and addresses of its own. */

import { readFileSync } from 'node:fs'
import type { ReportingService } from '../src/channels/email/compose/compose-email.ts'
import { readDkimKey } from '../src/channels/email/compose/dkim.ts'
import { createEmailChannel, type EmailChannel } from '../src/channels/email/email-channel.ts'
import type { Config } from '../src/config.ts'
import {
  type SenderPlan,
  type SenderRoute,
  type SenderUse,
  senderFor,
  senderPlanDay,
  usualSenderUse,
} from '../src/domain/mail-sender.ts'
import type { Channel, MessageClass } from '../src/domain/snapshot.ts'
import type { EpochMs } from '../src/domain/time.ts'
import type { MailSenderConfig } from '../src/senders-file.ts'

export interface MailSender extends SenderRoute {
  /** Its own conversations with its servers: another one's that hang hold it up in nothing. */
  readonly email: EmailChannel
  /** Where bounces come in; undefined: to the sender. */
  readonly bounceDomain: string | undefined
  readonly postalAddress: string
  readonly plan: SenderPlan | undefined
}

/** An identity with what it takes from the usual one. */
export interface WholeSender {
  readonly from: string
  readonly replyTo: string | undefined
  /** `selector@domain=path` */
  readonly dkim: readonly string[]
  readonly bounceDomain: string | undefined
  readonly postalAddress: string
}

export function wholeSender(own: MailSenderConfig, usual: Omit<WholeSender, 'from' | 'replyTo'>): WholeSender {
  return {
    from: own.from,
    replyTo: own.replyTo,
    dkim: own.dkim ?? usual.dkim,
    bounceDomain: own.bounceDomain ?? usual.bounceDomain,
    postalAddress: own.postalAddress ?? usual.postalAddress,
  }
}

/** @throws RangeError naming the identity and what is wrong with its servers or keys. */
export function openMailSenders(
  mail: Config['mail'],
  usualSmtpUrl: string,
  reportedBy: ReportingService | undefined,
): readonly MailSender[] {
  return (mail.senders ?? []).map((own) => {
    const whole = wholeSender(own, mail)
    const { from, replyTo, bounceDomain, postalAddress } = whole
    const { key, topics, classes, plan } = own
    const smtpUrl = own.smtpUrl ?? usualSmtpUrl
    const email = naming(key, () => {
      const dkim = whole.dkim.map((text) => readDkimKey(text, (path) => readFileSync(path, 'utf8')))
      return createEmailChannel({ smtpUrl, from, replyTo, dkim, reportedBy })
    })
    return { key, topics, classes, plan, email, bounceDomain, postalAddress }
  })
}

function naming<T>(key: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    const rule = error instanceof Error ? error.message : 'unknown'
    throw new RangeError(`MAIL_SENDERS: the sender ${JSON.stringify(key)}: ${rule}`)
  }
}

interface Routed {
  readonly channel: Channel
  readonly topic: string
  readonly messageClass: MessageClass
  /** How often it may have left before, and under which identity. */
  readonly attempts: number
  readonly sender: string | null
}

/**
 * Who sends a message. What may have left once leaves again under the same identity, whatever the file says by now: its
 * Message-ID is made of its domain, and a second copy is known by that.
 */
export function senderOf<T extends SenderRoute>(senders: readonly T[], message: Routed): T | undefined {
  if (senders.length === 0 || message.channel !== 'email') return undefined
  if (message.attempts > 0) {
    if (message.sender === null) return undefined
    const same = senders.find(({ key }) => key === message.sender)
    if (same !== undefined) return same
  }
  return senderFor(senders, message.topic, message.messageClass)
}

export function useOf(sender: Pick<MailSender, 'key' | 'plan'> | undefined, nowMs: EpochMs): SenderUse {
  if (sender === undefined) return usualSenderUse
  return { key: sender.key, day: sender.plan && senderPlanDay(sender.plan, nowMs) }
}
