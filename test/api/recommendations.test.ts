/** Recommendations over HTTP: whom they are for, what is left out, why, and that an order changes them at once. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { saveRecommenderTables } from '../../src/store/findings.ts'
import { insertModel, promoteModel } from '../../src/store/models.ts'
import { live } from './support/people.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
const modelId = randomUUID()
const products = ['amp', 'book', 'cable', 'drum', 'easel']

interface Answer {
  readonly products: readonly { readonly productKey: string; readonly reason: string; readonly basis: string }[]
  readonly error: { readonly field: string }
}

beforeAll(async () => {
  server = await startTestServer()
  await live(server, [
    { type: 'identify', userId: 'ada', traits: {} },
    { type: 'identify', userId: 'new', traits: {} },
    ...products.map((product, i) => ({
      type: 'track',
      userId: 'seller',
      event: 'Product Viewed',
      properties: {
        product_id: product,
        name: product.toUpperCase(),
        category: i < 3 ? 'Music' : 'Art',
        price: 10 + i,
      },
    })),
  ])
  const model = { id: modelId, kind: 'recommender' as const, method: 'items-and-popularity', createdAtMs: 0 }
  await insertModel(server.database, { ...model, parameters: { setting: { likenessWeight: 0.8 } } })
  await promoteModel(server.database, modelId, 0)
  // amp goes with cable and, less so, drum; book with easel. Everybody buys books.
  await saveRecommenderTables(server.database, modelId, {
    products,
    product: Int32Array.of(0, 0, 1, 2),
    related: Int32Array.of(2, 3, 4, 0),
    score: Float64Array.of(0.9, 0.4, 0.7, 0.9),
    popularity: Float64Array.of(0.3, 1, 0.2, 0.1, 0.1),
  })
})
afterAll(() => server.close())

async function ask(path: string, key: 'admin' | 'write' | 'none' = 'admin'): Promise<{ status: number; json: Answer }> {
  const authorization = {
    admin: `Bearer ${server.adminToken}`,
    write: `Basic ${Buffer.from(`${server.writeKey}:`).toString('base64')}`,
    none: 'Bearer nobody',
  }[key]
  const response = await fetch(`${server.url}/v1${path}`, { headers: { authorization } })
  return { status: response.status, json: (await response.json()) as Answer }
}

const keysOf = ({ json }: { json: Answer }): string[] => json.products.map(({ productKey }) => productKey)

describe('for a customer', () => {
  test('without a history it is what others buy', async () => {
    const answer = await ask('/recommendations/new?limit=2')
    expect(answer.json.products).toMatchObject([
      { productKey: 'book', basis: 'popular', reason: 'what others buy' },
      { productKey: 'amp' },
    ])
  })

  test('an order changes the answer at once: what goes with it comes first, itself not any more', async () => {
    await live(server, [order('ada', '1', 'amp')])
    const answer = await ask('/recommendations/ada')
    expect(keysOf(answer).slice(0, 2)).toEqual(['cable', 'drum'])
    expect(keysOf(answer)).not.toContain('amp')
    expect(answer.json.products[0]?.reason).toBe('because you bought AMP')
    expect(keysOf(await ask('/recommendations/ada?bought=keep'))).toContain('amp')
  })

  test('what was only looked at counts too', async () => {
    await live(server, [{ type: 'track', userId: 'new', event: 'Product Viewed', properties: { product_id: 'amp' } }])
    const answer = await ask('/recommendations/new')
    expect(answer.json.products[0]).toMatchObject({ productKey: 'cable', reason: 'because you looked at AMP' })
  })

  test('categories may be asked for and ruled out, and what is out of stock is left out until it is back', async () => {
    expect(keysOf(await ask('/recommendations/ada?category=Art'))).toEqual(['drum', 'easel'])
    expect(keysOf(await ask('/recommendations/ada?not_category=Art'))).toEqual(['cable', 'book'])
    expect(
      (
        await stock([
          { product_id: 'cable', stock: 0 },
          { product_id: 'nothing', stock: 1 },
        ])
      ).json,
    ).toEqual({
      known: 1,
      unknown: 1,
    })
    expect(keysOf(await ask('/recommendations/ada'))).not.toContain('cable')
    await stock([{ product_id: 'cable', stock: 5 }])
    expect(keysOf(await ask('/recommendations/ada'))[0]).toBe('cable')
  })

  test('needs a key that may look at customers, an existing customer and a sensible limit', async () => {
    expect((await ask('/recommendations/ada', 'none')).status).toBe(401)
    expect((await ask('/recommendations/ada', 'write')).status).toBe(401)
    expect((await ask('/recommendations/nobody')).status).toBe(404)
    expect((await ask('/recommendations/ada?limit=0')).json.error.field).toBe('limit')
    expect((await ask('/recommendations/ada?bought=maybe')).json.error.field).toBe('bought')
  })
})

describe('beside a product', () => {
  test('is what the same customers buy, then what is of its category; a write key will do', async () => {
    const answer = await ask('/recommendations/products/amp/related', 'write')
    expect(answer.json.products).toMatchObject([
      { productKey: 'cable', reason: 'bought by the same customers' },
      { productKey: 'drum', reason: 'bought by the same customers' },
      { productKey: 'book', reason: 'also in Music' },
    ])
    expect((await ask('/recommendations/products/amp/related', 'none')).status).toBe(401)
    expect(keysOf(await ask('/recommendations/products/unknown/related'))).toEqual([])
  })

  test('stock that is no number is refused, with the field', async () => {
    const { status, json } = await stock([{ product_id: 'amp', stock: -1 }])
    expect(status).toBe(400)
    expect((json as { error: { field: string } }).error.field).toBe('products.0.stock')
  })
})

function order(userId: string, id: string, product: string): object {
  return {
    type: 'track',
    userId,
    event: 'Order Completed',
    properties: {
      order_id: `o-${id}`,
      total: 10,
      currency: 'EUR',
      products: [{ product_id: product, price: 10, quantity: 1 }],
    },
  }
}

async function stock(list: readonly object[]): Promise<{ status: number; json: object }> {
  const response = await fetch(`${server.url}/v1/products/stock`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ products: list }),
  })
  return { status: response.status, json: (await response.json()) as object }
}
