/** How far customers come in the lifecycle, over the admin API. */

import type { FastifyInstance } from 'fastify'
import type { Queryable } from '../../store/database.ts'
import { lifecycleCohorts, lifecycleFunnel } from '../../store/lifecycle-report.ts'
import { ApiError } from '../api-error.ts'
import type { AdminNeeds } from './admin-needs.ts'
import { one, type Query, queryOf } from './query.ts'

const usualMonths = 12
const mostMonths = 120

export function lifecycleRoutes(app: FastifyInstance, { database: { pool } }: Pick<AdminNeeds, 'database'>): void {
  app.get('/lifecycle', (request) => answer(pool, monthsOf(queryOf(request))))
}

async function answer(pool: Queryable, months: number): Promise<object> {
  const [funnel, cohorts] = await Promise.all([lifecycleFunnel(pool), lifecycleCohorts(pool, months)])
  return { funnel, cohorts }
}

function monthsOf(query: Query): number {
  const text = one(query, 'months')
  if (text === undefined) return usualMonths
  const months = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (months >= 1 && months <= mostMonths) return months
  throw new ApiError(400, `months: must be a whole number from 1 to ${mostMonths}`, 'months')
}
