/** Two identities side by side: each with its own name, keys, return path and servers. */

import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { DeliveryOutcome } from '../../activities/activity-types.ts'
import type { LifecycleActivities } from '../../workers/lifecycle-activities.ts'
import { openMailSenders } from '../../workers/mail-senders.ts'
import { sendAtOnce } from '../broadcasts/support/broadcasts.ts'
import { addCrowd } from '../workflows/support/crowds.ts'
import { addCustomer, until } from '../workflows/support/customers.ts'
import { type MailServer, type ReceivedMail, startMailServer } from '../workflows/support/mail-server.ts'
import { createSettableClock, createStoreWorld, type StoreWorld } from '../workflows/support/store-world.ts'
import { sender } from './support/senders.ts'

Runtime.install({ logger: new DefaultLogger('ERROR') })

const folder = mkdtempSync(join(tmpdir(), 'perennial-keys-'))
writeFileSync(
  join(folder, 'news.pem'),
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
)
const clock = createSettableClock()
let world: StoreWorld
/** The servers of "news". */
let newsServer: MailServer
let mail: NonNullable<Parameters<StoreWorld['activities']>[1]>
let activities: LifecycleActivities & { close(): void }

beforeAll(async () => {
  world = await createStoreWorld(clock)
  newsServer = await startMailServer()
  const news = sender('news', {
    from: 'Shop News <news@news.example>',
    replyTo: 'Answers <answers@shop.example>',
    topics: ['news'],
    classes: ['marketing'],
    smtpUrl: newsServer.url,
    dkim: [`s1@news.example=${join(folder, 'news.pem')}`],
    bounceDomain: 'bounces.news.example',
    postalAddress: '2 News Street',
  })
  mail = { bounceDomain: 'bounces.shop.example', senders: [news, sender('receipts', { classes: ['transactional'] })] }
  activities = world.activities(undefined, mail)
  await world.database.pool.query(
    `INSERT INTO templates (key, version, channel, subject, html, text, status, published_at)
     VALUES ('letter', 'v1', 'email', 'A letter', NULL, 'From {{ shop.name }}, {{ postal_address }}. {{ unsubscribe_url }}',
             'live', now())`,
  )
})
afterEach(() => {
  for (const server of [world.mail, newsServer]) {
    server.behave({})
    server.forget()
  }
})
afterAll(async () => {
  activities.close()
  await newsServer.close()
  await world.close()
  rmSync(folder, { recursive: true })
})

async function plan(topic: string, messageClass: 'marketing' | 'transactional' = 'marketing'): Promise<string> {
  const { id: customerId } = await addCustomer(world)
  const id = randomUUID()
  await world.database.pool.query(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                           template, status, planned_at)
     VALUES ($1::uuid, $2, 'letters', 'v1', 's', 1, 0, 'email', $3, $4, 'letter', 'planned', $5)`,
    [id, customerId, messageClass, topic, new Date(clock.nowMs())],
  )
  return id
}

function deliver(messageId: string, attempt = 1): Promise<DeliveryOutcome> {
  const workflowExecution = { workflowId: 'a-customer', runId: 'run' }
  return new MockActivityEnvironment({ attempt, workflowExecution }).run<
    [string],
    DeliveryOutcome,
    (messageId: string) => Promise<DeliveryOutcome>
  >(activities.delivery.deliverMessage, messageId)
}

async function senderIn(messageId: string): Promise<string | null> {
  const { rows } = await world.database.pool.query<{ sender: string | null }>(
    'SELECT sender FROM messages WHERE id = $1',
    [messageId],
  )
  return rows[0]?.sender ?? null
}

const line = (received: ReceivedMail, key: string): string =>
  received.headerLines.find((header) => header.key === key)?.line.replaceAll(/\s+/g, ' ') ?? ''

test('each message leaves under the identity that is meant for it, with all that is its own', async () => {
  const [news, offer, receipt] = [await plan('news'), await plan('offers'), await plan('news', 'transactional')]
  for (const id of [news, offer, receipt]) expect(await deliver(id)).toEqual({ status: 'sent' })

  const [letter, ...others] = newsServer.inbox as [ReceivedMail]
  expect(others).toEqual([])
  expect(letter).toMatchObject({
    messageId: `<${news}@news.example>`,
    from: { text: expect.stringContaining('news@news.example') },
    replyTo: { text: expect.stringContaining('answers@shop.example') },
    text: expect.stringContaining('From Shop, 2 News Street.'),
    returnPath: expect.stringMatching(/^b\+.*@bounces\.news\.example$/),
  })
  expect(line(letter, 'list-unsubscribe')).toMatch(/<mailto:u\+.*@bounces\.news\.example>/)
  expect(line(letter, 'dkim-signature')).toMatch(/d=news\.example; s=s1; .*reply-to/)

  const byId = new Map(world.mail.inbox.map((received) => [received.messageId, received]))
  expect(byId.get(`<${offer}@shop.example>`)).toMatchObject({
    from: { text: expect.stringContaining('shop@shop.example') },
    returnPath: expect.stringMatching(/@bounces\.shop\.example$/),
  })
  expect(byId.get(`<${receipt}@receipts.example>`)).toMatchObject({
    from: { text: expect.stringContaining('receipts@receipts.example') },
    text: expect.stringContaining('Shop, 1 Garden Row'),
  })
  expect(await Promise.all([news, offer, receipt].map(senderIn))).toEqual(['news', null, 'receipts'])
})

test('a broadcast leaves under the identity of its topic', async () => {
  await world.database.pool.query('TRUNCATE customers, contact_points, consents, customer_keys CASCADE')
  await addCrowd(world, 3)
  expect(await sendAtOnce(world, 'issue', { topic: 'news', template: 'letter' }, mail)).toMatchObject({ sent: 3 })
  expect(await sendAtOnce(world, 'sale', { topic: 'offers', template: 'letter' }, mail)).toMatchObject({ sent: 3 })
  expect(newsServer.inbox).toHaveLength(3)
  for (const received of newsServer.inbox) {
    expect(received.messageId).toMatch(/@news\.example>$/)
    expect(received.returnPath).toMatch(/@bounces\.news\.example$/)
    expect(received.text).toContain('2 News Street')
    expect(line(received, 'dkim-signature')).toContain('d=news.example; s=s1;')
  }
  expect(world.mail.inbox.map(({ messageId }) => messageId?.split('@')[1])).toEqual(Array(3).fill('shop.example>'))
  const { rows } = await world.database.pool.query(
    'SELECT journey, sender, count(*) FROM messages WHERE broadcast_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1',
  )
  expect(rows).toEqual([
    { journey: 'broadcast:issue', sender: 'news', count: 3 },
    { journey: 'broadcast:sale', sender: null, count: 3 },
  ])
})

test('servers that hang hold up only whom they are meant for', async () => {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  newsServer.behave({ holdAnswer: () => released })
  // More than it may have conversations, and than a delivery queue takes at once.
  const stuck = await Promise.all(Array.from({ length: 10 }, () => plan('news')))
  const hanging = Promise.all(stuck.map((id) => deliver(id)))
  await until('they are on the wire', () => newsServer.inbox.length >= 8)
  expect(await deliver(await plan('offers'))).toEqual({ status: 'sent' })
  expect(await deliver(await plan('news', 'transactional'))).toEqual({ status: 'sent' })
  release()
  expect(await hanging).toEqual(stuck.map(() => ({ status: 'sent' })))
})

test('a receipt in doubt is sent again under the same identity and Message-ID, also when the routes have changed', async () => {
  const id = await plan('news', 'transactional')
  world.mail.behave({ hangUpAfterMessage: true })
  await expect(deliver(id)).rejects.toThrow(/after the message/)
  world.mail.behave({})
  const [first] = world.mail.inbox
  world.mail.forget()
  const others = world.activities(undefined, {
    ...mail,
    senders: [sender('all', { topics: ['news'] }), ...(mail.senders ?? [])],
  })
  const usual = activities
  activities = others
  expect(await deliver(id, 2)).toEqual({ status: 'sent' })
  activities = usual
  others.close()
  expect(world.mail.inbox.map(({ messageId }) => messageId)).toEqual([first?.messageId])
  expect(first?.messageId).toBe(`<${id}@receipts.example>`)
})

test('servers and keys that are wrong are refused at the start, with the name of the identity and no secret', () => {
  const open = (own: Parameters<typeof sender>[1]) => () =>
    openMailSenders(
      { from: 'a@a.example', postalAddress: '', dkim: [], bounceDomain: undefined, senders: [sender('news', own)] },
      'smtp://h',
      undefined,
    )
  expect(open({ smtpUrl: 'smtp://u:secret@h?tls=maybe' })).toThrow(
    /^MAIL_SENDERS: the sender "news": SMTP_URL: tls=maybe must be/,
  )
  expect(open({ dkim: ['s1@news.example=/none.pem'] })).toThrow(/^MAIL_SENDERS: the sender "news": .*ENOENT/)
})
