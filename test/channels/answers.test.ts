/** What the answers of mail servers and of Twilio mean for a message. */

import { describe, expect, test } from 'vitest'
import { judgeSmtpFailure, type SmtpFailure } from '../../src/channels/email/smtp-answer.ts'
import { countSegments } from '../../src/channels/sms/segments.ts'
import { judgeTwilioFailure, type TwilioFailure } from '../../src/channels/sms/twilio-answer.ts'
import type { DeliveryResult } from '../../src/domain/delivery.ts'

describe('of a mail server:', () => {
  const cases: [string, SmtpFailure, boolean, DeliveryResult][] = [
    [
      'an unknown mailbox fails, and suppresses it',
      { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550, response: '550 5.1.1 <ada@x.example> unknown' },
      false,
      { status: 'failed', reason: 'smtp 550 5.1.1', suppress: 'invalid' },
    ],
    [
      'a domain that takes no mail fails, and suppresses the address',
      { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 556, response: '556 5.1.10 null MX' },
      false,
      { status: 'failed', reason: 'smtp 556 5.1.10', suppress: 'invalid' },
    ],
    [
      'a refusal without an enhanced code fails, and suppresses nobody',
      { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550, response: '550 not today' },
      false,
      { status: 'failed', reason: 'smtp 550' },
    ],
    [
      'a bad sender fails, and suppresses nobody',
      { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 550, response: '550 5.1.8 bad sender' },
      false,
      { status: 'failed', reason: 'smtp 550 5.1.8' },
    ],
    [
      'refused content fails, although all of it had left',
      { code: 'EMESSAGE', command: 'DATA', responseCode: 554, response: '554 5.7.1 spam' },
      true,
      { status: 'failed', reason: 'smtp 554 5.7.1' },
    ],
    [
      'greylisting is tried again',
      { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 450, response: '450 4.7.1 later' },
      false,
      { status: 'retry', reason: 'smtp 450 4.7.1' },
    ],
    [
      'a temporary no to the whole message is tried again: it was not taken',
      { code: 'EMESSAGE', command: 'DATA', responseCode: 451, response: '451 4.3.0 later' },
      true,
      { status: 'retry', reason: 'smtp 451 4.3.0' },
    ],
    [
      'wrong credentials are tried again: they say nothing about the message',
      { code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 535, response: '535 5.7.8 no' },
      false,
      { status: 'retry', reason: 'smtp 535 5.7.8' },
    ],
    [
      'a conversation out of step is tried again',
      { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 503, response: '503 5.5.1 MAIL first' },
      false,
      { status: 'retry', reason: 'smtp 503 5.5.1' },
    ],
    [
      'a server that closes down is tried again, even after the message: it said that it did not take it',
      { code: 'ECONNECTION', command: 'CONN', responseCode: 421, response: '421 4.3.2 closing' },
      true,
      { status: 'retry', reason: 'smtp 421 4.3.2' },
    ],
    [
      'a lost connection is tried again before the final dot',
      { code: 'ECONNECTION', command: 'CONN' },
      false,
      { status: 'retry', reason: 'smtp ECONNECTION' },
    ],
    [
      'a lost connection is doubt after the final dot',
      { code: 'ECONNECTION', command: 'CONN' },
      true,
      { status: 'in_doubt', reason: 'smtp ECONNECTION after the message' },
    ],
    [
      'a silence is doubt after the final dot',
      { code: 'ETIMEDOUT', command: 'CONN' },
      true,
      { status: 'in_doubt', reason: 'smtp ETIMEDOUT after the message' },
    ],
    [
      'a message larger than the server takes fails',
      { code: 'EMESSAGE', command: 'MAIL FROM' },
      false,
      { status: 'failed', reason: 'smtp message too large' },
    ],
    ['an error of no known kind is tried again', {}, false, { status: 'retry', reason: 'smtp error' }],
  ]
  test.each(cases)('%s', (_name, failure, isAfterDot, result) => {
    expect(judgeSmtpFailure(failure, isAfterDot)).toEqual(result)
  })

  test('the words of an answer, which may hold the address, are never kept', () => {
    for (const [, failure, isAfterDot] of cases) {
      expect(JSON.stringify(judgeSmtpFailure(failure, isAfterDot))).not.toMatch(/ada|@|example/)
    }
  })
})

describe('of Twilio:', () => {
  const cases: [string, TwilioFailure, DeliveryResult][] = [
    [
      'a recipient who said STOP',
      { status: 400, code: 21610 },
      { status: 'failed', reason: 'twilio 21610', suppress: 'stop' },
    ],
    ['no number', { status: 400, code: 21211 }, { status: 'failed', reason: 'twilio 21211', suppress: 'invalid' }],
    ['a landline', { status: 400, code: 21614 }, { status: 'failed', reason: 'twilio 21614', suppress: 'invalid' }],
    [
      'an unknown number',
      { status: 400, code: 30005 },
      { status: 'failed', reason: 'twilio 30005', suppress: 'invalid' },
    ],
    ['a body that it refuses', { status: 400, code: 21617 }, { status: 'failed', reason: 'twilio 21617' }],
    ['too many requests', { status: 429, code: 20429 }, { status: 'retry', reason: 'twilio 20429' }],
    ['wrong credentials', { status: 401, code: 20003 }, { status: 'retry', reason: 'twilio 20003' }],
    ['a fault of its own', { status: 500, code: 20500 }, { status: 'in_doubt', reason: 'twilio 20500' }],
    ['a gateway on the way', { status: 502 }, { status: 'in_doubt', reason: 'twilio 502' }],
    ['nobody who listens', { code: 'ECONNREFUSED' }, { status: 'retry', reason: 'twilio ECONNREFUSED' }],
    ['no such host', { code: 'ENOTFOUND' }, { status: 'retry', reason: 'twilio ENOTFOUND' }],
    ['a connection lost on the way', { code: 'ECONNRESET' }, { status: 'in_doubt', reason: 'twilio ECONNRESET' }],
    ['silence', { code: 'ECONNABORTED' }, { status: 'in_doubt', reason: 'twilio ECONNABORTED' }],
    ['an error of no known kind', {}, { status: 'in_doubt', reason: 'twilio no answer' }],
  ]
  test.each(cases)('%s', (_name, failure, result) => {
    expect(judgeTwilioFailure(failure)).toEqual(result)
  })
})

describe('an SMS is sent in', () => {
  const cases: [string, string, number][] = [
    ['one part when it is empty', '', 1],
    ['one part up to 160 places', 'a'.repeat(160), 1],
    ['two parts from 161', 'a'.repeat(161), 2],
    ['two parts up to 306', 'a'.repeat(306), 2],
    ['three parts from 307', 'a'.repeat(307), 3],
    ['two parts when an extended character takes the last place', `${'a'.repeat(159)}€`, 2],
    ['three parts when one would be split between two', `${'a'.repeat(152)}€${'a'.repeat(152)}`, 3],
    ['one part up to 70 characters of another alphabet', 'ж'.repeat(70), 1],
    ['two parts from 71 of them', 'ж'.repeat(71), 2],
    ['one part with 35 emoji', '🙂'.repeat(35), 1],
    ['two parts with 36: each takes two units', '🙂'.repeat(36), 2],
    ['three parts when an emoji would be split between two', `${'ж'.repeat(66)}🙂${'ж'.repeat(66)}`, 3],
  ]
  test.each(cases)('%s', (_name, text, parts) => {
    expect(countSegments(text)).toBe(parts)
  })
})
