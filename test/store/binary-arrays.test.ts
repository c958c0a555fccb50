/** PostgreSQL reads binary arrays as the values that were written. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { float8Array, int4Array, int8Array, textArray, uuidArray } from '../../src/store/binary-arrays.ts'
import { openShop, type Shop } from '../intake/support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop.close())

const ids = ['018bcfe5-6800-7a41-8b5e-0123456789ab', null, 'ffffffff-ffff-ffff-ffff-ffffffffffff']

test.each([
  ['uuid[]', uuidArray(ids), ids],
  ['uuid[]', uuidArray([]), []],
  ['int4[]', int4Array([0, -1, 2_147_483_647, -2_147_483_648]), ['0', '-1', '2147483647', '-2147483648']],
  ['int8[]', int8Array([0, -1, 4_294_967_296, -4_294_967_297]), ['0', '-1', '4294967296', '-4294967297']],
  ['int8[]', int8Array([Number.MAX_SAFE_INTEGER]), ['9007199254740991']],
  ['int8[]', int8Array([Number.MIN_SAFE_INTEGER]), ['-9007199254740991']],
  ['float8[]', float8Array([0.5, -1e300]), ['0.5', '-1e+300']],
  ['text[]', textArray(['a"b\\', null, 'ü€😀', '']), ['a"b\\', null, 'ü€😀', '']],
])('%s', async (type, sent, expected) => {
  const { rows } = await shop.database.pool.query(`SELECT $1::${type}::text[] AS got`, [sent])
  expect(rows).toEqual([{ got: expected }])
})

test.each(['', 'x', '018bcfe5-6800-7a41-8b5e-0123456789', '018bcfe5-6800-7a41-8b5e-0123456789xx'])(
  '"%s" is no UUID',
  (id) => {
    expect(() => uuidArray([id])).toThrow(RangeError)
  },
)

test.each([0.5, 2 ** 53, Number.NaN])('%d is no bigint', (value) => {
  expect(() => int8Array([value])).toThrow(RangeError)
})
