/** Delivering one message, against a real database, a real SMTP server and the SMS twin. */

import { randomUUID } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { DeliveryOutcome } from '../../activities/activity-types.ts'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { suppress } from '../../src/store/suppressions.ts'
import type { LifecycleActivities } from '../../workers/lifecycle-activities.ts'
import { addCustomer, type TestCustomer } from '../workflows/support/customers.ts'
import { createSettableClock, createStoreWorld, type StoreWorld } from '../workflows/support/store-world.ts'

const clock = createSettableClock()
let world: StoreWorld
let activities: LifecycleActivities & { close(): void }

Runtime.install({ logger: new DefaultLogger('ERROR') })

beforeAll(async () => {
  world = await createStoreWorld(clock)
  activities = world.activities()
})
afterEach(() => world.mail.behave({}))
afterAll(async () => {
  activities.close()
  await world.close()
})

interface Wanted {
  readonly messageClass?: 'marketing' | 'transactional'
  readonly channel?: 'email' | 'sms'
  readonly template?: string
  readonly status?: string
  readonly claimedBy?: string
  readonly leaseSeconds?: number
  readonly expiresInMs?: number
}

/** A message as a decision plans it, or as an earlier attempt left it. */
async function plan(customer: TestCustomer, wanted: Wanted = {}): Promise<string> {
  const { messageClass = 'marketing', channel = 'email', template = 'nudge', status = 'planned' } = wanted
  const id = randomUUID()
  const now = new Date(clock.nowMs())
  await world.database.pool.query(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                           template, status, planned_at, expires_at, claimed_by, lease_until)
     VALUES ($1::uuid, $2, 'offers', 'v1', $1::text, 1, 0, $3, $4, 'offers', $5, $6, $7, $8, $9,
             clock_timestamp() + $10::interval)`,
    [
      id,
      customer.id,
      channel,
      messageClass,
      template,
      status,
      now,
      new Date(clock.nowMs() + (wanted.expiresInMs ?? 7 * dayMs)),
      wanted.claimedBy ?? null,
      wanted.leaseSeconds === undefined ? null : `${wanted.leaseSeconds} s`,
    ],
  )
  return id
}

/** Runs one attempt of the activity, as the customer's workflow would have it. */
function deliver(messageId: string, workflowId: string, attempt = 1): Promise<DeliveryOutcome> {
  const environment = new MockActivityEnvironment({ attempt, workflowExecution: { workflowId, runId: 'run' } })
  return environment.run<[string], DeliveryOutcome, (messageId: string) => Promise<DeliveryOutcome>>(
    activities.delivery.deliverMessage,
    messageId,
  )
}

async function row(messageId: string): Promise<Record<string, unknown>> {
  const { rows } = await world.database.pool.query<Record<string, unknown>>('SELECT * FROM messages WHERE id = $1', [
    messageId,
  ])
  return rows[0]!
}

const mailsTo = (customer: TestCustomer): typeof world.mail.inbox =>
  world.mail.inbox.filter((mail) => JSON.stringify(mail.to).includes(customer.email))

describe('a message', () => {
  test('is sent once, with the customer’s data, and the ledger says so', async () => {
    const customer = await addCustomer(world)
    const id = await plan(customer)
    expect(await deliver(id, customer.id)).toEqual({ status: 'sent' })
    expect(await deliver(id, customer.id, 2)).toEqual({ status: 'sent' })

    const [mail, ...more] = mailsTo(customer)
    expect(more).toEqual([])
    expect(mail?.text).toContain('Still there, Rosalind?')
    expect(mail?.messageId).toBe(`<${id}@shop.example>`)
    expect(await row(id)).toMatchObject({ status: 'sent', attempts: 1, reason: null, lease_until: null })
    expect((await row(id))['settled_at']).toEqual(new Date(clock.nowMs()))
  })

  test('of marketing carries a way out in its headers, and the address of the shop', async () => {
    const customer = await addCustomer(world)
    const id = await plan(customer)
    await deliver(id, customer.id)
    const mail = mailsTo(customer)[0]!
    const header = (name: string): string => String(mail.headerLines.find(({ key }) => key === name)?.line)
    expect(header('list-unsubscribe-post')).toBe('List-Unsubscribe-Post: List-Unsubscribe=One-Click')
    expect(header('list-unsubscribe')).toMatch(
      new RegExp(
        `<https://shop.example/u/${id}\\.[\\w-]{22}>,\\s+<mailto:shop@shop.example\\?subject=unsubscribe%20${id}\\.[\\w-]{22}>`,
      ),
    )
    expect(mail.text).toContain('Shop, 1 Garden Row')
  })

  test('of the transactional kind has no way out: there is nothing to leave', async () => {
    const customer = await addCustomer(world, { consent: 'withdrawn' })
    const id = await plan(customer, { messageClass: 'transactional', template: 'receipt' })
    expect(await deliver(id, customer.id)).toEqual({ status: 'sent' })
    const mail = mailsTo(customer)[0]!
    expect(mail.headers.has('list')).toBe(false)
    expect(mail.text).not.toContain('nsubscribe')
  })
})

describe('a message is refused, with the reason in the ledger and in the records,', () => {
  const refusals: [string, (customer: TestCustomer) => Promise<string>, string][] = [
    ['when consent was withdrawn after it was planned', withdraw, 'consent'],
    ['when its address was suppressed after it was planned', suppressed, 'suppressed'],
    ['when it has become stale', stale, 'expired'],
    ['when there is no address any more', addressGone, 'no-address'],
    ['when there have been enough of them today', capped, 'cap:email'],
    ['when its run has reached its goal meanwhile', runEnded, 'run ended: goal: Order Completed'],
  ]
  test.each(refusals)('%s', async (_name, prepare, reason) => {
    const customer = await addCustomer(world)
    const id = await prepare(customer)
    expect(await deliver(id, customer.id)).toEqual({ status: 'refused', reason })
    expect(await deliver(id, customer.id, 2)).toEqual({ status: 'refused', reason })
    expect(mailsTo(customer)).toEqual([])
    expect(await row(id)).toMatchObject({ status: 'refused', reason, attempts: 0 })
    const { rows } = await world.database.pool.query(
      `SELECT kind, outcome, rule FROM decision_records WHERE customer_id = $1`,
      [customer.id],
    )
    expect(rows).toEqual([{ kind: 'message', outcome: 'refused', rule: reason }])
  })

  async function withdraw(customer: TestCustomer): Promise<string> {
    const id = await plan(customer)
    await world.database.pool.query(
      `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
       VALUES ($1, 'email', 'offers', 'withdrawn', $2, 'test', 'link')`,
      [customer.id, new Date(clock.nowMs())],
    )
    return id
  }
  async function suppressed(customer: TestCustomer): Promise<string> {
    const addressHash = world.vault.lookupHash('email', customer.email)
    await suppress(world.database.pool, { channel: 'email', addressHash, reason: 'complaint', detail: null, atMs: 0 })
    return plan(customer)
  }
  function stale(customer: TestCustomer): Promise<string> {
    return plan(customer, { expiresInMs: 0 })
  }
  async function addressGone(customer: TestCustomer): Promise<string> {
    await world.database.pool.query('UPDATE contact_points SET current = false WHERE customer_id = $1', [customer.id])
    return plan(customer)
  }
  async function runEnded(customer: TestCustomer): Promise<string> {
    await world.database.pool.query(
      `INSERT INTO journey_runs (id, customer_id, journey, version, entry_number, status, step_since, entered_at,
                                 ended_at, end_reason)
       VALUES (gen_random_uuid(), $1, 'offers', 'v1', 1, 'completed', $2, $2, $3, 'goal: Order Completed')`,
      [customer.id, new Date(clock.nowMs()), new Date(clock.nowMs() + 1)],
    )
    return plan(customer)
  }
  async function capped(customer: TestCustomer): Promise<string> {
    for (let i = 0; i < 3; i++) await deliver(await plan(customer), customer.id)
    world.mail.forget()
    // A day later than the cap allows, it is stale.
    return plan(customer, { expiresInMs: hourMs })
  }

  test('when the customer is erased', async () => {
    const customer = await addCustomer(world)
    const id = await plan(customer)
    for (const table of ['messages', 'customers', 'customer_keys', 'contact_points']) {
      const column = table === 'customers' ? 'id' : 'customer_id'
      await world.database.pool.query(`DELETE FROM ${table} WHERE ${column} = $1`, [customer.id])
    }
    expect(await deliver(id, customer.id)).toEqual({ status: 'refused', reason: 'erased' })
  })
})

describe('a message is postponed', () => {
  test('while a cap is reached, if it is still good afterwards', async () => {
    const customer = await addCustomer(world)
    for (let i = 0; i < 3; i++) await deliver(await plan(customer), customer.id)
    const id = await plan(customer)
    expect(await deliver(id, customer.id)).toEqual({ status: 'postponed' })
    expect(await row(id)).toMatchObject({ status: 'planned', reason: 'postponed: cap:email', claimed_by: null })
    expect(await deliver(id, customer.id)).toEqual({ status: 'postponed' })

    clock.advance(dayMs)
    expect(await deliver(id, customer.id)).toEqual({ status: 'sent' })
    expect(mailsTo(customer)).toHaveLength(4)
  })

  test('and waits for its moment where that is near, instead of coming round again', async () => {
    const customer = await addCustomer(world)
    const id = await plan(customer)
    await world.database.pool.query('UPDATE messages SET not_before = $2 WHERE id = $1', [
      id,
      new Date(clock.nowMs() + 300),
    ])
    const delivering = deliver(id, customer.id)
    setTimeout(() => clock.advance(300), 100)
    expect(await delivering).toEqual({ status: 'sent' })
  })

  test('while two at once would break a cap: one of them goes', async () => {
    const customer = await addCustomer(world)
    for (let i = 0; i < 2; i++) await deliver(await plan(customer), customer.id)
    const ids = [await plan(customer), await plan(customer)]
    const outcomes = await Promise.all(ids.map((id) => deliver(id, customer.id)))
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['postponed', 'sent'])
  })
})

describe('an email server that', () => {
  type Manners = Parameters<StoreWorld['mail']['behave']>[0]

  const endings: [string, Manners, DeliveryOutcome, string][] = [
    [
      'does not know the recipient ends it, and the address with it',
      { refuseRecipient: { code: 550, text: '5.1.1 no such user' } },
      { status: 'failed', reason: 'smtp 550 5.1.1' },
      'invalid',
    ],
    [
      'refuses the content ends it, and the address stays good',
      { refuseMessage: { code: 554, text: '5.7.1 looks like spam' } },
      { status: 'failed', reason: 'smtp 554 5.7.1' },
      'none',
    ],
    [
      'hangs up after the message leaves it in doubt',
      { hangUpAfterMessage: true },
      { status: 'in_doubt', reason: 'smtp ECONNRESET after the message' },
      'none',
    ],
  ]
  test.each(endings)('%s', async (_name, manners, outcome, suppression) => {
    const customer = await addCustomer(world)
    const id = await plan(customer)
    world.mail.behave(manners)
    expect(await deliver(id, customer.id)).toEqual(outcome)
    expect(await row(id)).toMatchObject({ ...outcome, attempts: 1 })
    world.mail.behave({})
    expect(await deliver(id, customer.id, 2)).toEqual(outcome)
    const { rows } = await world.database.pool.query<{ reason: string }>(
      `SELECT reason FROM suppressions WHERE channel = 'email' AND address_hash = $1`,
      [world.vault.lookupHash('email', customer.email)],
    )
    expect(rows[0]?.reason ?? 'none').toBe(suppression)
  })

  const delays: [string, Manners, string][] = [
    ['is busy', { refuseRecipient: { code: 451, text: '4.7.1 try later' } }, 'smtp 451 4.7.1'],
    ['is full', { refuseMessage: { code: 452, text: '4.2.2 mailbox full' } }, 'smtp 452 4.2.2'],
    ['hangs up before the message', { hangUpAtRecipient: true }, 'smtp ECONNRESET'],
  ]
  test.each(delays)('%s will be asked again', async (_name, manners, reason) => {
    const customer = await addCustomer(world)
    const id = await plan(customer)
    world.mail.behave(manners)
    await expect(deliver(id, customer.id)).rejects.toThrow(new RegExp(`^${reason}$`))
    expect(await row(id)).toMatchObject({ status: 'planned', attempts: 0, claimed_by: null })
    world.mail.behave({})
    expect(await deliver(id, customer.id, 2)).toEqual({ status: 'sent' })
    expect(mailsTo(customer)).toHaveLength(1)
  })

  test('hangs up after a transactional message gets it again, under the same Message-ID', async () => {
    const customer = await addCustomer(world)
    const id = await plan(customer, { messageClass: 'transactional', template: 'receipt' })
    world.mail.behave({ hangUpAfterMessage: true })
    await expect(deliver(id, customer.id)).rejects.toThrow('after the message')
    world.mail.behave({})
    expect(await deliver(id, customer.id, 2)).toEqual({ status: 'sent' })
    expect(mailsTo(customer).map((mail) => mail.messageId)).toEqual([`<${id}@shop.example>`, `<${id}@shop.example>`])
    expect(await row(id)).toMatchObject({ status: 'sent', attempts: 2 })
  })

  test('hangs up after a transactional message five times leaves it in doubt: five copies are enough', async () => {
    const customer = await addCustomer(world)
    const id = await plan(customer, { messageClass: 'transactional', template: 'receipt' })
    world.mail.behave({ hangUpAfterMessage: true })
    for (let attempt = 1; attempt < 5; attempt++)
      await expect(deliver(id, customer.id, attempt)).rejects.toThrow('after the message')
    expect(await deliver(id, customer.id, 5)).toMatchObject({ status: 'in_doubt' })
    expect(mailsTo(customer)).toHaveLength(5)
  })

  test('refuses a receipt for good, after an attempt of which nobody knows: it stays in doubt, and the address is out', async () => {
    const customer = await addCustomer(world)
    const id = await plan(customer, { messageClass: 'transactional', template: 'receipt' })
    world.mail.behave({ hangUpAfterMessage: true })
    await expect(deliver(id, customer.id)).rejects.toThrow('after the message')
    world.mail.behave({ refuseRecipient: { code: 550, text: '5.1.1 no such user' } })
    const expected = { status: 'in_doubt', reason: 'an earlier attempt may have arrived; then smtp 550 5.1.1' }
    expect(await deliver(id, customer.id, 2)).toEqual(expected)
    expect(await row(id)).toMatchObject(expected)
    expect(mailsTo(customer)).toHaveLength(1)
    const next = await plan(customer, { messageClass: 'transactional', template: 'receipt' })
    expect(await deliver(next, customer.id)).toEqual({ status: 'refused', reason: 'suppressed' })
  })

  test('is away will be asked again', async () => {
    const customer = await addCustomer(world)
    const id = await plan(customer)
    await world.mail.close()
    await expect(deliver(id, customer.id)).rejects.toThrow('smtp ECONNREFUSED')
    await world.mail.reopen()
    expect(await deliver(id, customer.id, 2)).toEqual({ status: 'sent' })
  })
})

describe('a message that an earlier attempt held', () => {
  const takeovers: [string, Wanted, Partial<DeliveryOutcome>, number][] = [
    ['while preparing it is taken over at once', { status: 'claimed' }, { status: 'sent' }, 1],
    [
      'while transmitting marketing is in doubt, and never sent again',
      { status: 'transmitting' },
      { status: 'in_doubt', reason: 'the sender was lost while transmitting' },
      0,
    ],
    [
      'while transmitting a receipt is sent again',
      { status: 'transmitting', messageClass: 'transactional', template: 'receipt' },
      { status: 'sent' },
      1,
    ],
  ]
  test.each(takeovers)('%s', async (_name, wanted, expected, copies) => {
    const customer = await addCustomer(world)
    const id = await plan(customer, { ...wanted, claimedBy: `${customer.id}#old`, leaseSeconds: 60 })
    expect(await deliver(id, customer.id, 2)).toEqual(expected)
    expect(await deliver(id, customer.id, 3)).toEqual(expected)
    expect(mailsTo(customer)).toHaveLength(copies)
  })

  const ends: [string, (customer: TestCustomer) => Promise<unknown>, string][] = [
    ['has become stale', async () => clock.advance(2 * hourMs), 'expired'],
    ['its address is out', suppressedNow, 'suppressed'],
    ['there is no address any more', goneNow, 'no-address'],
  ]
  test.each(ends)(
    'while transmitting a receipt, and %s: it may have arrived, so it is in doubt, not refused',
    async (_name, prepare, reason) => {
      const customer = await addCustomer(world)
      const wanted = { messageClass: 'transactional', template: 'receipt', status: 'transmitting' } as const
      const held = { claimedBy: `${customer.id}#old`, leaseSeconds: 60, expiresInMs: hourMs }
      const id = await plan(customer, { ...wanted, ...held })
      await world.database.pool.query('UPDATE messages SET attempts = 1 WHERE id = $1', [id])
      await prepare(customer)
      const expected = { status: 'in_doubt', reason: `an earlier attempt may have arrived; then ${reason}` }
      expect(await deliver(id, customer.id, 2)).toEqual(expected)
      expect(await row(id)).toMatchObject(expected)
      expect(mailsTo(customer)).toEqual([])
      // Why it was not sent again is a record all the same.
      const { rows } = await world.database.pool.query('SELECT outcome FROM decision_records WHERE customer_id = $1', [
        customer.id,
      ])
      expect(rows).toEqual([{ outcome: 'refused' }])
    },
  )

  async function suppressedNow({ email }: TestCustomer): Promise<void> {
    const addressHash = world.vault.lookupHash('email', email)
    await suppress(world.database.pool, { channel: 'email', addressHash, reason: 'bounce', detail: null, atMs: 0 })
  }
  async function goneNow({ id }: TestCustomer): Promise<void> {
    await world.database.pool.query('UPDATE contact_points SET current = false WHERE customer_id = $1', [id])
  }

  test('in another lane is left alone while that lease lasts, and looked at again soon', async () => {
    const customer = await addCustomer(world)
    const id = await plan(customer, { status: 'claimed', claimedBy: 'crowd#1', leaseSeconds: 60 })
    await expect(deliver(id, customer.id)).rejects.toMatchObject({
      message: 'another sender holds it',
      // A lane that is alive is done long before its lease ends.
      nextRetryDelay: expect.toSatisfy((ms: number) => ms > 0 && ms <= 5_000),
    })
    await world.database.pool.query(
      `UPDATE messages SET lease_until = clock_timestamp() - interval '1 second' WHERE id = $1`,
      [id],
    )
    expect(await deliver(id, customer.id, 2)).toEqual({ status: 'sent' })
  })
})

describe('a template that cannot be rendered', () => {
  test('fails the message, and the reason holds no personal data', async () => {
    const customer = await addCustomer(world)
    await world.database.pool.query(
      `INSERT INTO templates VALUES ('broken', 'v1', 'email', 'x', NULL, '{{ customer.firstName | date_to_xyz }}', 'live', now())`,
    )
    const id = await plan(customer, { template: 'broken' })
    const outcome = await deliver(id, customer.id)
    expect(outcome).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('template broken: undefined filter'),
    })
    expect(JSON.stringify(outcome)).not.toContain('Rosalind')
  })

  test('fails the message when there is no such template', async () => {
    const customer = await addCustomer(world)
    const id = await plan(customer, { template: 'nowhere' })
    expect(await deliver(id, customer.id)).toEqual({ status: 'failed', reason: 'there is no template nowhere' })
  })
})
