/** Merging customers, and undoing it, for somebody who knows that two are one, or are not. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import { isUuid } from '../../store/customer-list.ts'
import type { Database } from '../../store/database.ts'
import { listMerges } from '../../store/merge-records.ts'
import { mergeCustomers } from '../../store/operator-merge.ts'
import { unmergeCustomer } from '../../store/unmerge.ts'
import type { Vault } from '../../store/vault.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import { actorOf, needAdmin } from './admin-access.ts'

export interface MergeNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
}

interface OfCustomer {
  readonly Params: { readonly id: string }
}

/** Register where an admin token has been asked for. */
export function mergeRoutes(needs: MergeNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseJsonBodies(app, 16 * 1024)
    app.addHook('onRequest', needAdmin)
    app.get<OfCustomer>('/customers/:id/merges', async ({ params }) => {
      return { merges: await listMerges(needs.database.pool, idOf(params.id, 'id')) }
    })
    app.post<OfCustomer>('/customers/:id/merge', (request) => answerMerge(needs, request))
    app.post<OfCustomer>('/customers/:id/unmerge', (request) => answerUnmerge(needs, request))
  }
}

async function answerMerge(needs: MergeNeeds, request: FastifyRequest<OfCustomer>): Promise<object> {
  const body = bodyOf(request, ['into', 'dryRun'])
  const result = await mergeCustomers(needs.database, needs.vault, {
    from: idOf(request.params.id, 'id'),
    into: idOf(body['into'], 'into'),
    ...circumstances(needs, request, body),
  })
  if (result.outcome === 'refused') throw new ApiError(409, `Not merged: ${result.reason}.`)
  return result
}

async function answerUnmerge(needs: MergeNeeds, request: FastifyRequest<OfCustomer>): Promise<object> {
  const body = bodyOf(request, ['dryRun'])
  const id = idOf(request.params.id, 'id')
  const result = await unmergeCustomer(needs.database, needs.vault, id, circumstances(needs, request, body))
  if (result.outcome === 'refused') throw new ApiError(409, `Not undone: ${result.reason}.`)
  return result
}

function circumstances(
  { clock }: MergeNeeds,
  request: FastifyRequest,
  body: Readonly<Record<string, unknown>>,
): { nowMs: number; by: string; dryRun: boolean } {
  const { dryRun = false } = body
  if (typeof dryRun !== 'boolean') throw new ApiError(400, 'dryRun: must be true or false', 'dryRun')
  return { nowMs: clock.nowMs(), by: actorOf(request), dryRun }
}

function bodyOf({ body }: FastifyRequest, allowed: readonly string[]): Readonly<Record<string, unknown>> {
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body)) throw new ApiError(400, 'The body must be a JSON object.')
  const unknown = Object.keys(body).find((name) => !allowed.includes(name))
  if (unknown !== undefined) throw new ApiError(400, `${unknown}: is not known; allowed are ${allowed.join(', ')}`)
  return body as Readonly<Record<string, unknown>>
}

function idOf(value: unknown, field: string): string {
  if (typeof value === 'string' && isUuid(value)) return value.toLowerCase()
  throw new ApiError(400, `${field}: must be the id of a customer`, field)
}
