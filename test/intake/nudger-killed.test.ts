/** Intake processes die between what made the news and the nudge, and in the middle of nudging: everybody is told all the same. */

import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { customerWorkflowId } from '../../workflows/ids.ts'
import { openTestTemporal, type TestTemporal } from '../support/temporal.ts'
import { eventually, startIntakeProcess } from './support/processes.ts'
import { openShop, type Shop, startMs } from './support/shop.ts'

let shop: Shop
let temporal: TestTemporal
const crowdFrom = process.env['PERENNIAL_CROWD_FROM']
beforeAll(async () => {
  ;[shop, temporal] = await Promise.all([openShop(), openTestTemporal()])
  await publishCampaigns(shop.database, fileURLToPath(new URL('../../campaigns', import.meta.url)), startMs)
  process.env['PERENNIAL_CROWD_FROM'] = '1000000' // One by one, so that there is a middle to die in.
})
afterAll(async () => {
  if (crowdFrom === undefined) delete process.env['PERENNIAL_CROWD_FROM']
  else process.env['PERENNIAL_CROWD_FROM'] = crowdFrom
  await temporal.close()
  await shop.close()
})

const nowhere = '127.0.0.1:9'
const people = 60

const untold = async (): Promise<number> => (await shop.rows('SELECT FROM news WHERE nudged_at IS NULL')).length

/** How often a customer's workflow was told to look; 0 where there is none. No worker runs here, so the signals stay. */
async function looks(customerId: string): Promise<number> {
  const handle = temporal.client.workflow.getHandle(customerWorkflowId(customerId))
  const history = await handle.fetchHistory().catch(() => undefined)
  const signals = (history?.events ?? []).map(
    ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName,
  )
  return signals.filter((name) => name === 'look').length
}

test('nobody is left untold', { timeout: 180_000 }, async () => {
  await shop.take(
    Array.from({ length: people }, (_, i) => ({ type: 'identify', userId: `u${i}`, traits: { plan: 'pro' } })),
  )
  const first = await startIntakeProcess(shop.url, nowhere)
  await eventually('everything is handled', async () => {
    const waiting = await shop.rows('SELECT FROM events WHERE handled_at IS NULL')
    return waiting.length === 0
  })
  await first.end('SIGKILL')
  expect(await untold()).toBe(people)
  const ids = (await shop.rows<{ id: string }>('SELECT id FROM customers')).map(({ id }) => id)
  expect(await Promise.all(ids.map(looks))).toEqual(ids.map(() => 0))

  const second = await startIntakeProcess(shop.url, temporal.address)
  await eventually('somebody is told', async () => (await Promise.all(ids.map(looks))).some((count) => count > 0))
  await second.end('SIGKILL')

  const third = await startIntakeProcess(shop.url, temporal.address)
  await eventually('nothing is left to tell', async () => (await untold()) === 0)
  await third.end('SIGTERM')
  const told = await Promise.all(ids.map(looks))
  expect(told.filter((count) => count === 0)).toEqual([])
  // Told once more by whoever came after the one who died, and no more often: a repeated nudge changes nothing.
  expect(Math.max(...told)).toBeLessThanOrEqual(2)
})
