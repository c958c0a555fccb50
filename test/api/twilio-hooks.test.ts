/** What Twilio tells us, signed as Twilio signs: by Twilio's own library. */

import { fileURLToPath } from 'node:url'
import twilio from 'twilio'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isFromTwilio } from '../../src/api/hooks/twilio-signature.ts'
import { twilioStatusUrl } from '../../src/store/links.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { consentsOf, customerId, live, plant } from './support/people.ts'
import { publicUrl, startTestServer, type TestServer, twilioToken } from './support/test-server.ts'

let server: TestServer
let number: string
let id: string
let person = 0
beforeAll(async () => {
  server = await startTestServer()
})
beforeEach(async () => {
  const userId = `u${person}`
  number = `+4420794609${String(person++).padStart(2, '0')}`
  await live(server, [{ type: 'identify', userId, traits: { phone: number, consent: { sms: true } } }])
  id = await customerId(server, userId)
  server.time.nowMs += 1_000
})
afterAll(() => server.close())

async function post(
  path: string,
  fields: Record<string, string>,
  signature?: string,
): Promise<{ status: number; text: string }> {
  const signed = signature ?? twilio.getExpectedTwilioSignature(twilioToken, publicUrl + path, fields)
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signed },
    body: new URLSearchParams(fields),
  })
  return { status: response.status, text: await response.text() }
}

const answer = (Body: string, more: Record<string, string> = {}) =>
  post('/hooks/twilio/inbound', { MessageSid: 'SM1', From: number, To: '+15005550006', Body, ...more })

async function suppressed(): Promise<string | undefined> {
  const { rows } = await server.database.pool.query<{ reason: string }>(
    `SELECT reason FROM suppressions WHERE channel = 'sms' AND address_hash = $1`,
    [server.vault.lookupHash('phone', number)],
  )
  return rows[0]?.reason
}

describe('only what Twilio signed counts', () => {
  test.each([
    ['no signature', ''],
    ['a signature of something else', 'AAAAAAAAAAAAAAAAAAAAAAAAAAA='],
    ['a signature of another length', 'short'],
  ])('%s: 403, and nothing changes', async (_name, signature) => {
    expect((await post('/hooks/twilio/inbound', { From: number, Body: 'STOP' }, signature)).status).toBe(403)
    const messageId = await plant(server, { customerId: id, channel: 'sms' })
    const path =
      new URL(twilioStatusUrl(publicUrl, messageId)).pathname + new URL(twilioStatusUrl(publicUrl, messageId)).search
    expect(
      (await post(path, { MessageSid: 'SM2', MessageStatus: 'failed', ErrorCode: '21610', To: number }, signature))
        .status,
    ).toBe(403)
    expect(await suppressed()).toBeUndefined()
    expect(await consentsOf(server, id)).toEqual(['sms * granted (trait)'])
  })

  test('a field that was changed on the way, or another address, breaks it', () => {
    const url = `${publicUrl}/hooks/twilio/inbound`
    const signature = twilio.getExpectedTwilioSignature(twilioToken, url, { From: number, Body: 'STOP' })
    const request = {
      url,
      signature,
      body: new URLSearchParams({ From: number, Body: 'STOP' }).toString(),
      isForm: true,
    }
    expect(isFromTwilio(request, twilioToken)).toBe(true)
    expect(
      isFromTwilio(
        { ...request, body: new URLSearchParams({ From: '+15005550001', Body: 'STOP' }).toString() },
        twilioToken,
      ),
    ).toBe(false)
    expect(isFromTwilio({ ...request, url: `${url}?x=1` }, twilioToken)).toBe(false)
    expect(isFromTwilio(request, 'another token')).toBe(false)
  })

  test('JSON is signed by its hash in the address', () => {
    const body = '{"MessageStatus":"sent"}'
    const url = `${publicUrl}/hooks/twilio/status?bodySHA256=${twilio.getExpectedBodyHash(body)}`
    const signature = twilio.getExpectedTwilioSignature(twilioToken, url, {})
    const request = { url, signature, body, isForm: false }
    expect(isFromTwilio(request, twilioToken)).toBe(true)
    expect(isFromTwilio({ ...request, body: `${body} ` }, twilioToken)).toBe(false)
  })
})

describe('what people answer', () => {
  test.each([
    'STOP',
    'stop',
    ' Stop. ',
    'STOPALL',
    'Unsubscribe',
    'END',
    'quit',
    'CANCEL',
    'revoke',
    'Opt-out',
    'S T O P',
    'stop!',
  ])('%j ends all messages at once, with one confirmation and nothing after', async (word) => {
    const first = await answer(word)
    expect(first).toMatchObject({
      status: 200,
      text: expect.stringMatching(/<Message>Garden Shop: you are unsubscribed/),
    })
    expect(await suppressed()).toBe('stop')
    expect((await consentsOf(server, id))[0]).toMatch(/^sms \* withdrawn/)
    expect((await answer(word)).text).toBe('<?xml version="1.0" encoding="UTF-8"?><Response></Response>')
  })

  test.each(['START', 'unstop', 'Yes.'])('%j takes a stop back', async (word) => {
    await answer('STOP')
    server.time.nowMs += 1_000
    expect((await answer(word)).text).toContain('subscribed again')
    expect(await suppressed()).toBeUndefined()
    expect((await consentsOf(server, id))[0]).toMatch(/^sms \* granted/)
  })

  test('they are answered in their language, where it is known, and keep the words that carriers know', async () => {
    await live(server, [{ type: 'identify', userId: `u${person - 1}`, traits: { locale: 'de-AT' } }])
    expect((await answer('HELP')).text).toMatch(/Garden Shop: Angebote.*STOP beendet/)
    expect((await answer('STOP')).text).toMatch(/<Message>Garden Shop: Sie sind abgemeldet.*START/)
    server.time.nowMs += 1_000
    expect((await answer('START')).text).toMatch(/wieder angemeldet.*STOP.*HELP/)
    await live(server, [{ type: 'identify', userId: `u${person - 1}`, traits: { locale: 'tlh' } }])
    expect((await answer('HELP')).text).toContain('offers and news')
  })

  test('a yes to something else subscribes nobody', async () => {
    await live(server, [{ type: 'track', event: 'SMS Unsubscribed', userId: `u${person - 1}` }])
    expect((await answer('Yes')).text).not.toContain('<Message>')
    expect((await consentsOf(server, id))[0]).toMatch(/^sms \* withdrawn/)
  })

  test.each(['HELP', 'info'])('%j is answered and changes nothing', async (word) => {
    expect((await answer(word)).text).toMatch(/<Message>Garden Shop: .*STOP to end/)
    expect(await suppressed()).toBeUndefined()
  })

  test.each(['please do not stop', 'Stopwatch?', '', '👍'])('%j is no such word', async (text) => {
    expect((await answer(text)).text).not.toContain('<Message>')
    expect(await suppressed()).toBeUndefined()
  })

  test('where Twilio itself answers, we do not answer too', async () => {
    expect((await answer('STOP', { OptOutType: 'STOP' })).text).not.toContain('<Message>')
    expect(await suppressed()).toBe('stop')
  })

  test('where Twilio has understood a word of the account’s own, it counts as what it means', async () => {
    await answer('Arrêt', { OptOutType: 'STOP' })
    expect(await suppressed()).toBe('stop')
    server.time.nowMs += 1_000
    await answer('Reprendre', { OptOutType: 'START' })
    expect(await suppressed()).toBeUndefined()
  })

  test('somebody whom we do not know is suppressed all the same', async () => {
    const stranger = '+393331234567'
    await post('/hooks/twilio/inbound', { From: stranger, Body: 'STOP' })
    const { rows } = await server.database.pool.query('SELECT 1 FROM suppressions WHERE address_hash = $1', [
      server.vault.lookupHash('phone', stranger),
    ])
    expect(rows).toHaveLength(1)
  })
})

describe('what became of a message', () => {
  const report = (messageId: string, MessageStatus: string, ErrorCode = '') => {
    const { pathname, search } = new URL(twilioStatusUrl(publicUrl, messageId))
    return post(pathname + search, { MessageSid: 'SM9', MessageStatus, ErrorCode, To: number })
  }
  const ledger = async (messageId: string): Promise<object> => {
    const { rows } = await server.database.pool.query(
      'SELECT status, reason, delivered_at IS NOT NULL AS delivered, settled_at IS NOT NULL AS settled FROM messages WHERE id = $1',
      [messageId],
    )
    return rows[0] as object
  }

  test.each<[string, string, readonly (readonly [string, string?])[], object]>([
    ['delivered', 'sent', [['sent'], ['delivered']], { status: 'sent', delivered: true, reason: null }],
    [
      'delivered, told in the wrong order and twice',
      'sent',
      [['delivered'], ['sent'], ['delivered']],
      { status: 'sent', delivered: true },
    ],
    ['undelivered', 'sent', [['undelivered', '30008']], { status: 'failed', reason: 'twilio:30008', settled: true }],
    [
      'a message that waits for its moment fails by no old report',
      'planned',
      [['failed', '30008']],
      { status: 'planned', reason: null, settled: false },
    ],
    [
      'failed after it was delivered',
      'sent',
      [['delivered'], ['failed', '30008']],
      { status: 'sent', delivered: true, reason: null },
    ],
    ['in doubt, and then it went out', 'in_doubt', [['sent']], { status: 'sent', delivered: false }],
    ['in doubt, and then it did not', 'in_doubt', [['failed', '30008']], { status: 'failed', reason: 'twilio:30008' }],
    ['a status that nobody knows', 'sent', [['partially-teleported']], { status: 'sent', delivered: false }],
    ['a refused message stays refused', 'refused', [['delivered']], { status: 'refused' }],
  ])('%s', async (_name, status, reports, expected) => {
    const messageId = await plant(server, { customerId: id, channel: 'sms', status })
    for (const [word, code] of reports) expect((await report(messageId, word, code)).status).toBe(204)
    expect(await ledger(messageId)).toMatchObject(expected)
  })

  test.each([
    ['21610', 'stop'],
    ['21211', 'invalid'],
    ['21614', 'invalid'],
    ['30005', 'invalid'],
    ['30006', 'invalid'],
    ['30003', undefined],
    ['30007', undefined],
  ])('error %s: suppressed as %s', async (code, reason) => {
    const messageId = await plant(server, { customerId: id, channel: 'sms' })
    await report(messageId, 'failed', code)
    expect(await suppressed()).toBe(reason)
  })

  test.each([
    ['30007', 'journey', 'welcome'],
    ['30034', 'channel', 'sms'],
  ])(
    'error %s pauses the %s, and says why; what was resumed is not paused by an old report',
    async (code, scope, key) => {
      const pool = server.database.pool
      const inForce = async () =>
        (await pool.query('SELECT scope, key, reason FROM sending_pauses WHERE lifted_at IS NULL')).rows
      await pool.query('DELETE FROM sending_pauses')
      const messageId = await plant(server, { customerId: id, channel: 'sms' })
      await report(messageId, 'delivered')
      expect(await inForce()).toEqual([])
      await report(messageId, 'undelivered', code)
      await report(messageId, 'undelivered', code)
      expect(await inForce()).toEqual([{ scope, key, reason: expect.stringContaining(`twilio ${code}`) }])
      server.time.nowMs += 1_000
      await pool.query('UPDATE sending_pauses SET lifted_at = $1', [new Date(server.time.nowMs)])
      await report(messageId, 'undelivered', code)
      expect(await inForce()).toEqual([])
      server.time.nowMs += 1_000
      await report(await plant(server, { customerId: id, channel: 'sms', step: 'later' }), 'undelivered', code)
      expect(await inForce()).toMatchObject([{ scope, key }])
      await pool.query('DELETE FROM sending_pauses')
    },
  )

  describe('a phone that cannot be reached (30003)', () => {
    const minuteMs = 60_000
    const sent = async (
      more: { readonly ageMs?: number; readonly freshForMs?: number; readonly journey?: string } = {},
    ) => {
      const messageId = await plant(server, { customerId: id, channel: 'sms', sid: 'SM9' })
      const plannedMs = server.time.nowMs - (more.ageMs ?? 0)
      await server.database.pool.query(
        `UPDATE messages SET planned_at = $2, expires_at = $3, attempts = 1, journey = coalesce($4, journey) WHERE id = $1`,
        [
          messageId,
          new Date(plannedMs),
          new Date(plannedMs + (more.freshForMs ?? 6 * 60 * minuteMs)),
          more.journey ?? null,
        ],
      )
      return messageId
    }
    const waits = async (messageId: string): Promise<object> => {
      const { rows } = await server.database.pool.query<{ at: Date | null }>(
        'SELECT status, attempts, claimed_by AS holder, settled_at AS settled, provider_message_id AS sid, not_before AS at FROM messages WHERE id = $1',
        [messageId],
      )
      const { at, ...row } = rows[0] ?? { at: null }
      return { ...row, inMinutes: at && Math.round((at.getTime() - server.time.nowMs) / minuteMs) }
    }
    const again = { status: 'planned', attempts: 0, holder: null, settled: null, sid: null }

    test.each([
      [0, 30],
      [40, 40],
      [150, 150],
    ])('is tried again later, after as long as the message is old: %i minutes, then %i more', async (age, minutes) => {
      const messageId = await sent({ ageMs: age * minuteMs })
      await report(messageId, 'undelivered', '30003')
      expect(await waits(messageId)).toEqual({ ...again, inMinutes: minutes })
      // Twice told is once told.
      await report(messageId, 'undelivered', '30003')
      expect(await waits(messageId)).toEqual({ ...again, inMinutes: minutes })
      expect(await suppressed()).toBeUndefined()
    })

    test.each<[string, object]>([
      ['when it would be stale by then', { ageMs: 200 * minuteMs }],
      ['when its words are gone with the request that asked for it', { journey: 'system:api' }],
    ])('fails %s', async (_name, more) => {
      const messageId = await sent(more)
      await report(messageId, 'undelivered', '30003')
      expect(await ledger(messageId)).toMatchObject({ status: 'failed', reason: 'twilio:30003', settled: true })
    })

    test('what was delivered after all is not sent again, nor what is on its way under another name', async () => {
      const delivered = await sent()
      await report(delivered, 'delivered')
      await report(delivered, 'undelivered', '30003')
      expect(await ledger(delivered)).toMatchObject({ status: 'sent', delivered: true })

      await server.database.pool.query('DELETE FROM messages WHERE id = $1', [delivered])
      const second = await sent()
      await server.database.pool.query(`UPDATE messages SET provider_message_id = 'SM10' WHERE id = $1`, [second])
      await report(second, 'undelivered', '30003')
      await report(second, 'failed', '30008')
      expect(await ledger(second)).toMatchObject({ status: 'sent', reason: null, settled: true })
    })
  })

  test('without our id in the address the message is found by that of Twilio', async () => {
    const messageId = await plant(server, { customerId: id, channel: 'sms', sid: 'SM-known' })
    await post('/hooks/twilio/status', { MessageSid: 'SM-known', MessageStatus: 'delivered', To: number })
    expect(await ledger(messageId)).toMatchObject({ delivered: true })
  })
})

describe('a yes that waits to be confirmed', () => {
  const confirmed = 'Garden Shop: thank you, that is confirmed.'
  beforeAll(async () => {
    const campaigns = fileURLToPath(new URL('../../campaigns', import.meta.url))
    await publishCampaigns(server.database, campaigns, server.time.nowMs)
  })

  /** As the API tells of it where the policy wants a confirmed yes, and as the customer is asked. */
  async function ask(topic: string, question: { status?: string; agoMs?: number } = {}): Promise<void> {
    const atMs = server.time.nowMs - (question.agoMs ?? 0)
    const { rows } = await server.database.pool.query<{ id: number }>(
      `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
       VALUES ($1, 'sms', $2, 'pending', $3, 'track', 'event') RETURNING id`,
      [id, topic, new Date(atMs)],
    )
    const messageId = await plant(server, { customerId: id, channel: 'sms', step: topic, ...question })
    await server.database.pool.query(
      `UPDATE messages SET journey = 'system:double-opt-in', data = $2, planned_at = $3 WHERE id = $1`,
      [messageId, JSON.stringify({ consents: [String(rows[0]?.id)] }), new Date(atMs)],
    )
    await server.database.pool.query('UPDATE contact_points SET created_at = $1 WHERE customer_id = $2', [
      new Date(server.time.nowMs - 30 * 86_400_000),
      id,
    ])
    server.time.nowMs += 1_000
  }

  test('YES answers the newest open question, once, and leaves what was not asked alone', async () => {
    await ask('offers')
    await ask('news')
    await ask('never-sent', { status: 'planned' })
    expect((await answer(' yes. ')).text).toContain(confirmed)
    expect(await consentsOf(server, id)).toContain('sms news granted (double-opt-in)')
    expect(await consentsOf(server, id)).toContain('sms offers pending (event)')
    expect((await answer('YES')).text).toContain(confirmed)
    expect((await answer('YES')).text).not.toContain(confirmed)
    expect(await consentsOf(server, id)).toEqual([
      'sms * granted (trait)',
      'sms never-sent pending (event)',
      'sms news granted (double-opt-in)',
      'sms offers granted (double-opt-in)',
    ])
    const { rows } = await server.database.pool.query(
      `SELECT source, words FROM consents WHERE customer_id = $1 AND topic = 'news' AND status = 'granted'`,
      [id],
    )
    expect(rows).toEqual([
      { source: 'sms', words: 'Text messages from Garden Shop: New music and offers [answered YES]' },
    ])
  })

  test('a question that is seven days old, was followed by STOP, or went to another number is not answered', async () => {
    await ask('offers', { agoMs: 7 * 86_400_000 + 1 })
    expect((await answer('YES')).text).not.toContain(confirmed)
    await ask('news')
    await answer('STOP')
    expect((await answer('START')).text).not.toContain(confirmed)
    await ask('club')
    const before = number
    number = '+442079460888'
    await live(server, [{ type: 'identify', userId: `u${person - 1}`, traits: { phone: number } }])
    for (const from of [before, number]) {
      number = from
      expect((await answer('YES')).text).not.toContain(confirmed)
    }
    expect((await consentsOf(server, id)).filter((word) => word.includes('double-opt-in'))).toEqual([])
  })
})
