/** Twenty thousand want one of a thousand, and processes die in the middle: never one coupon more, and none lost. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createReviewActivities } from '../../activities/review.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { createDefinitionsCache } from '../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { saveDecisions } from '../../src/store/decisions.ts'
import { createIdentifiers } from '../../src/store/identifiers.ts'
import { loadCodes } from '../../src/store/offers/codes.ts'
import { CouponsRefusedError } from '../../src/store/offers/reserve.ts'
import { createReviewStore } from '../../src/store/reviews.ts'
import { Vault } from '../../src/store/vault.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { mondayNoonMs as nowMs } from '../workflows/support/store-world.ts'
import { addCustomers, ask, inParallel, publishOffers } from './support/offer-shop.ts'

const issuingProcess = fileURLToPath(new URL('support/issuing-process.ts', import.meta.url))
const vault = new Vault(Buffer.alloc(32, 7))
const lanes = 20
let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url, { pipeline: true, maxConnections: lanes })
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

const budget = (coupons: number): string =>
  `name: Few\ndiscount: { type: amount, amount_cents: 500, currency: EUR }\ncode_prefix: FEW\nbudget: { coupons: ${coupons} }`
const pool = 'name: Given\ndiscount: { type: percent, percent: 10 }\ncodes: pool\n'

async function loadPool(offer: string, count: number): Promise<void> {
  const codes = Array.from({ length: count }, (_, i) => `${offer}-${i}`)
  await database.transaction((client) => loadCodes(client, offer, codes, nowMs))
}

async function one<Row extends object>(sql: string, values: unknown[]): Promise<Row> {
  return (await database.pool.query<Row>(sql, values)).rows[0] as Row
}

/** Coupons, what was counted against the budget, and codes taken without a coupon that has them. */
function standOf(offer: string): Promise<{ coupons: number; codes: number; counted: number; lost: number }> {
  return one(
    `SELECT (SELECT count(*) FROM coupons WHERE offer = $1) AS coupons,
            (SELECT count(DISTINCT code) FROM coupons WHERE offer = $1) AS codes,
            (SELECT issued FROM offer_limits WHERE offer = $1) AS counted,
            (SELECT count(*) FROM offer_codes o WHERE offer = $1 AND coupon_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM coupons c WHERE c.id = o.coupon_id AND c.code = o.code)) AS lost`,
    [offer],
  )
}

function identifiers(customerId: string, salt = 0) {
  return createIdentifiers(vault, customerId, salt)
}

/** Nothing but a coupon: what a review would save of it. */
function couponFor(customerId: string, offer: string, fromPool: boolean): Decision {
  const { id, code } = identifiers(customerId)
  const coupon = { id: id(offer), offer, code: fromPool ? null : code(offer), costCents: 500, expiresAtMs: null }
  return {
    move: null,
    atRisk: false,
    runs: [],
    messages: [],
    coupons: [coupon],
    tasks: [],
    assignments: [],
    traits: {},
    records: [],
    consumedNews: [],
    wakeAtMs: null,
    scoresAreStale: false,
  }
}

describe('of a thousand coupons', () => {
  test.each<[string, string, string, boolean, number]>([
    // Whoever a budget refuses has written a coupon before, and rolls it back: a fifth takes as long.
    ['from a pool', 'pool', pool, true, 20_000],
    ['in a budget', 'budget', budget(1_000), false, 4_000],
  ])(
    '%s, as many reservations at once as come get exactly a thousand',
    async (_, offer, document, fromPool, count) => {
      await publishOffers(database, nowMs, { [offer]: document })
      if (fromPool) await loadPool(offer, 1_000)
      const ids = await addCustomers(database, nowMs, count)
      let refused = 0
      await inParallel(ids, lanes, async (customerId) => {
        const save = {
          customerId,
          decision: couponFor(customerId, offer, fromPool),
          decidedAtMs: nowMs,
          dueAtMs: null,
          rules: '',
        }
        await database
          .transaction((client) => saveDecisions(client, [save]))
          .catch((error: unknown) => {
            if (!(error instanceof CouponsRefusedError)) throw error
            refused++
          })
      })
      expect(refused).toBe(count - 1_000)
      expect(await standOf(offer)).toMatchObject({ coupons: 1_000, codes: 1_000, lost: 0 })
    },
    300_000,
  )

  test.each([
    ['from a pool', 'pool-2', pool, true],
    ['in a budget', 'budget-2', budget(1_000), false],
  ])(
    '%s, two thousand customers reviewed at once get exactly a thousand',
    async (_, offer, document, fromPool) => {
      await publishOffers(database, nowMs, { [offer]: document })
      if (fromPool) await loadPool(offer, 1_000)
      const ids = await addCustomers(database, nowMs, 2_000)
      await ask(database, nowMs, ids, offer)
      const { reviewCustomer } = createReviewActivities({
        reviews: createReviewStore(database),
        definitions: createDefinitionsCache(database),
        clock: { speed: 1, nowMs: () => nowMs, realMsUntil: () => 0 },
        identifiers,
      })
      await inParallel(ids, lanes, reviewCustomer)
      expect(await standOf(offer)).toMatchObject({ coupons: 1_000, codes: 1_000, lost: 0 })
      const { refused } = await one<{ refused: number }>(
        `SELECT count(*) AS refused FROM decision_records
        WHERE kind = 'offer' AND outcome = 'refused' AND detail ->> 'offer' = $1`,
        [offer],
      )
      expect(refused).toBe(1_000)
    },
    300_000,
  )
})

test('processes that are killed while they issue lose no coupon and issue none too many', async () => {
  await publishOffers(database, nowMs, { killed: budget(300), taken: pool })
  await loadPool('taken', 300)
  const ids = await addCustomers(database, nowMs, 1_000)
  await ask(database, nowMs, ids.slice(0, 500), 'killed')
  await ask(database, nowMs, ids.slice(500), 'taken')
  const stands: number[] = []
  for (let kills = 0; kills < 4; kills++) {
    const child = startIssuing()
    await once(child, 'message')
    const before = await couponCount()
    while ((await couponCount()) < before + 60) await new Promise((resolve) => setTimeout(resolve, 5))
    child.kill('SIGKILL')
    await once(child, 'exit')
    stands.push(await couponCount())
    for (const offer of ['killed', 'taken']) {
      const { coupons, lost, counted } = await standOf(offer)
      expect({ offer, lost, isCounted: offer === 'taken' || coupons === counted }).toEqual({
        offer,
        lost: 0,
        isCounted: true,
      })
    }
  }
  // It was in the middle each time: there was still something to issue.
  expect(stands.every((count) => count > 0 && count < 600)).toBe(true)
  const [code] = (await once(startIssuing(), 'exit')) as [number | null]
  expect(code).toBe(0)
  expect(await standOf('killed')).toMatchObject({ coupons: 300, codes: 300, counted: 300 })
  expect(await standOf('taken')).toMatchObject({ coupons: 300, codes: 300, lost: 0 })
}, 300_000)

async function couponCount(): Promise<number> {
  const { count } = await one<{ count: number }>(`SELECT count(*) FROM coupons WHERE offer = ANY ($1)`, [
    ['killed', 'taken'],
  ])
  return count
}

function startIssuing(): ChildProcess {
  return fork(issuingProcess, [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { PATH: process.env['PATH'], DATABASE_URL: testDatabase.url },
  })
}
