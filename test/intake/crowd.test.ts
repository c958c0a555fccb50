/**
 * Many customers, whose events come late, twice and in no order, over the turn of a month, to four intake processes of
 * which one is killed: in the end the rows are those of a plain recount.
 *
 * A hundred events each. PERENNIAL_TEST_EVENTS=200000 is the full size.
 */

import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { counted } from './support/counted.ts'
import { makeCrowd } from './support/crowd.ts'
import { eventually, startIntakeProcess } from './support/processes.ts'
import { recount } from './support/recount.ts'
import { openShop, type Shop, startMs } from './support/shop.ts'

const eventsEach = 100
const people = Math.max(20, Math.round(Number(process.env['PERENNIAL_TEST_EVENTS'] ?? 10_000) / eventsEach))
const patienceMs = 120_000 + people * 300
/** Nobody listens here: nudging waits, which must not hold up intake. */
const nowhere = '127.0.0.1:9'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
  await publishCampaigns(shop.database, fileURLToPath(new URL('../../campaigns', import.meta.url)), startMs)
})
afterAll(() => shop.close())

async function count(sql: string): Promise<number> {
  return (await shop.rows<{ n: number }>(`SELECT count(*)::int AS n FROM ${sql}`))[0]?.n ?? 0
}

test(`${people * eventsEach} events of ${people} customers end in the rows of a recount`, {
  timeout: 2 * patienceMs,
}, async () => {
  const { calls, arriving } = makeCrowd(people, eventsEach, 7)
  const some = Math.ceil(calls.length / 10)
  const processes = await Promise.all(Array.from({ length: 4 }, () => startIntakeProcess(shop.url, nowhere)))
  const startedAt = performance.now()

  const feed = async (messages: typeof arriving, nowMs: number): Promise<void> => {
    shop.time.nowMs = nowMs
    for (let from = 0; from < messages.length; from += 500) await shop.take(messages.slice(from, from + 500))
  }
  const half = Math.ceil(arriving.length / 2)
  await feed(arriving.slice(0, half), startMs - 2 * 86_400_000)
  await eventually(
    'some are handled',
    // No more is counted than has to be: over all events this would cost more than handling them.
    async () => (await count(`(SELECT FROM events WHERE handled_at IS NOT NULL LIMIT ${some}) AS handled`)) === some,
    patienceMs,
  )
  // Only now the rest: whoever took everything at once would find nobody's nameless past with somebody else.
  const feeding = feed(arriving.slice(half), startMs)
  await processes[0]?.end('SIGKILL')
  await feeding
  await eventually(
    'all are handled',
    async () => (await count('(SELECT FROM events WHERE handled_at IS NULL LIMIT 1) AS waiting')) === 0,
    patienceMs,
  )
  await eventually(
    'all categories are counted',
    async () => (await count('products WHERE category_changes > category_counted')) === 0,
    patienceMs,
  )
  const seconds = (performance.now() - startedAt) / 1_000
  process.stderr.write(`${arriving.length} messages in ${seconds.toFixed(1)} s\n`)
  await Promise.all(processes.slice(1).map((one) => one.end('SIGTERM')))

  expect(await count('events')).toBe(calls.length)
  expect(await count('events WHERE problem IS NOT NULL OR customer_id IS NULL')).toBe(0)
  // As many months as there were, and everybody's nameless past has joined them.
  expect(await count('(SELECT DISTINCT tableoid FROM events)')).toBe(2)
  expect(await count('customers WHERE merged_into IS NOT NULL')).toBeGreaterThan(people / 10)
  const [found, wanted] = [await counted(shop), recount(calls)]
  expect(found.orders).toEqual(wanted.orders)
  expect(found.customers).toEqual(wanted.customers)
  expect(found.categories).toEqual(wanted.categories)
  expect(found.eventDays).toEqual(wanted.eventDays)
})
