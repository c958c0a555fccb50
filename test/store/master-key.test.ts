/** A database belongs to one master key, whoever comes first and however many come at once. */

import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { insertCustomerKeys } from '../../src/store/customers.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { findVault, openVault, replaceMasterKey } from '../../src/store/master-key.ts'
import { rewrapPage, rewrapStanding } from '../../src/store/rewrap-keys.ts'
import { type MasterKeys, Vault } from '../../src/store/vault.ts'
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
beforeEach(() => database.pool.query('TRUNCATE installation, customer_keys, merged_profiles'))

const newKey = (): MasterKeys => ({ current: randomBytes(32), former: undefined })
const check = (keys: MasterKeys): Promise<string> =>
  openVault(database.pool, keys).then(
    () => 'right',
    (error: unknown) => (error instanceof RangeError ? error.message : String(error)),
  )
const refused = expect.stringMatching(/^PERENNIAL_MASTER_KEY: is not the key/) as string

test('the same key is right as often as it comes; another one is refused, and changes nothing', async () => {
  const keys = newKey()
  expect(await findVault(database.pool, keys)).toBeUndefined()
  expect([await check(keys), await check(keys)]).toEqual(['right', 'right'])
  expect([await check(newKey()), await check(keys)]).toEqual([refused, 'right'])
  await expect(findVault(database.pool, newKey())).rejects.toThrow(/is not the key/)
})

test('of machines with two keys that begin at once those with one key go on, and all others are refused', async () => {
  const keys = [newKey(), newKey()] as const
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => check(keys[i % 2 === 0 ? 0 : 1])))
  const [evens, odds] = [answers.filter((_, i) => i % 2 === 0), answers.filter((_, i) => i % 2 === 1)]
  const [right, wrong] = evens[0] === 'right' ? [evens, odds] : [odds, evens]
  expect(new Set(right)).toEqual(new Set(['right']))
  expect([...new Set(wrong)]).toEqual([refused])
})

test('customers from before there was a mark tell whose the database is', async () => {
  const keys = newKey()
  const vault = new Vault(keys.current)
  const customerId = randomUUID()
  await insertCustomerKeys(database.pool, [{ customerId, wrappedKey: vault.createCustomerKey(customerId).wrapped }], 0)
  expect(await check(newKey())).toEqual(refused)
  expect((await database.pool.query('SELECT 1 FROM installation')).rowCount).toBe(0)
  expect(await check(keys)).toBe('right')
})

/** Customers with a key of their own and something sealed under it, as a vault makes them. */
async function customersOf(vault: Vault, count: number): Promise<{ id: string; sealed: Buffer }[]> {
  const made = Array.from({ length: count }, () => {
    const id = randomUUID()
    const { key, wrapped } = vault.createCustomerKey(id)
    return { id, wrapped, sealed: vault.seal(key, `${id}@example.org`, 'test') }
  })
  const keys = made.map(({ id, wrapped }) => ({ customerId: id, wrappedKey: wrapped }))
  await insertCustomerKeys(database.pool, keys, 0)
  return made
}

async function wrappedKeys(): Promise<Map<string, Buffer>> {
  const { rows } = await database.pool.query<{ id: string; wrapped: Buffer }>(
    `SELECT customer_id AS id, wrapped_key AS wrapped FROM customer_keys
     UNION ALL SELECT customer_id, wrapped_key FROM merged_profiles WHERE wrapped_key IS NOT NULL`,
  )
  return new Map(rows.map(({ id, wrapped }) => [id, wrapped]))
}

async function opened(vault: Vault, people: readonly { id: string; sealed: Buffer }[]): Promise<string[]> {
  const wrapped = await wrappedKeys()
  return people.map(({ id, sealed }) =>
    vault.open(vault.openCustomerKey(id, wrapped.get(id) ?? Buffer.alloc(0)), sealed, 'test'),
  )
}

/** Replaces the key by a new one. */
async function replaced({ current: former }: MasterKeys): Promise<MasterKeys> {
  const keys = { current: randomBytes(32), former }
  expect(await replaceMasterKey(database, keys)).toBe(true)
  return keys
}

test('a replaced key: both open meanwhile, a crash goes on where it was, and in the end the new one alone is enough', async () => {
  const first = newKey()
  const before = await openVault(database.pool, first)
  const people = await customersOf(before, 25)
  const texts = people.map(({ id }) => `${id}@example.org`)
  // One of them was merged away, and took the key along.
  const [gone] = people
  await database.pool.query(
    `WITH taken AS (DELETE FROM customer_keys WHERE customer_id = $1 RETURNING *)
     INSERT INTO merged_profiles (merge_id, customer_id, wrapped_key, profile) SELECT gen_random_uuid(), customer_id, wrapped_key, '{}' FROM taken`,
    [gone?.id],
  )
  const waiting = before.sealForIntake('ada@example.org', 'm1')
  const second = await replaced(first)
  expect(await replaceMasterKey(database, second)).toBe(false) // Twice is once.
  expect(await check(first)).toEqual(refused)

  const vault = await openVault(database.pool, { ...second, former: undefined })
  expect(await opened(vault, people)).toEqual(texts)
  expect(await rewrapPage(database, vault, 10)).toBe(true)
  expect(await rewrapStanding(database.pool)).toEqual({ left: 14 })
  expect(await opened(vault, people)).toEqual(texts)
  const later = await customersOf(vault, 1)
  // Another process takes it up.
  const other = await openVault(database.pool, second)
  while (await rewrapPage(database, other, 10));
  expect(await rewrapStanding(database.pool)).toBeUndefined()
  expect(await rewrapPage(database, other, 10)).toBe(false)
  expect(await opened(new Vault(second.current), [...people, ...later])).toHaveLength(26)
  await expect(opened(before, people)).rejects.toThrow(/authenticate/)

  // What cannot be made anew is as it was.
  expect(vault.openFromIntake(waiting, 'm1')).toBe('ada@example.org')
  expect(vault.lookupHash('email', 'ada@example.org')).toEqual(before.lookupHash('email', 'ada@example.org'))
  expect(vault.verify('unsubscribe', 'message', before.sign('unsubscribe', 'message'))).toBe(true)
})

test('replaced once more, everything still opens; a thread has it all as well', async () => {
  const first = newKey()
  const before = await openVault(database.pool, first)
  const people = await customersOf(before, 3)
  const third = await replaced(await replaced(first))
  const vault = await openVault(database.pool, third)
  for (const one of [vault, Vault.takeOver(vault.handOver())]) {
    expect(await opened(one, people)).toEqual(people.map(({ id }) => `${id}@example.org`))
    expect(one.sign('confirm', 'text')).toBe(before.sign('confirm', 'text'))
    expect(one.mark()).toBe(vault.mark())
  }
})

test('nothing is replaced while the product runs, nor by somebody who does not have the key before', async () => {
  const first = newKey()
  await openVault(database.pool, first)
  expect(await replaceMasterKey(database, { current: randomBytes(32), former: randomBytes(32) })).toBe(false)
  const running = openDatabase(testDatabase.url, { name: 'intake', maxConnections: 1 })
  await running.pool.query('SELECT 1')
  const second = { current: randomBytes(32), former: first.current }
  await expect(replaceMasterKey(database, second)).rejects.toThrow(/stop the processes that are connected \(intake\)/)
  await running.close()
  expect(await check(first)).toBe('right')
  expect(await replaceMasterKey(database, second)).toBe(true)
})
