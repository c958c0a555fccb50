import pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { openTestTemporal, uniqueName } from '../support/temporal.ts'

test('a test database is migrated, empty and gone after the drop', async () => {
  const first = await createTestDatabase()
  const second = await createTestDatabase()
  expect(first.url).not.toBe(second.url)

  const client = new pg.Client({ connectionString: first.url })
  await client.connect()
  const { rows } = await client.query(
    'SELECT count(*)::int AS applied FROM _prisma_migrations WHERE finished_at IS NOT NULL',
  )
  expect(rows[0].applied).toBeGreaterThan(0)
  expect((await client.query('SELECT 1 FROM customers LIMIT 1')).rowCount).toBe(0)
  await client.end()

  await first.drop()
  await second.drop()
  await expect(new pg.Client({ connectionString: first.url }).connect()).rejects.toThrow(/does not exist/)
})

test('the Temporal server knows the search attributes', async () => {
  const temporal = await openTestTemporal()
  const handle = await temporal.client.workflow.start('anything', {
    taskQueue: uniqueName('nobody-listens'),
    workflowId: uniqueName('search'),
    searchAttributes: {
      LifecycleStage: ['retain'],
      ChurnRisk: [0.4],
      LifetimeValue: [120.5],
      CustomerSegments: ['loyal', 'berlin'],
      Journeys: ['welcome'],
      NextStep: ['Delay 3 days'],
    },
  })
  const { searchAttributes } = await handle.describe()
  expect(searchAttributes['CustomerSegments']).toEqual(['loyal', 'berlin'])
  await expect
    .poll(
      async () =>
        (
          await temporal.client.workflow.count(
            `WorkflowId = '${handle.workflowId}' AND ChurnRisk < 0.5 AND LifecycleStage = 'retain' AND CustomerSegments = 'loyal'`,
          )
        ).count,
      { timeout: 10_000 },
    )
    .toBe(1)
  await handle.terminate()
  await temporal.close()
})

test('the Temporal server refuses a search attribute that nobody registered', async () => {
  const temporal = await openTestTemporal()
  const start = temporal.client.workflow.start('anything', {
    taskQueue: uniqueName('nobody-listens'),
    workflowId: uniqueName('search'),
    searchAttributes: { Surname: ['no personal data here'] },
  })
  await expect(start).rejects.toMatchObject({ cause: { details: expect.stringContaining('Surname') as string } })
  await temporal.close()
})
