/**
 * Recommendations over HTTP, for the shop's own pages: for a customer, and beside a product. What is said of a customer
 * tells what they bought, so it needs a key that may look at customers; what goes with a product is for everybody's eyes,
 * so a write key, as a shop's pages have it, is enough.
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { viewerRoles } from '../analytics/privacy/masking.ts'
import type { Database } from '../store/database.ts'
import {
  findRecommendee,
  type RecommendationRules,
  recommendFor,
  relatedTo,
  setStock,
} from '../store/recommendations.ts'
import { one, oneOf, type Query, queryOf } from './admin/query.ts'
import { ApiError } from './api-error.ts'
import { parseJsonBodies } from './body-parsers.ts'
import { basicUserName, bearerToken, type KeyCheck } from './key-check.ts'

export interface RecommendationNeeds {
  readonly database: Database
  readonly checkKey: KeyCheck
}

const defaultLimit = 10
const maxLimit = 100
const maxBodyBytes = 4 * 1024 * 1024

const stockBody = z.strictObject({
  products: z
    .array(
      z.strictObject({
        product_id: z.string().min(1).max(256),
        /** Null: nothing is known of it any more, so it counts as there. */
        stock: z.int().min(0).max(2_000_000_000).nullable(),
      }),
    )
    .min(1)
    .max(10_000),
})

/** Register under `/v1`. */
export function recommendationRoutes(needs: RecommendationNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseJsonBodies(app, maxBodyBytes)
    app.get('/recommendations/:customer', (request: CustomerRequest) => answerCustomer(needs, request))
    app.get('/recommendations/products/:id/related', (request: ProductRequest) => answerProduct(needs, request))
    app.post('/products/stock', { bodyLimit: maxBodyBytes }, (request) => answerStock(needs, request))
  }
}

type CustomerRequest = FastifyRequest<{ Params: { customer: string } }>
type ProductRequest = FastifyRequest<{ Params: { id: string } }>

async function answerCustomer({ database, checkKey }: RecommendationNeeds, request: CustomerRequest): Promise<object> {
  await needKey(request, checkKey, false)
  const id = request.params.customer
  const customerId = id.includes('\u0000') ? undefined : await findRecommendee(database.pool, id)
  if (customerId === undefined) throw new ApiError(404, 'There is no customer with this id.', 'customer')
  return { customer: customerId, products: await recommendFor(database.pool, customerId, rulesOf(queryOf(request))) }
}

async function answerProduct({ database, checkKey }: RecommendationNeeds, request: ProductRequest): Promise<object> {
  await needKey(request, checkKey, true)
  const { id } = request.params
  const products = id.includes('\u0000') ? [] : await relatedTo(database.pool, id, rulesOf(queryOf(request)))
  return { product: id, products }
}

async function answerStock({ database, checkKey }: RecommendationNeeds, request: FastifyRequest): Promise<object> {
  await needKey(request, checkKey, true)
  const read = stockBody.safeParse(request.body)
  if (!read.success) {
    const [issue] = read.error.issues
    const field = issue?.path.join('.') || 'products'
    throw new ApiError(400, `${field}: ${issue?.message ?? 'is not valid'}`, field)
  }
  const { products } = read.data
  const known = await setStock(
    database.pool,
    products.map(({ product_id: productKey, stock }) => ({ productKey, stock })),
  )
  return { known, unknown: products.length - known }
}

async function needKey(request: FastifyRequest, checkKey: KeyCheck, writeKeyWillDo: boolean): Promise<void> {
  const token = bearerToken(request)
  for (const role of token === undefined ? [] : viewerRoles) {
    if ((await checkKey(role, token ?? '')) !== undefined) return
  }
  const writeKey = writeKeyWillDo ? basicUserName(request) : undefined
  if (writeKey !== undefined && (await checkKey('write', writeKey)) !== undefined) return
  throw new ApiError(
    401,
    writeKeyWillDo
      ? 'A write key (as user name) or an admin, marketer or analyst token (as bearer) is needed.'
      : 'An admin, marketer or analyst token is needed, as bearer.',
  )
}

function rulesOf(query: Query): RecommendationRules {
  const bought = oneOf(query, 'bought', ['hide', 'keep'])
  return {
    limit: limitOf(query),
    ...(bought === undefined ? {} : { bought: bought as 'hide' | 'keep' }),
    categories: listOf(query, 'category'),
    notCategories: listOf(query, 'not_category'),
  }
}

function limitOf(query: Query): number {
  const text = one(query, 'limit')
  if (text === undefined) return defaultLimit
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= maxLimit) return limit
  throw new ApiError(400, `limit: must be a whole number from 1 to ${maxLimit}`, 'limit')
}

/** May be given several times. */
function listOf(query: Query, name: string): readonly string[] {
  const value = query[name]
  if (value === undefined || value === '') return []
  const list = typeof value === 'string' ? [value] : value
  if (list.length > 50 || list.some((one) => one.includes('\u0000'))) {
    throw new ApiError(400, `${name}: must be at most 50 names`, name)
  }
  return list
}
