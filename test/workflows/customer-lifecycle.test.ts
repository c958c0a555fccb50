/** The customer's workflow on a real Temporal, from news to inbox. Nothing is cached: every step replays all before. */

import type { temporal } from '@temporalio/proto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { customerWorkflowId } from '../../workflows/ids.ts'
import { erasedSignal, mergedSignal, standingQuery } from '../../workflows/messages.ts'
import { historyAsText } from '../support/histories.ts'
import { addCustomer, arrive, happen, ledgerOf, order, type TestCustomer, until } from './support/customers.ts'
import { createWorld, type World } from './support/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld()
})
afterEach(() => world.mail.behave({}))
afterAll(() => world.close())

const workflowOf = (customer: TestCustomer): ReturnType<World['client']['workflow']['getHandle']> =>
  world.client.workflow.getHandle(customerWorkflowId(customer.id))

const mailsTo = (customer: TestCustomer): World['mail']['inbox'] =>
  world.mail.inbox.filter((mail) => JSON.stringify(mail.to).includes(customer.email))

async function customerRow(customer: TestCustomer): Promise<Record<string, unknown>> {
  const { rows } = await world.database.pool.query<Record<string, unknown>>('SELECT * FROM customers WHERE id = $1', [
    customer.id,
  ])
  return rows[0]!
}

async function unreadNews(customer: TestCustomer): Promise<number> {
  const { rows } = await world.database.pool.query<{ unread: number }>(
    'SELECT count(*)::int AS unread FROM news WHERE customer_id = $1 AND consumed_at IS NULL',
    [customer.id],
  )
  return rows[0]!.unread
}

describe('a new customer', () => {
  test('is welcomed with a code, nudged three days later, and then left alone', async () => {
    const customer = await addCustomer(world)
    await arrive(world, customer.id)
    await world.withWorkers(async () => {
      await world.look(customer.id)
      await workflowOf(customer).result()
    })

    const mails = mailsTo(customer)
    expect(mails.map((mail) => mail.subject)).toEqual(['Hello Rosalind', 'Still there?'])
    expect(mails[0]?.text).toMatch(/HELLO-?[A-Z0-9]{10}/)
    expect(await ledgerOf(world, customer.id)).toMatchObject([
      { step: 'hello', status: 'sent', attempts: 1 },
      { step: 'nudge', status: 'sent', attempts: 1 },
    ])
    expect(await customerRow(customer)).toMatchObject({ due_at: null, stage: 'acquire' })
  })

  test('who buys is scored, moves on, and is not nudged', async () => {
    const customer = await addCustomer(world)
    await arrive(world, customer.id)
    await world.withWorkers(async () => {
      await world.look(customer.id)
      await until('the welcome has arrived', () => mailsTo(customer).length === 1)
      await order(world, customer.id, 4_999)
      await world.look(customer.id)
      await until('the order was read', async () => (await unreadNews(customer)) === 0)
      await workflowOf(customer).result()
    })

    expect(mailsTo(customer).map((mail) => mail.subject)).toEqual(['Hello Rosalind'])
    expect(await customerRow(customer)).toMatchObject({ stage: 'activate', due_at: null })
    const { rows } = await world.database.pool.query(
      `SELECT kind, value > 0 AS positive FROM scores WHERE customer_id = $1 ORDER BY kind`,
      [customer.id],
    )
    expect(rows).toEqual([
      { kind: 'churn', positive: true },
      { kind: 'clv', positive: true },
      { kind: 'purchase', positive: true },
    ])
  })

  test('stands in the Temporal UI with stage, journey and next step, and in its list', async () => {
    const customer = await addCustomer(world)
    await arrive(world, customer.id)
    await world.withWorkers(async () => {
      await world.look(customer.id)
      await until('the welcome has arrived', () => mailsTo(customer).length === 1)

      expect(await workflowOf(customer).query(standingQuery)).toEqual({
        stage: 'acquire',
        segments: [],
        journeys: ['welcome'],
        nextStep: 'Delay 3 days · welcome › pause',
      })
      const query = `LifecycleStage = 'acquire' AND Journeys = 'welcome' AND WorkflowId = '${customerWorkflowId(customer.id)}'`
      await until('the list finds it', async () => (await world.client.workflow.count(query)).count === 1)
      const details = await currentDetails(customer)
      expect(details).toContain('Stage: **acquire**')
      expect(details).toContain('Next: Delay 3 days · welcome › pause')

      const summaries = await summariesIn(customer)
      expect(summaries).toEqual(['Look and decide', 'Email · welcome › hello', 'Delay 3 days · welcome › pause'])
      await workflowOf(customer).signal(erasedSignal)
      await workflowOf(customer).result()
    })
  })
})

/** What the Temporal UI shows on top of a workflow. */
async function currentDetails(customer: TestCustomer): Promise<string> {
  const { queryResult } = await world.client.workflowService.queryWorkflow({
    namespace: world.namespace,
    execution: { workflowId: customerWorkflowId(customer.id) },
    query: { queryType: '__temporal_workflow_metadata' },
  })
  return (JSON.parse(text(queryResult?.payloads?.[0])) as { currentDetails: string }).currentDetails
}

async function summariesIn(customer: TestCustomer): Promise<string[]> {
  const { events } = await workflowOf(customer).fetchHistory()
  return (events ?? []).flatMap(({ userMetadata }) => {
    if (!userMetadata?.summary) return []
    return [JSON.parse(text(userMetadata.summary)) as string]
  })
}

function text(payload: temporal.api.common.v1.IPayload | undefined): string {
  return Buffer.from(payload?.data ?? []).toString()
}

describe('news', () => {
  test('that comes while the workflow works, sleeps or ends is never left unread', async () => {
    const customers = await Promise.all(Array.from({ length: 4 }, () => addCustomer(world)))
    await world.withWorkers(
      async () => {
        for (let round = 0; round < 12; round++) {
          await Promise.all(
            customers.map(async (customer) => {
              await happen(world, customer.id, 'Offer Wanted')
              await world.look(customer.id)
            }),
          )
          // Around the length of a review, so that looks come at every point of it.
          await new Promise((resolve) => setTimeout(resolve, round * 9))
        }
        await until('everything is read', async () =>
          (await Promise.all(customers.map(unreadNews))).every((n) => n === 0),
        )
      },
      { maxCachedWorkflows: 100 },
    )
    expect(await Promise.all(customers.map(unreadNews))).toEqual([0, 0, 0, 0])
  })

  test('that is said a hundred times over leads to what it leads to once', async () => {
    const customer = await addCustomer(world)
    await arrive(world, customer.id)
    await world.withWorkers(async () => {
      await Promise.all(Array.from({ length: 100 }, () => world.look(customer.id)))
      await until('the welcome has arrived', () => mailsTo(customer).length > 0)
      await workflowOf(customer).result()
    })
    expect(mailsTo(customer).map((mail) => mail.subject)).toEqual(['Hello Rosalind', 'Still there?'])
    expect(await ledgerOf(world, customer.id)).toHaveLength(2)
  })
})

describe('a workflow ends', () => {
  test('when its customer is erased', async () => {
    const customer = await addCustomer(world)
    await arrive(world, customer.id)
    await world.withWorkers(async () => {
      await world.look(customer.id)
      await until('the welcome has arrived', () => mailsTo(customer).length === 1)
      await workflowOf(customer).signal(erasedSignal)
      await workflowOf(customer).result()
    })
    expect(mailsTo(customer)).toHaveLength(1)
  })

  test('when its customer became part of another one, and reads what was left', async () => {
    const customer = await addCustomer(world)
    const other = await addCustomer(world)
    await arrive(world, customer.id)
    await world.database.pool.query('UPDATE customers SET merged_into = $2 WHERE id = $1', [customer.id, other.id])
    await world.withWorkers(async () => {
      await world.look(customer.id)
      await workflowOf(customer).signal(mergedSignal, other.id)
      await workflowOf(customer).result()
    })
    expect(mailsTo(customer)).toEqual([])
    expect(await unreadNews(customer)).toBe(0)
  })
})

describe('while the mail server is away', () => {
  test('the customer moves on, and what has lost its reason is taken back', async () => {
    const customer = await addCustomer(world)
    await world.mail.close()
    await world.withWorkers(async () => {
      await happen(world, customer.id, 'Offer Wanted')
      await world.look(customer.id)
      await until('an attempt has failed', async () => (await ledgerOf(world, customer.id))[0]?.status === 'planned')
      await happen(world, customer.id, 'Offer Forgotten')
      await world.look(customer.id)
      await until('it is taken back', async () => (await ledgerOf(world, customer.id))[0]?.status === 'refused')
      await world.mail.reopen()
      await workflowOf(customer).result()
    })
    expect(await ledgerOf(world, customer.id)).toMatchObject([
      { journey: 'offers', status: 'refused', reason: 'run ended: exit: Offer Forgotten' },
    ])
    expect(mailsTo(customer)).toEqual([])
  })

  test('nothing is lost: it is sent once the server is back', async () => {
    const customer = await addCustomer(world)
    await world.mail.close()
    await world.withWorkers(async () => {
      await happen(world, customer.id, 'Receipt Wanted')
      await world.look(customer.id)
      await until('it is planned', async () => (await ledgerOf(world, customer.id)).length === 1)
      await new Promise((resolve) => setTimeout(resolve, 500))
      await world.mail.reopen()
      await workflowOf(customer).result()
    })
    expect(await ledgerOf(world, customer.id)).toMatchObject([{ status: 'sent', attempts: 1 }])
    expect(mailsTo(customer).map((mail) => mail.subject)).toEqual(['Your receipt'])
  })
})

describe('no history holds personal data:', () => {
  test('neither addresses, nor names, nor numbers, decoded and searched', async () => {
    const customers: TestCustomer[] = []
    await world.withWorkers(async () => {
      for (const firstName of ['Wilhelmina', 'Ferdinando']) {
        const customer = await addCustomer(world, { firstName })
        customers.push(customer)
        await arrive(world, customer.id)
        await happen(world, customer.id, 'Text Wanted')
        await order(world, customer.id, 1_234)
        await world.look(customer.id)
      }
      // One whose every attempt fails, so that failures are in the history too.
      world.mail.behave({ refuseRecipient: { code: 451, text: `4.7.1 <${customers[0]!.email}> try later` } })
      await happen(world, customers[0]!.id, 'Receipt Wanted')
      await world.look(customers[0]!.id)
      await until('a failure is on record', async () => (await pendingFailure(customers[0]!)) !== undefined)
      world.mail.behave({})
      for (const customer of customers) await workflowOf(customer).result()
    })

    const histories = await Promise.all(
      customers.map(async (customer) => historyAsText(await workflowOf(customer).fetchHistory())),
    )
    expect(histories.join()).toContain('customer:') // The decoding works.
    for (const { email, phone, firstName } of customers) {
      for (const secret of [email, phone, phone.slice(1), firstName, firstName.toLowerCase()]) {
        expect(histories.join().includes(secret), `a history holds ${secret}`).toBe(false)
      }
    }
  })
})

async function pendingFailure(customer: TestCustomer): Promise<string | undefined> {
  const { raw } = await workflowOf(customer).describe()
  return raw.pendingActivities?.[0]?.lastFailure?.message ?? undefined
}
