/**
 * What the services that send mail for us report, in our words. Each is a pure function of a body whose signature was
 * verified before; what it does not understand it leaves out.
 */

import {
  bounceKind,
  enhancedCodeIn,
  type MailReport,
  type MailReportKind,
  messageIdIn,
  readAddress,
} from '../domain/mail-report.ts'

type Fields = Readonly<Record<string, unknown>>

/** Amazon SES: the `Message` of an SNS notification. */
export function readSesEvent(event: unknown): MailReport[] {
  const fields = fieldsOf(event)
  const mail = fieldsOf(fields['mail'])
  const ids = { messageId: messageIdIn(sesMessageId(mail)), providerMessageId: nameIn(mail['messageId']) }
  const each = (list: unknown, kindOf: (one: Fields) => [MailReportKind, string] | undefined): MailReport[] =>
    listOf(list).flatMap((one) => {
      const found = kindOf(fieldsOf(one))
      const address = readAddress(typeof one === 'string' ? one : fieldsOf(one)['emailAddress'])
      return found === undefined || address === undefined ? [] : [report('ses', found, address, ids)]
    })
  switch (fields['notificationType'] ?? fields['eventType']) {
    case 'Bounce': {
      const bounce = fieldsOf(fields['bounce'])
      return each(bounce['bouncedRecipients'], (one) => sesBounce(bounce, one))
    }
    case 'Complaint': {
      const complaint = fieldsOf(fields['complaint'])
      // "Not spam" is the opposite of a complaint.
      if (complaint['complaintFeedbackType'] === 'not-spam') return []
      return each(complaint['complainedRecipients'], () => ['complaint', ''])
    }
    case 'Delivery':
      return each(fieldsOf(fields['delivery'])['recipients'], () => ['delivered', ''])
    default:
      return []
  }
}

function sesBounce(bounce: Fields, recipient: Fields): [MailReportKind, string] | undefined {
  const told = enhancedCodeIn(textOf(recipient['status']))
  const code = told === '' || told.endsWith('.0.0') ? enhancedCodeIn(textOf(recipient['diagnosticCode'])) || told : told
  if (bounce['bounceType'] !== 'Permanent') return ['soft-bounce', code]
  // What Amazon itself keeps on a list of gone addresses is as good as a refusal.
  const isGone = ['NoEmail', 'Suppressed', 'OnAccountSuppressionList'].includes(textOf(bounce['bounceSubType']))
  return [isGone ? 'bounce' : bounceKind(code), code]
}

/** SES gives a message an id of its own, and keeps ours among the headers. */
function sesMessageId(mail: Fields): unknown {
  const header = listOf(mail['headers'])
    .map(fieldsOf)
    .find(({ name }) => textOf(name).toLowerCase() === 'message-id')
  return header?.['value'] ?? fieldsOf(mail['commonHeaders'])['messageId']
}

/** SendGrid: a list of events. */
export function readSendGridEvents(events: unknown): MailReport[] {
  return listOf(events)
    .map(fieldsOf)
    .flatMap((event) => {
      const found = sendGridKind(event)
      const address = readAddress(event['email'])
      if (found === undefined || address === undefined) return []
      const ids = {
        messageId: messageIdIn(event['smtp-id']),
        providerMessageId: nameIn(textOf(event['sg_message_id']).split('.')[0]),
      }
      return [report('sendgrid', found, address, ids)]
    })
}

function sendGridKind(event: Fields): [MailReportKind, string] | undefined {
  const code = enhancedCodeIn(textOf(event['status'])) || enhancedCodeIn(textOf(event['reason']))
  switch (event['event']) {
    case 'bounce':
      if (event['type'] === 'blocked') return ['soft-bounce', code]
      return [event['bounce_classification'] === 'Invalid Address' ? 'bounce' : bounceKind(code), code]
    case 'dropped':
      return droppedKind(textOf(event['reason']))
    case 'spamreport':
      return ['complaint', '']
    case 'delivered':
      return ['delivered', '']
    case 'unsubscribe':
    case 'group_unsubscribe':
      return ['unsubscribe', '']
    default:
      return undefined
  }
}

/** SendGrid has not even tried: the address is on a list of theirs, or something is wrong with our account. */
function droppedKind(reason: string): [MailReportKind, string] {
  if (/^(?:bounced|spam reporting) address/i.test(reason) || /^invalid$/i.test(reason)) return ['bounce', '']
  return /^unsubscribed address/i.test(reason) ? ['unsubscribe', ''] : ['soft-bounce', '5.3.5']
}

/** Postmark: one record. */
export function readPostmarkRecord(record: unknown): MailReport[] {
  const fields = fieldsOf(record)
  const found = postmarkKind(fields)
  const address = readAddress(fields['Email'] ?? fields['Recipient'])
  if (found === undefined || address === undefined) return []
  const metadata = fieldsOf(fields['Metadata'])
  const ids = { messageId: messageIdIn(metadata['message']), providerMessageId: nameIn(fields['MessageID']) }
  return [report('postmark', found, address, ids)]
}

function postmarkKind(fields: Fields): [MailReportKind, string] | undefined {
  const code = enhancedCodeIn(textOf(fields['Details'])) || enhancedCodeIn(textOf(fields['Description']))
  switch (fields['RecordType']) {
    case 'Bounce': {
      // Their own word: the server said that there is no such mailbox.
      if (fields['Type'] === 'HardBounce' || fields['Type'] === 'BadEmailAddress') return ['bounce', code]
      return ['SoftBounce', 'Blocked', 'DnsError', 'ISPBlock'].includes(textOf(fields['Type']))
        ? ['soft-bounce', code]
        : undefined
    }
    case 'SpamComplaint':
      return ['complaint', '']
    case 'Delivery':
      return ['delivered', '']
    case 'SubscriptionChange':
      return fields['SuppressSending'] === true && fields['SuppressionReason'] === 'ManualSuppression'
        ? ['unsubscribe', '']
        : undefined
    default:
      return undefined
  }
}

/** Mailgun: the `event-data` of a call. */
export function readMailgunEvent(event: unknown): MailReport[] {
  const fields = fieldsOf(event)
  const found = mailgunKind(fields)
  const address = readAddress(fields['recipient'])
  if (found === undefined || address === undefined) return []
  const headers = fieldsOf(fieldsOf(fields['message'])['headers'])
  const ids = { messageId: messageIdIn(headers['message-id']), providerMessageId: nameIn(headers['message-id']) }
  return [report('mailgun', found, address, ids)]
}

function mailgunKind(fields: Fields): [MailReportKind, string] | undefined {
  const status = fieldsOf(fields['delivery-status'])
  const code =
    enhancedCodeIn(textOf(status['enhanced-code'])) ||
    enhancedCodeIn(textOf(status['message'])) ||
    enhancedCodeIn(textOf(status['description']))
  switch (fields['event']) {
    case 'failed': {
      if (fields['severity'] !== 'permanent') return undefined // They go on trying.
      const isOnTheirList = fields['reason'] === 'suppress-bounce' || status['code'] === 605
      return [isOnTheirList ? 'bounce' : bounceKind(code), code]
    }
    case 'complained':
      return ['complaint', '']
    case 'delivered':
      return ['delivered', '']
    case 'unsubscribed':
      return ['unsubscribe', '']
    default:
      return undefined
  }
}

function report(
  source: string,
  [kind, code]: [MailReportKind, string],
  address: string,
  ids: Pick<MailReport, 'messageId' | 'providerMessageId'>,
): MailReport {
  return { kind, code, address, source, isTrusted: true, ...ids }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, 10_000) : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A name, if it looks like one: nothing that could be an address or markup is looked up or kept. */
function nameIn(value: unknown): string | undefined {
  const text = textOf(value).replace(/^<(.*)>$/, '$1')
  return /^[\w.@-]{1,200}$/.test(text) ? text : undefined
}
