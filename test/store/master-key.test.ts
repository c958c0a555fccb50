/** A database belongs to one master key, whoever comes first and however many come at once. */

import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { insertCustomerKeys } from '../../src/store/customers.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { checkMasterKey } from '../../src/store/master-key.ts'
import { Vault } from '../../src/store/vault.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url, { maxConnections: 20 })
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})
beforeEach(() => database.pool.query('TRUNCATE installation, customer_keys'))

const newVault = (): Vault => new Vault(randomBytes(32))
const check = (vault: Vault): Promise<string> =>
  checkMasterKey(database.pool, vault).then(
    () => 'right',
    (error: unknown) => (error instanceof RangeError ? error.message : String(error)),
  )
const refused = expect.stringMatching(/^PERENNIAL_MASTER_KEY: is not the key/) as string

test('the same key is right as often as it comes; another one is refused, and changes nothing', async () => {
  const vault = newVault()
  expect([await check(vault), await check(vault)]).toEqual(['right', 'right'])
  expect([await check(newVault()), await check(vault)]).toEqual([refused, 'right'])
})

test('of machines with two keys that begin at once those with one key go on, and all others are refused', async () => {
  const vaults = [newVault(), newVault()] as const
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => check(vaults[i % 2 === 0 ? 0 : 1])))
  const [evens, odds] = [answers.filter((_, i) => i % 2 === 0), answers.filter((_, i) => i % 2 === 1)]
  const [right, wrong] = evens[0] === 'right' ? [evens, odds] : [odds, evens]
  expect(new Set(right)).toEqual(new Set(['right']))
  expect([...new Set(wrong)]).toEqual([refused])
})

test('customers from before there was a mark tell whose the database is', async () => {
  const vault = newVault()
  const customerId = randomUUID()
  await insertCustomerKeys(database.pool, [{ customerId, wrappedKey: vault.createCustomerKey(customerId).wrapped }], 0)
  expect(await check(newVault())).toEqual(refused)
  expect((await database.pool.query('SELECT 1 FROM installation')).rowCount).toBe(0)
  expect(await check(vault)).toBe('right')
})
