/** What the answers of mail servers and of Twilio mean for a message. */

import { describe, expect, test } from 'vitest'
import { ProtocolError, type Reply, ReplyReader } from '../../src/channels/email/smtp/reply.ts'
import { judgeLoss, judgeReply, type SmtpOutcome, type SmtpStage } from '../../src/channels/email/smtp/verdict.ts'
import { countSegments } from '../../src/channels/sms/segments.ts'
import { judgeTwilioFailure, type TwilioFailure } from '../../src/channels/sms/twilio-answer.ts'
import type { DeliveryResult } from '../../src/domain/delivery.ts'

describe('of a mail server:', () => {
  type Case = [string, SmtpStage, string, DeliveryResult, SmtpOutcome['about']]
  const failed = (reason: string, suppress?: 'invalid'): DeliveryResult =>
    suppress ? { status: 'failed', reason, suppress } : { status: 'failed', reason }
  const retry = (reason: string): DeliveryResult => ({ status: 'retry', reason })
  const cases: Case[] = [
    [
      'an unknown mailbox fails, and suppresses it',
      'rcpt',
      '550 5.1.1 <ada@x.example> unknown',
      failed('smtp 550 5.1.1', 'invalid'),
      'message',
    ],
    [
      'a domain that takes no mail fails, and suppresses the address',
      'rcpt',
      '556 5.1.10 null MX',
      failed('smtp 556 5.1.10', 'invalid'),
      'message',
    ],
    [
      'an unknown mailbox told after the message too',
      'message',
      '550 5.1.1 ada',
      failed('smtp 550 5.1.1', 'invalid'),
      'message',
    ],
    ['a refusal without an enhanced code suppresses nobody', 'rcpt', '550 not today', failed('smtp 550'), 'message'],
    ['a full mailbox fails, and suppresses nobody', 'rcpt', '552 5.2.2 full', failed('smtp 552 5.2.2'), 'message'],
    ['a bad sender fails, and suppresses nobody', 'mail', '550 5.1.8 bad sender', failed('smtp 550 5.1.8'), 'message'],
    ['a bad sender told late too', 'rcpt', '550 5.1.7 bad sender', failed('smtp 550 5.1.7'), 'message'],
    [
      'refused content fails, although all of it had left',
      'message',
      '554 5.7.1 spam',
      failed('smtp 554 5.7.1'),
      'message',
    ],
    ['greylisting is tried again', 'rcpt', '450 4.7.1 later', retry('smtp 450 4.7.1'), 'message'],
    [
      'a temporary no to the whole message: it was not taken',
      'message',
      '451 4.3.0 later',
      retry('smtp 451 4.3.0'),
      'message',
    ],
    ['wrong credentials say nothing about the message', 'session', '535 5.7.8 no', retry('smtp 535 5.7.8'), 'server'],
    [
      'a server that wants a login says nothing about the message',
      'mail',
      '530 5.7.0 log in',
      retry('smtp 530 5.7.0'),
      'server',
    ],
    [
      'a conversation out of step is tried again',
      'rcpt',
      '503 5.5.1 MAIL first',
      retry('smtp 503 5.5.1'),
      'connection',
    ],
    ['a server that closes down is tried again', 'mail', '421 4.3.2 closing', retry('smtp 421 4.3.2'), 'connection'],
    [
      'even after the message: it said that it did not take it',
      'message',
      '421 4.3.2 closing',
      retry('smtp 421 4.3.2'),
      'connection',
    ],
    ['a yes where none belongs is no yes', 'data', '250 2.0.0 ok', retry('smtp 250 2.0.0 out of place'), 'connection'],
  ]
  const replyOf = (text: string): Reply => new ReplyReader().read(`${text}\r\n`)[0]!

  test.each(cases)('%s', (_name, stage, text, result, about) => {
    expect(judgeReply(stage, replyOf(text))).toEqual({ result, about })
  })

  test('a lost connection is tried again before the final dot, and doubt after it', () => {
    expect(judgeLoss('session', false, 'ECONNREFUSED')).toEqual({ result: retry('smtp ECONNREFUSED'), about: 'server' })
    expect(judgeLoss('rcpt', false, 'ETIMEDOUT')).toEqual({ result: retry('smtp ETIMEDOUT'), about: 'connection' })
    expect(judgeLoss('message', false, 'ECONNRESET').result).toEqual(retry('smtp ECONNRESET'))
    expect(judgeLoss('message', true, 'ECONNRESET')).toEqual({
      result: { status: 'in_doubt', reason: 'smtp ECONNRESET after the message' },
      about: 'message',
    })
  })

  test('the words of an answer, which may hold the address, are never kept', () => {
    for (const [, stage, text] of cases) {
      expect(JSON.stringify(judgeReply(stage, replyOf(text)))).not.toMatch(/ada|@|example/)
    }
  })

  test('replies are read in whatever pieces they come, and what is none is refused', () => {
    const whole = '250-one\r\n250-two\r\n250 three\r\n421 bye\n'
    for (let size = 1; size <= whole.length; size++) {
      const reader = new ReplyReader()
      const pieces = whole.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
      expect(pieces.flatMap((piece) => reader.read(piece))).toEqual([
        { code: 250, lines: ['one', 'two', 'three'] },
        { code: 421, lines: ['bye'] },
      ])
    }
    for (const text of ['HTTP/1.1 400 Bad Request\r\n', '25\r\n', '250x\r\n', `250 ${'x'.repeat(10_000)}`]) {
      expect(() => new ReplyReader().read(text)).toThrow(ProtocolError)
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
    ['a phone that is switched off', { status: 400, code: 30003 }, { status: 'retry', reason: 'twilio 30003' }],
    [
      'too many requests',
      { status: 429, code: 20429 },
      { status: 'retry', reason: 'twilio 20429', takesNothing: 'busy' },
    ],
    [
      'wrong credentials',
      { status: 401, code: 20003 },
      { status: 'retry', reason: 'twilio 20003', takesNothing: 'away' },
    ],
    ['a fault of its own', { status: 500, code: 20500 }, { status: 'in_doubt', reason: 'twilio 20500' }],
    ['a gateway on the way', { status: 502 }, { status: 'in_doubt', reason: 'twilio 502' }],
    [
      'nobody who listens',
      { code: 'ECONNREFUSED' },
      { status: 'retry', reason: 'twilio ECONNREFUSED', takesNothing: 'away' },
    ],
    ['no such host', { code: 'ENOTFOUND' }, { status: 'retry', reason: 'twilio ENOTFOUND', takesNothing: 'away' }],
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
