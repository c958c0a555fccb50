/** Reports as they really look, written after the public formats. */

export interface Sample {
  readonly name: string
  readonly body: string
  /** What it says of its recipient; `none`: nothing that counts. */
  readonly says: 'gone' | 'soft' | 'complaint' | 'delivered' | 'none'
}

interface Parts {
  /** The signed address that it comes back to. */
  readonly path: string
  readonly to: string
  readonly unsubscribeUrl: string
}

const crlf = (text: string): string => text.trim().replaceAll('\n', '\r\n')

function dsn(groups: string, { path, to }: Parts, more = ''): string {
  return crlf(`
Return-Path: <>
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: ${path}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4bQ0/mx.example.net"
${more}
This is a MIME-encapsulated message.

--4bQ0/mx.example.net
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

I'm sorry to have to inform you that your message could not be delivered to <${to}>.

--4bQ0/mx.example.net
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
X-Postfix-Queue-ID: 4bQ0
Arrival-Date: Wed, 25 Nov 2026 10:00:00 +0000 (UTC)

${groups}

--4bQ0/mx.example.net
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: Shop <shop@shop.example>
To: ${to}
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=

5.1.1 is not a status here.
--4bQ0/mx.example.net--
`)
}

const group = (to: string, action: string, status: string, diagnostic: string): string =>
  `Final-Recipient: rfc822; ${to}\nOriginal-Recipient: rfc822;${to}\nAction: ${action}\nStatus: ${status}\nRemote-MTA: dns; mail.example.org\nDiagnostic-Code: smtp; ${diagnostic}`

function arf({ path, to, unsubscribeUrl }: Parts, type: string, withPath: boolean): string {
  return crlf(`
From: <abusedesk@example.com>
To: complaints@bounces.shop.example
Subject: FW: An offer
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP 192.0.2.1.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: ${type}
User-Agent: SomeGenerator/1.0
Version: 1
${withPath ? `Original-Mail-From: <${path}>` : 'Incidents: 1'}
Original-Rcpt-To: <${to}>
Source-IP: 192.0.2.1

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

From: <shop@shop.example>
To: <redacted@example.net>
Subject: An offer
List-Unsubscribe: <${unsubscribeUrl}>,
 <mailto:shop@shop.example>
List-Unsubscribe-Post: List-Unsubscribe=One-Click

Spam Spam Spam
--part1_13d.2e68ed54_boundary--
`)
}

export function mailSamples(parts: Parts): Sample[] {
  const { path, to } = parts
  return [
    {
      name: 'no such user',
      says: 'gone',
      body: dsn(group(to, 'failed', '5.1.1', `550 5.1.1 <${to}>: Recipient address rejected: User unknown`), parts),
    },
    {
      name: 'only the words tell',
      says: 'gone',
      body: dsn(group(to, 'failed', '5.0.0', `550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found`), parts),
    },
    {
      name: 'folded, small letters',
      says: 'gone',
      body: dsn(
        `final-recipient: RFC822;\n ${to.toUpperCase()}\naction: Failed\nstatus:\n 5.1.2 (bad destination system)`,
        parts,
      ),
    },
    {
      name: 'mailbox full',
      says: 'soft',
      body: dsn(group(to, 'failed', '4.2.2', '452 4.2.2 The email account is over quota'), parts),
    },
    {
      name: 'refused as spam',
      says: 'soft',
      body: dsn(group(to, 'failed', '5.7.1', '554 5.7.1 Service unavailable; blocked'), parts),
    },
    {
      name: 'our own sender refused',
      says: 'soft',
      body: dsn(group(to, 'failed', '5.1.8', '553 5.1.8 Sender domain not found'), parts),
    },
    { name: 'delayed', says: 'none', body: dsn(group(to, 'delayed', '4.4.1', '450 4.4.1 connect timed out'), parts) },
    { name: 'delivered', says: 'delivered', body: dsn(group(to, 'delivered', '2.1.5', '250 2.1.5 OK'), parts) },
    {
      name: 'out of office',
      says: 'none',
      body: crlf(
        `From: <${to}>\nTo: ${path}\nSubject: Out of office: 550 5.1.1\nAuto-Submitted: auto-replied\nContent-Type: text/plain\n\nFinal-Recipient: rfc822; ${to}\nAction: failed\nStatus: 5.1.1`,
      ),
    },
    {
      name: 'qmail',
      says: 'gone',
      body: crlf(
        `From: MAILER-DAEMON@old.example\nTo: ${path}\nSubject: failure notice\n\nHi. This is the qmail-send program at old.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<${to}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <${path}>\nSubject: Hello\n\nHello`,
      ),
    },
    {
      name: 'qmail, full',
      says: 'soft',
      body: crlf(
        `From: MAILER-DAEMON@old.example\nTo: ${path}\nSubject: failure notice\n\nHi. This is the qmail-send program at old.example.\n\n<${to}>:\nThe user is over quota.\n\n--- Below this line is a copy of the message.\n\nSubject: Hello\n\n550 5.1.1 is ours (#5.1.1)`,
      ),
    },
    {
      name: 'Exim, in plain text',
      says: 'gone',
      body: crlf(
        `X-Failed-Recipients: ${to}\nAuto-Submitted: auto-replied\nFrom: Mail Delivery System <Mailer-Daemon@mx.example>\nTo: ${path}\nSubject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software (Exim 4.72.1).\n\n  ${to}\n    SMTP error from remote mail server after RCPT TO:<${to}>:\n    host mail.example.org [192.0.2.1]: 550-5.1.1 User unknown\n\n------ This is a copy of the message, including all the headers. ------\n\nSubject: Hello`,
      ),
    },
    {
      name: 'spam, by Microsoft',
      says: 'complaint',
      body: crlf(
        `From: <staff@hotmail.com>\nTo: complaints@bounces.shop.example\nSubject: complaint about message from 192.0.2.1\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b1"\n\n--b1\nContent-Type: message/rfc822\nContent-Disposition: inline\n\nX-HmXmrOriginalRecipient: <${to}>\nX-Reporter-IP: 192.0.2.9\nFrom: <shop@shop.example>\nSubject: An offer\nList-Unsubscribe: <${parts.unsubscribeUrl}>,\n <mailto:shop@shop.example>\n\nSpam\n--b1--`,
      ),
    },
    {
      name: 'forwarded by somebody',
      says: 'none',
      body: crlf(
        `From: <${to}>\nTo: ${path}\nSubject: Fwd: An offer\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b1"\n\n--b1\nContent-Type: message/rfc822\n\nFrom: <shop@shop.example>\nSubject: An offer\nList-Unsubscribe: <${parts.unsubscribeUrl}>\n\nHi. This is the qmail-send program.\n--b1--`,
      ),
    },
    { name: 'spam, by return path', says: 'complaint', body: arf(parts, 'abuse', true) },
    { name: 'spam, by unsubscribe link', says: 'complaint', body: arf(parts, 'abuse', false) },
    { name: 'not spam', says: 'none', body: arf(parts, 'not-spam', true) },
    { name: 'empty', says: 'none', body: '' },
  ]
}

export interface ProviderSample {
  readonly provider: 'ses' | 'sendgrid' | 'postmark' | 'mailgun'
  readonly name: string
  readonly says: Sample['says']
  readonly event: object
}

export function providerSamples(messageId: string, to: string): ProviderSample[] {
  const mail = {
    timestamp: '2026-11-25T10:00:00.000Z',
    source: 'shop@shop.example',
    messageId: '0000014644fe5ef6-9a483358-9170-4cb4-a269-f5dcdf415321-000000',
    destination: [to],
    headers: [{ name: 'Message-ID', value: `<${messageId}@shop.example>` }],
    commonHeaders: { from: ['shop@shop.example'], to: [to], subject: 'Hello' },
  }
  const ses = (name: string, says: Sample['says'], event: object): ProviderSample => ({
    provider: 'ses',
    name,
    says,
    event: { mail, ...event },
  })
  const bounce = (bounceType: string, bounceSubType: string, status: string): object => ({
    notificationType: 'Bounce',
    bounce: {
      bounceType,
      bounceSubType,
      bouncedRecipients: [{ emailAddress: to, action: 'failed', status, diagnosticCode: `smtp; 550 ${status} no` }],
      feedbackId: 'f',
      timestamp: '2026-11-25T10:00:01.000Z',
    },
  })
  const sendgrid = (name: string, says: Sample['says'], event: object): ProviderSample => ({
    provider: 'sendgrid',
    name,
    says,
    event: [
      {
        email: to,
        timestamp: 1_764_064_800,
        'smtp-id': `<${messageId}@shop.example>`,
        sg_event_id: 'e',
        sg_message_id: 'abc.filter-1',
        ...event,
      },
    ],
  })
  const postmark = (name: string, says: Sample['says'], event: object): ProviderSample => ({
    provider: 'postmark',
    name,
    says,
    event: { MessageID: '883953f4-6105-42a2-a16a-77a8eac79483', Metadata: { message: messageId }, Email: to, ...event },
  })
  const mailgun = (name: string, says: Sample['says'], event: object): ProviderSample => ({
    provider: 'mailgun',
    name,
    says,
    event: {
      id: 'x',
      timestamp: 1_764_064_800.1,
      recipient: to,
      message: { headers: { 'message-id': `${messageId}@shop.example` } },
      ...event,
    },
  })
  return [
    ses('no such user', 'gone', bounce('Permanent', 'General', '5.1.1')),
    ses('on their list', 'gone', bounce('Permanent', 'OnAccountSuppressionList', '5.0.0')),
    ses('full', 'soft', bounce('Transient', 'MailboxFull', '4.2.2')),
    ses('spam', 'complaint', {
      notificationType: 'Complaint',
      complaint: { complainedRecipients: [{ emailAddress: to }], complaintFeedbackType: 'abuse' },
    }),
    ses('not spam', 'none', {
      eventType: 'Complaint',
      complaint: { complainedRecipients: [{ emailAddress: to }], complaintFeedbackType: 'not-spam' },
    }),
    ses('delivered', 'delivered', { eventType: 'Delivery', delivery: { recipients: [to] } }),
    sendgrid('no such user', 'gone', { event: 'bounce', type: 'bounce', status: '5.1.1', reason: '550 5.1.1 unknown' }),
    sendgrid('blocked', 'soft', { event: 'bounce', type: 'blocked', status: '5.7.1', reason: '550 5.7.1 blocked' }),
    sendgrid('no such user, in words', 'gone', {
      event: 'bounce',
      type: 'bounce',
      status: '5.0.0',
      reason: '550 Requested action not taken: mailbox unavailable',
      bounce_classification: 'Invalid Address',
    }),
    sendgrid('dropped, known to be gone', 'gone', { event: 'dropped', reason: 'Bounced Address' }),
    sendgrid('dropped, for our account', 'soft', { event: 'dropped', reason: 'Recipient List over Package Quota' }),
    sendgrid('later', 'none', { event: 'deferred', response: '451 4.7.1 greylisted', attempt: '1' }),
    sendgrid('spam', 'complaint', { event: 'spamreport' }),
    sendgrid('delivered', 'delivered', { event: 'delivered', response: '250 OK' }),
    postmark('no such user', 'gone', {
      RecordType: 'Bounce',
      Type: 'HardBounce',
      TypeCode: 1,
      Details: 'smtp;550 5.1.1 unknown',
      Description: '<script>alert(1)</script>',
    }),
    postmark('full', 'soft', { RecordType: 'Bounce', Type: 'SoftBounce', Details: 'smtp;452 4.2.2 full' }),
    postmark('absent', 'none', { RecordType: 'Bounce', Type: 'AutoResponder', Details: 'away' }),
    postmark('spam', 'complaint', { RecordType: 'SpamComplaint', Type: 'SpamComplaint' }),
    mailgun('no such user', 'gone', {
      event: 'failed',
      severity: 'permanent',
      reason: 'bounce',
      'delivery-status': { code: 550, message: '550 5.1.1 unknown' },
    }),
    mailgun('later', 'none', {
      event: 'failed',
      severity: 'temporary',
      'delivery-status': { code: 451, message: '451 4.7.1' },
    }),
    mailgun('spam', 'complaint', { event: 'complained' }),
    mailgun('delivered', 'delivered', { event: 'delivered', 'delivery-status': { code: 250, message: 'OK' } }),
  ]
}
