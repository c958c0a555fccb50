/**
 * The story of the customer's workflow by itself: what it does with every kind of plan. Real Temporal and real workflow
 * code; the activities answer what the test says.
 */

import { randomUUID } from 'node:crypto'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DeliveryOutcome, Review } from '../../activities/activity-types.ts'
import { customerWorkflowId, deliveryQueues, lifecycleQueue } from '../../workflows/ids.ts'
import { until } from './support/customers.ts'
import { look, openNamespace, testBundle } from './support/world.ts'

type Namespace = Awaited<ReturnType<typeof openNamespace>>

let temporal: Namespace

beforeAll(async () => {
  temporal = await openNamespace()
})
afterAll(() => temporal.disconnect())

interface Answers {
  readonly reviewCustomer: (customerId: string) => Promise<Review | null>
  readonly scoreCustomer?: () => Promise<void>
  readonly deliverMessage?: (messageId: string) => Promise<DeliveryOutcome>
}

const plan = (part: Partial<Review> = {}): Review => ({
  standing: { stage: 'acquire', segments: [], journeys: [] },
  messages: [],
  scoresAreStale: false,
  ...part,
})

const message = (id: string): Review['messages'][number] => ({ id, channel: 'email', summary: 'Email', priority: 3 })

async function withAnswers(answers: Answers, work: (customerId: string) => Promise<void>, cached = 0): Promise<void> {
  const workflowBundle = await testBundle()
  const common = { connection: temporal.connection, namespace: temporal.namespace }
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue: lifecycleQueue,
      workflowBundle,
      activities: answers,
      maxCachedWorkflows: cached,
    }),
    Worker.create({ ...common, taskQueue: deliveryQueues.email, activities: answers }),
  ])
  const running = workers.map((worker) => worker.run())
  try {
    await work(randomUUID())
  } finally {
    for (const worker of workers) worker.shutdown()
    await Promise.all(running)
  }
}

const resultOf = (customerId: string): Promise<unknown> =>
  temporal.client.workflow.getHandle(customerWorkflowId(customerId)).result()

test('stale scores lead to scores, and then to another review', async () => {
  const calls: string[] = []
  const answers: Answers = {
    reviewCustomer: async () => plan({ scoresAreStale: calls.push('review') === 1 }),
    scoreCustomer: async () => void calls.push('score'),
  }
  await withAnswers(answers, async (customerId) => {
    await look(temporal.client, customerId)
    await resultOf(customerId)
  })
  expect(calls).toEqual(['review', 'score', 'review'])
})

test('scores that stay stale are tried three times at once, then with patience', async () => {
  let scorings = 0
  const answers: Answers = {
    reviewCustomer: async () => plan({ scoresAreStale: true }),
    scoreCustomer: async () => void scorings++,
  }
  await withAnswers(answers, async (customerId) => {
    await look(temporal.client, customerId)
    await until('three attempts were made', () => scorings === 3)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(scorings).toBe(3)
    await temporal.client.workflow.getHandle(customerWorkflowId(customerId)).terminate()
  })
})

test('a message that a review names again while it is under way is not begun again', async () => {
  let deliveries = 0
  let answer: (outcome: DeliveryOutcome) => void = () => undefined
  const answers: Answers = {
    reviewCustomer: async () => plan({ messages: deliveries < 2 ? [message('m')] : [] }),
    deliverMessage: () => {
      deliveries++
      return new Promise((resolve) => (answer = resolve))
    },
  }
  await withAnswers(answers, async (customerId) => {
    await look(temporal.client, customerId)
    await until('it is under way', () => deliveries === 1)
    for (let i = 0; i < 3; i++) await look(temporal.client, customerId)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(deliveries).toBe(1)
    answer({ status: 'sent' })
    await resultOf(customerId)
  })
})

test('a message that was postponed makes the workflow look again', async () => {
  let reviews = 0
  const answers: Answers = {
    reviewCustomer: async () => plan({ messages: ++reviews === 1 ? [message('m')] : [] }),
    deliverMessage: async () => ({ status: 'postponed' }),
  }
  await withAnswers(answers, async (customerId) => {
    await look(temporal.client, customerId)
    await resultOf(customerId)
  })
  expect(reviews).toBe(2)
})

test('an outage of reviews is waited out', async () => {
  let reviews = 0
  const answers: Answers = {
    reviewCustomer: async () => {
      if (++reviews < 3) throw new Error('the database is away')
      return plan()
    },
  }
  await withAnswers(answers, async (customerId) => {
    await look(temporal.client, customerId)
    await resultOf(customerId)
  })
  expect(reviews).toBe(3)
})

test('a customer who is gone ends the workflow', async () => {
  await withAnswers({ reviewCustomer: async () => null }, async (customerId) => {
    await look(temporal.client, customerId)
    expect(await resultOf(customerId)).toBeUndefined()
  })
})

test('a workflow whose history has grown long goes on as a new run, and misses nothing', async () => {
  let reviews = 0
  let deliveries = 0
  // Nine of these are more than the 4 MiB that Temporal lets a history grow to.
  const ballast = { ballast: 'x'.repeat(500_000) }
  const answers: Answers = {
    reviewCustomer: async () => {
      const messages = [message(`m${++reviews}`)]
      return { ...plan(reviews < 12 ? { messages, wakeInMs: 1 } : { messages }), ...ballast }
    },
    deliverMessage: async () => {
      deliveries++
      return { status: 'sent' }
    },
  }
  await withAnswers(answers, async (customerId) => {
    await look(temporal.client, customerId)
    const handle = temporal.client.workflow.getHandle(customerWorkflowId(customerId))
    const first = await handle.describe()
    await handle.result()
    const last = await handle.describe()
    expect(last.runId).not.toBe(first.runId)
    expect(last.status.name).toBe('COMPLETED')
  })
  expect(deliveries).toBe(reviews)
})
