/** Which identity a message leaves under, what its plan allows on a day, and what is refused of the file. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { senderFor, senderPlanDay } from '../../src/domain/mail-sender.ts'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { senderOf } from '../../workers/mail-senders.ts'

const folder = mkdtempSync(join(tmpdir(), 'perennial-senders-'))
afterAll(() => rmSync(folder, { recursive: true }))
writeFileSync(join(folder, 'news.url'), 'smtps://user:secret@news.example:465\n')
writeFileSync(join(folder, 'broken.url'), 'https://user:secret@news.example')

const read = (yaml: string) => {
  const path = join(folder, 'senders.yaml')
  writeFileSync(path, yaml)
  return readConfig({ MAIL_SENDERS: path }).mail.senders ?? []
}

test('the most specific identity sends: topic and class, topic, class, and the usual one whatever is left', () => {
  const route = (key: string, topics: string[], classes: ('marketing' | 'transactional')[]) => ({
    key,
    topics,
    classes,
  })
  const senders = [
    route('receipts', [], ['transactional']),
    route('news', ['news', 'offers'], []),
    route('news-receipts', ['news'], ['transactional']),
  ]
  const who = (topic: string, messageClass: 'marketing' | 'transactional') =>
    senderFor(senders, topic, messageClass)?.key
  expect(who('news', 'marketing')).toBe('news')
  expect(who('news', 'transactional')).toBe('news-receipts')
  expect(who('offers', 'transactional')).toBe('news')
  expect(who('orders', 'transactional')).toBe('receipts')
  expect(who('orders', 'marketing')).toBeUndefined()
})

test('what may have left once leaves again under the same identity, while there is one', () => {
  const senders = [{ key: 'news', topics: ['news'], classes: [] }]
  const again = (attempts: number, sender: string | null) =>
    senderOf(senders, { channel: 'email', topic: 'news', messageClass: 'transactional', attempts, sender })?.key
  expect(again(0, null)).toBe('news')
  expect(again(1, null)).toBeUndefined()
  expect(again(1, 'news')).toBe('news')
  expect(again(1, 'gone')).toBe('news')
  const sms = { channel: 'sms', topic: 'news', messageClass: 'marketing', attempts: 0, sender: null } as const
  expect(senderOf(senders, sms)).toBeUndefined()
})

test('a plan counts days of UTC: nothing of marketing before it, nothing is counted after it', () => {
  const fromMs = Date.UTC(2026, 11, 1)
  const at = (nowMs: number) => senderPlanDay({ fromMs, days: [200, 500] }, nowMs)
  expect(at(fromMs - 1)).toEqual({ number: 0, most: 0, startsMs: fromMs - dayMs, untilMs: fromMs })
  expect(at(fromMs)).toEqual({ number: 1, most: 200, startsMs: fromMs, untilMs: fromMs + dayMs })
  expect(at(fromMs + dayMs - 1)).toMatchObject({ number: 1 })
  expect(at(fromMs + dayMs + hourMs)).toMatchObject({ number: 2, most: 500, startsMs: fromMs + dayMs })
  expect(at(fromMs + 2 * dayMs)).toBeUndefined()
})

const whole = `
senders:
  - key: news
    from: Shop News <news@news.example>
    reply_to: hello@shop.example
    topics: [news]
    classes: [marketing]
    smtp_url_file: news.url
    dkim: [s1@news.example=keys/news.pem, s2@news.example=/etc/news.pem]
    bounce_domain: bounces.news.example
    postal_address: 2 News Street
    warm_up: { from: 2026-12-01, days: [200, 500] }
  - key: receipts
    from: receipts@shop.example
    classes: [transactional]
`

test('the file says all that is an identity’s own; paths begin beside it', () => {
  const [news, receipts] = read(whole)
  expect(news).toEqual({
    key: 'news',
    from: 'Shop News <news@news.example>',
    replyTo: 'hello@shop.example',
    topics: ['news'],
    classes: ['marketing'],
    smtpUrl: 'smtps://user:secret@news.example:465',
    dkim: [`s1@news.example=${folder}/keys/news.pem`, 's2@news.example=/etc/news.pem'],
    bounceDomain: 'bounces.news.example',
    postalAddress: '2 News Street',
    mailgunDomain: undefined,
    plan: { fromMs: Date.UTC(2026, 11, 1), days: [200, 500] },
  })
  expect(receipts).toMatchObject({ key: 'receipts', topics: [], smtpUrl: undefined, dkim: undefined, plan: undefined })
  expect(readConfig({}).mail.senders).toEqual([])
})

describe('the file is refused with its line, the field and the rule', () => {
  const one = (fields: string): string => `senders:\n  - { key: a, from: a@a.example, ${fields} }\n`
  test.each([
    ['senders: [', /senders\.yaml:1: is not proper YAML/],
    ['people: []', /senders\.yaml:1: senders: is missing/],
    [one('topics: [x], colour: red'), /:2: senders\[0\]\.colour "red": is not known here/],
    [one('topics: []'), /senders\[0\]\.topics \[\]: must not be empty/],
    [one('reply_to: a@a.example'), /senders\[0\] .*must say which messages it is for/],
    [one('classes: [spam]'), /senders\[0\]\.classes\[0\] "spam": must be one of marketing, transactional/],
    [one('topics: [x], reply_to: nobody'), /reply_to "nobody": must be an address/],
    [one('topics: [x], dkim: [news.pem]'), /dkim\[0\] "news.pem": must be selector@domain=path/],
    [one('topics: [x], bounce_domain: b@c.example'), /bounce_domain "b@c.example": must be a domain/],
    [one('topics: [x], warm_up: { from: 2026-02-30, days: [1] }'), /warm_up\.from "2026-02-30": is no day/],
    [one('topics: [x], warm_up: { from: 2026-12-01, days: [] }'), /warm_up\.days \[\]: must not be empty/],
    [one('topics: [x], warm_up: { from: 2026-12-01, days: [0] }'), /warm_up\.days\[0\] 0: must be at least 1/],
    [one('topics: [x], smtp_url_file: none.url'), /:2: senders\[0\] "a": smtp_url_file .*none\.url: cannot be read/],
    [one('topics: [x], smtp_url_file: broken.url'), /broken\.url: must hold a URL such as smtp:/],
    [one('topics: [x], smtp_url: smtp://u:p@h'), /smtp_url .*is not known here/],
    ['senders:\n  - { key: default, from: a@a.example, topics: [x] }', /key "default": must not be "default"/],
    [
      'senders:\n  - { key: a, from: a@a.example, topics: [x] }\n  - { key: a, from: b@a.example, topics: [y] }',
      /:3: senders\[1\]\.key "a": is there twice/,
    ],
    [
      'senders:\n  - { key: a, from: a@a.example, topics: [x, y] }\n  - { key: b, from: b@a.example, topics: [y] }',
      /"a" and "b" are both for any mail on "y", and neither is more specific/,
    ],
    [
      'senders:\n  - { key: a, from: a@a.example, classes: [transactional] }\n  - { key: b, from: b@a.example, classes: [marketing, transactional] }',
      /"a" and "b" are both for transactional mail, and neither/,
    ],
  ])('%j', (yaml, rule) => {
    expect(() => read(yaml)).toThrow(rule)
    expect(() => read(yaml)).toThrow(/^MAIL_SENDERS: /)
    expect(() => read(yaml)).not.toThrow(/secret/)
  })

  test('and so is one that is not there', () => {
    expect(() => readConfig({ MAIL_SENDERS: join(folder, 'none.yaml') })).toThrow(
      /^MAIL_SENDERS: .*none\.yaml: cannot be read \(ENOENT\)/,
    )
  })
})
