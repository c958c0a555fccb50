/** Ten thousand bodies, real ones and mutations of them: nothing crashes, and nobody is suppressed who should not be. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../../src/analytics/core/random.ts'
import type { MailReport } from '../../src/domain/mail-report.ts'
import {
  readMailgunEvent,
  readPostmarkRecord,
  readSendGridEvents,
  readSesEvent,
} from '../../src/inbound/provider-events.ts'
import { readMail } from '../../src/inbound/read-mail.ts'
import { readUnsubscribeToken, unsubscribeUrl } from '../../src/store/links.ts'
import { takeMailReports } from '../../src/store/mail-reports.ts'
import { readReturnPath, returnPath } from '../../src/store/return-path.ts'
import { customerId, live, plant } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'
import { mailSamples, providerSamples } from './support/samples.ts'

const bodies = 10_000
const domain = 'bounces.shop.example'
const readers = {
  ses: readSesEvent,
  sendgrid: readSendGridEvents,
  postmark: readPostmarkRecord,
  mailgun: readMailgunEvent,
}

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

interface Person {
  readonly email: string
  readonly messageId: string
}

test(`${bodies} reports: no crash, no wrong suppression`, async () => {
  const random = seededRandom(20_261_125)
  const any = (n: number): number => Math.floor(random() * n)
  const people = await crowd(40)
  const bystanders = people.slice(0, 20)
  const subjects = people.slice(20)
  const allowed = new Set<string>()
  const reports: MailReport[] = []
  const ours = {
    returnPath: (address: string) => readReturnPath(server.vault, address),
    unsubscribeLink: (token: string) => readUnsubscribeToken(server.vault, token),
  }
  for (let n = 0; n < bodies; n++) {
    const who = subjects[any(subjects.length)] as Person
    const other = bystanders[any(bystanders.length)] as Person
    if (n % 3 === 2) {
      // Signatures keep others from changing what providers say: mutations are read, and must only not crash.
      const list = providerSamples(who.messageId, who.email)
      const sample = list[any(list.length)]
      if (sample === undefined) continue
      const isWhole = any(4) === 0
      const read = readers[sample.provider](isWhole ? sample.event : mutatedValue(sample.event, any))
      if (!isWhole) continue
      if (sample.says === 'gone' || sample.says === 'complaint') allowed.add(who.email)
      reports.push(...read)
      continue
    }
    const isForged = any(5) === 0
    const path = isForged ? forged(who, any) : returnPath(server.vault, domain, who.messageId)
    const link = isForged
      ? 'https://shop.example/u/x.y'
      : unsubscribeUrl(server.vault, 'https://shop.example', who.messageId)
    const list = mailSamples({ path, to: any(3) === 0 ? other.email : who.email, unsubscribeUrl: link })
    const sample = list[any(list.length)]
    if (sample === undefined) continue
    const body = any(4) === 0 ? sample.body : mutatedText(sample.body, any, other.email)
    const read = readMail(Buffer.from(body, 'latin1'), any(2) === 0 ? path : `complaints@${domain}`, ours)
    // Whatever was changed on the way: only with our signature, and only about whom that message went to.
    expect(isForged ? read : []).toEqual([])
    for (const report of read) {
      expect(report.messageId).toBe(who.messageId)
      expect(report.kind === 'bounce' ? body : '5.1.1').toMatch(/5\.1\.\d/)
      if (report.kind === 'bounce' || report.kind === 'complaint') allowed.add(who.email)
    }
    reports.push(...read.filter(({ kind }) => kind !== 'soft-bounce'))
  }
  expect(reports.length).toBeGreaterThan(bodies / 20)
  await takeMailReports(server, reports, server.time.nowMs)
  await takeMailReports(server, reports.toReversed(), server.time.nowMs)

  const { rows } = await server.database.pool.query<{ hash: Buffer }>(
    `SELECT address_hash AS hash FROM suppressions WHERE channel = 'email'`,
  )
  const hashes = new Map(people.map(({ email }) => [server.vault.lookupHash('email', email).toString('hex'), email]))
  const names = rows.map(({ hash }) => hashes.get(hash.toString('hex')) ?? 'nobody we know')
  expect(names.toSorted()).toEqual([...allowed].toSorted())
  expect(names.filter((name) => bystanders.some(({ email }) => email === name))).toEqual([])
}, 120_000)

async function crowd(size: number): Promise<Person[]> {
  const ids = Array.from({ length: size }, (_, n) => `fuzz${n}`)
  await live(
    server,
    ids.map((userId) => ({ type: 'identify', userId, traits: { email: `${userId}@example.org` } })),
  )
  server.time.nowMs += 60_000
  const people: Person[] = []
  for (const userId of ids) {
    const messageId = await plant(server, { customerId: await customerId(server, userId) })
    people.push({ email: `${userId}@example.org`, messageId })
  }
  return people
}

function forged({ messageId }: Person, any: (n: number) => number): string {
  const signature = Array.from({ length: 24 }, () => any(16).toString(16)).join('')
  return `b+${messageId}.${signature}@${domain}`
}

function mutatedText(text: string, any: (n: number) => number, otherAddress: string): string {
  let result = text
  for (let times = 1 + any(4); times > 0; times--) {
    const [at, length] = [any(result.length + 1), any(40)]
    const rest = result.slice(at + length)
    switch (any(9)) {
      case 0:
        result = result.slice(0, at) + String.fromCharCode(any(256)) + result.slice(at + 1)
        break
      case 1:
        result = result.slice(0, at) // Cut off.
        break
      case 2:
        result = result.slice(0, at) + rest
        break
      case 3:
        result = result.slice(0, at) + result.slice(at, at + length).repeat(1 + any(20)) + rest
        break
      case 4:
        result = result.replaceAll('\r\n', ['\n', '\r', '\r\n\r\n'][any(3)] ?? '')
        break
      case 5:
        result = result.replace(/[\w.]+@example\.org/, otherAddress)
        break
      case 6:
        result = result.replace(
          /boundary="[^"]*"/,
          ['boundary=', 'boundary=""', `boundary="${'x'.repeat(500)}"`][any(3)] ?? '',
        )
        break
      case 7:
        result = `${result.slice(0, at)}Content-Transfer-Encoding: base64\r\n\r\n${rest}`
        break
      default:
        result = `${result.slice(0, at)}\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n${rest}`
    }
  }
  return result.slice(0, 100_000)
}

/** Swaps types and drops fields, anywhere. */
function mutatedValue(value: unknown, any: (n: number) => number): unknown {
  const odd = [null, 0, '', [], {}, 'x'.repeat(5_000), '\u0000', true, [[[]]], { length: -1 }, '__proto__', 1e308]
  if (any(8) === 0) return odd[any(odd.length)]
  if (Array.isArray(value)) return value.map((one) => mutatedValue(one, any))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(() => any(10) > 0)
  return Object.fromEntries(entries.map(([name, one]) => [name, mutatedValue(one, any)]))
}
