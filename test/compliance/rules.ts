/** Rules that a message must keep, and holes that others had: each with the tests that hold it here. */

export interface Rule {
  readonly name: string
  /** By file below `test/`: titles as they stand there. */
  readonly tests: Readonly<Record<string, readonly string[]>>
}

/** What law, mailbox providers and protocols ask of whoever writes to people. */
export const rules: readonly Rule[] = [
  {
    name: 'Bulk-sender rules of Gmail, Yahoo, Outlook',
    tests: {
      'deliverability/doctor-mail.test.ts': ['a domain on which all is well'],
      'deliverability/circuit.test.ts': [
        'the reason says what was counted, where, and the limit',
        'too many complaints of one domain pause that domain: marketing waits, a receipt does not',
      ],
      'channels/smtp-session.test.ts': ['where it is required and the server has none, nothing is sent'],
      'privacy/preferences.test.ts': [
        'a choice holds for a message that is already in hand: it is refused at the last check',
      ],
    },
  },
  {
    name: 'RFC 8058, RFC 2369',
    tests: {
      'channels/dkim.test.ts': ['both forms of List-Unsubscribe are signed, and From cannot be doubled'],
      'api/unsubscribe.test.ts': [
        'looking at the link changes nothing, also for a scanner that looks twice',
        'one click ends all marketing on the channel, without cookie or redirect, and again changes nothing',
        'one click as multipart, as RFC 8058 also allows',
      ],
    },
  },
  {
    name: 'RFC 6376',
    tests: {
      'channels/dkim.test.ts': [
        'both signatures of every kind of message hold, and break with a word changed',
        'a key that is none, or too short, is refused by name',
      ],
    },
  },
  {
    name: 'RFC 3464',
    tests: {
      'inbound/reports.test.ts': [
        'by mail',
        'what keeps coming back softly is given up after five messages, not before',
      ],
      'inbound/fuzz.test.ts': ['reports: no crash, no wrong suppression'],
      'inbound/mailbox.test.ts': ['each mail is read once'],
    },
  },
  {
    name: 'RFC 5965',
    tests: {
      'inbound/reports.test.ts': ['by mail', 'a complaint without a signature of ours suppresses nobody'],
      'deliverability/circuit.test.ts': ['too many complaints of one domain pause that domain'],
    },
  },
  {
    name: 'VERP',
    tests: {
      'inbound/reports.test.ts': [
        'a forged return path is refused, and suppresses nobody',
        'a report that names somebody else suppresses only whom the message went to',
      ],
    },
  },
  {
    name: 'CAN-SPAM',
    tests: {
      'channels/templates.test.ts': ['gets a way out and the address of the shop where its template has left them out'],
      'activities/deliver.test.ts': ['of marketing carries a way out in its headers, and the address of the shop'],
      'api/unsubscribe.test.ts': ['a link that is a year old still ends everything'],
    },
  },
  { name: 'CASL', tests: { 'domain/contact-policy.test.ts': ['consent that a purchase or an inquiry implies'] } },
  {
    name: 'GDPR',
    tests: {
      'privacy/preferences.test.ts': ['only what was changed, with the words that stood there'],
      'privacy/erasure.test.ts': [
        'also of customers who became part of them, whichever of the ids is named',
        'leaves the hashes of their addresses, and a proof that holds nothing of them',
      ],
      'privacy/erasure-proof.test.ts': ['a person who was written to is forgotten within a minute, without a trace'],
      'privacy/person-tables.test.ts': ['every table with a customer_id is on the list'],
    },
  },
  {
    name: 'Double opt-in',
    tests: {
      'privacy/double-opt-in.test.ts': [
        'a yes counts once its owner has pressed the button, and nothing else is sent before',
        'a used or expired link says so kindly and offers a new one, but not again and again',
      ],
    },
  },
  {
    name: 'Quiet hours (TCPA)',
    tests: {
      'domain/contact-policy.test.ts': ['quiet hours', 'text messages keep them also when they are transactional'],
      'domain/local-time.test.ts': ['lies ahead, within two days, and shows that time unless a change of clock'],
    },
  },
  {
    name: 'STOP words (CTIA, Twilio)',
    tests: {
      'api/twilio-hooks.test.ts': [
        '%j ends all messages at once, with one confirmation and nothing after',
        '%j takes a stop back',
        '%j is answered and changes nothing',
        '%j is no such word',
      ],
    },
  },
  {
    name: 'X-Twilio-Signature',
    tests: {
      'api/twilio-hooks.test.ts': [
        '%s: 403, and nothing changes',
        'a field that was changed on the way, or another address, breaks it',
        'JSON is signed by its hash in the address',
      ],
    },
  },
  {
    name: 'Twilio errors',
    tests: {
      'channels/answers.test.ts': ['of Twilio:'],
      'api/twilio-hooks.test.ts': [
        'error %s: suppressed as %s',
        'error %s pauses the %s, and says why',
        'is tried again later, after as long as the message is old',
      ],
      'channels/sms.test.ts': ['an answer that never comes whole is doubt; a server that is not there is not'],
      'api/doubts.test.ts': ['never had it: it is sent after all', 'has several that it could be: nobody guesses'],
    },
  },
  {
    name: 'SMTP',
    tests: {
      'channels/answers.test.ts': ['a lost connection is tried again before the final dot, and doubt after it'],
      'channels/smtp-stages.test.ts': ['a misdeed (%s) at %s: it is judged right', 'all eight stages are covered'],
      'activities/deliver.test.ts': ['hangs up after a transactional message gets it again, under the same Message-ID'],
      'workflows/crash.test.ts': ['marketing stays in doubt, a receipt comes again'],
    },
  },
  {
    name: 'Tracking links',
    tests: {
      'tracking/tracking.test.ts': [
        'only a link that we made leads anywhere, and only where it was meant to',
        'that follows the link which no person sees',
        'that looks like a browser and follows all links within seconds',
      ],
      'tracking/attribution.test.ts': ['only a person can touch'],
      'tracking/measured-message.test.ts': ['a link that holds anything personal is left alone, and kept nowhere'],
    },
  },
  {
    name: 'Webhooks out',
    tests: {
      'webhooks/webhooks.test.ts': [
        'where a call may go',
        'the address that was looked at is dialled: a name is asked once',
        'nobody is waited for without end, nor read without end',
        'is signed with the time, and names itself the same at every attempt',
      ],
    },
  },
  { name: 'CSV out', tests: { 'import/export.test.ts': ['what a spreadsheet would run as a formula is a text'] } },
  {
    name: 'Templates',
    tests: {
      'channels/templates.test.ts': [
        'escapes what it fills in where the output is HTML, and only there',
        'refuses %s',
        'gives no %s',
        'may not be %s',
        'that does not come to an end is given up, and the next one gets a new thread',
      ],
      'templates/lint.test.ts': ['finds %s'],
      'templates/mjml.test.ts': ['nothing is fetched by whoever reads it, and no file of ours is read'],
    },
  },
]

/** What others' users lost customers to, as their trackers tell it. */
export const complaints: readonly Rule[] = [
  {
    name: 'the same message twice: Mautic #2215, #9880, #13070; listmonk #2070, #2313',
    tests: {
      'activities/deliver.test.ts': ['while transmitting marketing is in doubt, and never sent again'],
      'broadcasts/rules.test.ts': ['every refusal is a row, and nobody has two'],
      'broadcasts/crash.test.ts': ['nobody is left out, and nobody has two but who is listed as in doubt'],
      'messages/requests.test.ts': ['two at once under one key are one message'],
      'workflows/crowd.test.ts': ['a crowd and hundreds of workflows meet the same customers: every step once'],
    },
  },
  {
    name: '"finished", and not sent: listmonk #1762, #3022',
    tests: {
      'broadcasts/crash.test.ts': [
        'killed in the middle it finishes by itself',
        'one in twenty is refused for the time being: each comes again, none is lost',
      ],
      'workflows/crowd.test.ts': ['nobody is lost, and nothing is sent twice'],
    },
  },
  {
    name: 'mail after unsubscribing: Parcelvoy #442',
    tests: {
      'broadcasts/rules.test.ts': ['who says no after the start gets nothing'],
      'privacy/preferences.test.ts': [
        'a choice holds for a message that is already in hand: it is refused at the last check',
      ],
    },
  },
  {
    name: 'clicks by scanners: Mautic #9162, listmonk #1078',
    tests: {
      'tracking/tracking.test.ts': [
        'that looks like a browser and follows all links within seconds',
        'that comes again and again makes one row, and unsubscribes nobody',
      ],
      'tracking/attribution.test.ts': ['only a person can touch'],
    },
  },
  {
    name: 'no throttle for each provider: listmonk #2971',
    tests: {
      'broadcasts/rules.test.ts': ['no more leave than a rate allows, in all and to each domain'],
    },
  },
]

/** Holes that were found in other products of this kind. */
export const holes: readonly Rule[] = [
  {
    name: 'CVE-2025-49136',
    tests: { 'channels/templates.test.ts': ['knows nothing of the process and its environment'] },
  },
  {
    name: 'CVE-2026-21483',
    tests: { 'console/console.test.ts': ['what was sent to us is text, never markup', 'escapes what is put in'] },
  },
  {
    name: 'CVE-2026-34828',
    tests: {
      'privacy/holes.test.ts': ['a session of the console ends with the key that it was opened with, on every page'],
    },
  },
  {
    name: 'CVE-2026-115191',
    tests: {
      'privacy/injection.test.ts': ['no question to the admin API or the console gets more than its answer'],
      'segments/segment-injection.test.ts': ['every attempt is refused, or is taken literally'],
    },
  },
  {
    name: 'CVE-2026-9557',
    tests: { 'webhooks/webhooks.test.ts': ['a call into the private network is refused where it is made'] },
  },
  {
    name: 'CVE-2026-9558',
    tests: {
      'channels/templates.test.ts': ['what a customer calls themselves is text, also where it looks like a template'],
    },
  },
  {
    name: 'CVE-2026-9559',
    tests: {
      'templates/lint.test.ts': ['a file outside'],
      'templates/mjml.test.ts': ['no file of ours is read'],
      'privacy/injection.test.ts': ['headers of imported files are names of traits, or refused'],
    },
  },
  {
    name: 'GHSA-2jrw-c95w-h43g',
    tests: {
      'privacy/holes.test.ts': [
        'refuses every one of its routes to whoever has no key, a write key, or a key of somebody’s own making',
        'lets marketers and analysts look, and nothing else',
      ],
    },
  },
  {
    name: 'CVE-2021-27910',
    tests: { 'inbound/reports.test.ts': ['CVE-2021-27910: nothing that a report says is kept but codes'] },
  },
  {
    name: 'CR/LF in List headers',
    tests: { 'privacy/holes.test.ts': ['a line break in what names a message begins no header'] },
  },
  {
    name: 'CVE-2026-25223',
    tests: {
      'messages/requests.test.ts': ['a content type that says otherwise does not skip the checks (CVE-2026-25223)'],
    },
  },
]
