/** Reading the query of an admin call: each refusal names the field and the rule. */

import type { FastifyRequest } from 'fastify'
import { isUuid } from '../../store/customer-list.ts'
import { ApiError } from '../api-error.ts'

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>

const defaultLimit = 50
const maxLimit = 500

export function queryOf(request: FastifyRequest): Query {
  return request.query as Query
}

export function one(query: Query, name: string): string | undefined {
  const value = query[name]
  if (value === undefined || value === '') return undefined
  if (typeof value !== 'string') throw new ApiError(400, `${name}: must be given once`, name)
  if (value.includes('\u0000')) throw new ApiError(400, `${name}: must not contain a null character`, name)
  return value
}

export function oneOf(query: Query, name: string, allowed: readonly string[]): string | undefined {
  const value = one(query, name)
  if (value === undefined || allowed.includes(value)) return value
  throw new ApiError(400, `${name}: must be one of ${allowed.join(', ')}`, name)
}

export function uuidOf(query: Query, name: string): string | undefined {
  const value = one(query, name)
  if (value === undefined || isUuid(value)) return value
  throw new ApiError(400, `${name}: must be an id`, name)
}

export function limitOf(query: Query): number {
  const text = one(query, 'limit')
  if (text === undefined) return defaultLimit
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= maxLimit) return limit
  throw new ApiError(400, `limit: must be a whole number from 1 to ${maxLimit}`, 'limit')
}

/** Where the page before ended: the id of its last one. */
export function idCursor(query: Query): string | undefined {
  const cursor = one(query, 'cursor')
  if (cursor === undefined || isUuid(cursor)) return cursor
  throw badCursor()
}

export function badCursor(): ApiError {
  return new ApiError(400, 'cursor: must be the one that the page before gave', 'cursor')
}
