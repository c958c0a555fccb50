/** What a person has a right to: a copy of all that is known of them, and to be forgotten. Admin tokens only. */

import { type WorkflowClient, WorkflowIdConflictPolicy } from '@temporalio/client'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { v7 } from 'uuid'
import { erasureType, erasureWorkflowId, lifecycleQueue } from '../../../workflows/ids.ts'
import { noteAudit } from '../../store/audit.ts'
import { exportPerson } from '../../store/customer-export.ts'
import { isUuid } from '../../store/customer-list.ts'
import type { Database } from '../../store/database.ts'
import { countRows, findErasure } from '../../store/erasures.ts'
import { customersOfPerson, findPerson } from '../../store/persons.ts'
import type { Vault } from '../../store/vault.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import { actorOf, needAdmin } from './admin-access.ts'

export interface PersonNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly temporal: WorkflowClient
}

interface WithId {
  readonly Params: { readonly id: string }
}

const startTimeoutMs = 10_000

/** Register inside the admin API. */
export function personRoutes(needs: PersonNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseJsonBodies(app, 16 * 1024)
    app.addHook('onRequest', needAdmin)
    app.get<WithId>('/customers/:id/export', (request) => answerExport(needs, request))
    app.post<WithId>('/customers/:id/erase', { bodyLimit: 16 * 1024 }, (request, reply) => erase(needs, request, reply))
    app.get<WithId>('/erasures/:id', ({ params }) => answerErasure(needs, params.id))
  }
}

async function answerExport(needs: PersonNeeds, request: FastifyRequest<WithId>): Promise<object> {
  const { database, vault } = needs
  const customerId = await personNamed(needs, request.params.id)
  await noteAudit(database.pool, vault, { actor: actorOf(request), action: 'export', customerId })
  return (await exportPerson(database.pool, vault, customerId)) ?? unknown()
}

async function erase(needs: PersonNeeds, request: FastifyRequest<WithId>, reply: FastifyReply): Promise<object> {
  const { database, vault } = needs
  const customerId = await personNamed(needs, request.params.id)
  if (isDryRun(request.body))
    return { dryRun: true, customerId, rows: await countRows(database.pool, vault, customerId) }
  return startErasure(needs, customerId, actorOf(request), reply)
}

async function answerErasure({ database }: PersonNeeds, id: string): Promise<object> {
  const found = isUuid(id) ? await findErasure(database.pool, id) : undefined
  if (found === undefined) throw new ApiError(404, 'There is no erasure with this id.', 'id')
  return found
}

async function startErasure(
  { database, vault, temporal }: PersonNeeds,
  customerId: string,
  requestedBy: string,
  reply: FastifyReply,
): Promise<object> {
  const workflowId = erasureWorkflowId(customerId)
  const mine = v7()
  await temporal.withDeadline(Date.now() + startTimeoutMs, () =>
    temporal.start(erasureType, {
      workflowId,
      taskQueue: lifecycleQueue,
      args: [{ erasureId: mine, customerId, requestedBy }],
      memo: { erasureId: mine },
      // Asked for twice: it is one erasure.
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      staticSummary: 'Erasure',
    }),
  )
  const { memo } = await temporal.getHandle(workflowId).describe()
  await noteAudit(database.pool, vault, { actor: requestedBy, action: 'erase', customerId })
  void reply.code(202)
  return { erasureId: (memo?.['erasureId'] as string | undefined) ?? mine, workflowId }
}

function isDryRun(body: unknown): boolean {
  if (body === undefined || body === null) return false
  if (typeof body !== 'object' || Array.isArray(body)) throw new ApiError(400, 'The body must be a JSON object.')
  const { dryRun = false } = body as { readonly dryRun?: unknown }
  if (typeof dryRun !== 'boolean') throw new ApiError(400, 'dryRun: must be true or false', 'dryRun')
  return dryRun
}

/** The customer of today whom an id, the shop's id, or an address names. */
async function personNamed({ database, vault }: PersonNeeds, text: string): Promise<string> {
  const person = await findPerson(database.pool, vault, text)
  if (person.found === 'several') {
    const ids = person.customerIds.join(', ')
    throw new ApiError(409, `id: several customers have this address; name one of them by id: ${ids}`, 'id')
  }
  const [today] = person.found === 'one' ? await customersOfPerson(database.pool, person.customerId) : []
  return today ?? unknown()
}

function unknown(): never {
  throw new ApiError(404, 'There is no customer with this id.', 'id')
}
