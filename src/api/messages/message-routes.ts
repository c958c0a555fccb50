/**
 * `POST /v1/messages`: one message to one customer, now, of the class that every shop owes its customers. Asked again under
 * the same `Idempotency-Key` it answers the same and sends nothing; with another body it is refused.
 */

import type { WorkflowClient } from '@temporalio/client'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { customerWorkflowId, lifecycleQueue } from '../../../workflows/ids.ts'
import { customerLifecycleType, lookSignal } from '../../../workflows/messages.ts'
import type { Clock } from '../../clock.ts'
import { key as templateKey, waitingTime } from '../../domain/document-parts.ts'
import { dayMs } from '../../domain/time.ts'
import { loadTemplate } from '../../store/campaigns.ts'
import { isUuid } from '../../store/customer-list.ts'
import type { Database } from '../../store/database.ts'
import { describeError } from '../../store/describe-error.ts'
import { findRequested, requestMessage } from '../../store/message-requests.ts'
import { findPerson } from '../../store/persons.ts'
import type { Vault } from '../../store/vault.ts'
import { letIn, needAdmin } from '../admin/admin-access.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import type { KeyCheck } from '../key-check.ts'

export interface MessageNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
  readonly temporal: WorkflowClient
  readonly checkKey: KeyCheck
}

const longestBody = 64 * 1024
const nudgeMs = 5_000

/** The database knows no NUL. */
const name = (least: number, most: number): z.ZodString =>
  z
    .string()
    .min(least)
    .max(most)
    .refine((text) => !text.includes('\0'), { message: 'must hold no NUL' })

const requestBody = z.strictObject({
  to: z
    .strictObject({
      userId: name(1, 255).optional(),
      email: name(3, 254).optional(),
      phone: name(3, 40).optional(),
    })
    .refine((to) => Object.values(to).filter((one) => one !== undefined).length === 1, {
      message: 'must hold one of userId, email and phone',
    }),
  template: templateKey,
  topic: templateKey.default('transactional'),
  data: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/i), z.json()).default({}),
  validFor: waitingTime.default(dayMs),
})

/** Register under `/v1`. */
export function messageRoutes(needs: MessageNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseJsonBodies(app, longestBody)
    // Whoever may write to customers by name may do so with any template: not a key that browsers hold.
    app.addHook('onRequest', letIn(needs.checkKey))
    app.addHook('onRequest', needAdmin)
    app.post('/messages', { bodyLimit: longestBody }, (request, reply) => take(needs, request, reply))
    app.get<{ Params: { id: string } }>('/messages/:id', (request) => answerFate(needs, request.params.id))
  }
}

async function take(needs: MessageNeeds, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { database, vault, clock } = needs
  const key = keyOf(request)
  const { to, template, topic, data, validFor } = bodyOf(request)
  const known = await loadTemplate(database, template)
  if (known === undefined) throw new ApiError(422, `template: there is no published template "${template}"`, 'template')
  const person = await findPerson(database.pool, vault, to.userId ?? to.email ?? to.phone ?? '')
  if (person.found === 'none') throw new ApiError(404, 'to: there is no such customer; send an identify first', 'to')
  if (person.found === 'several')
    throw new ApiError(409, 'to: several customers have this address; give a userId', 'to')
  const { customerId } = person
  const { channel } = known
  const asked = { key, customerId, channel, template, topic, data, validForMs: validFor }
  const result = await database.transaction((client) =>
    requestMessage(client, vault, asked, canonical(request.body), clock.nowMs()),
  )
  if (result.outcome === 'gone') throw new ApiError(404, 'to: there is no such customer', 'to')
  if (result.outcome === 'conflict') {
    throw new ApiError(409, 'Idempotency-Key: was used for another request', 'Idempotency-Key')
  }
  if (result.outcome === 'planned') await nudge(needs, customerId, request)
  return reply.code(202).send({ id: result.messageId })
}

/** Past the queue of everybody's news. If Temporal is away the row of news sees to it later. */
async function nudge({ temporal }: MessageNeeds, customerId: string, request: FastifyRequest): Promise<void> {
  try {
    await temporal.withDeadline(Date.now() + nudgeMs, () =>
      temporal.signalWithStart(customerLifecycleType, {
        workflowId: customerWorkflowId(customerId),
        taskQueue: lifecycleQueue,
        args: [{ customerId }],
        signal: lookSignal,
        staticSummary: 'Customer lifecycle',
      }),
    )
  } catch (error) {
    request.log.warn({ error: describeError(error) }, 'a message waits for the next nudge')
  }
}

async function answerFate({ database }: MessageNeeds, id: string): Promise<object> {
  const found = isUuid(id) ? await findRequested(database.pool, id) : undefined
  if (found === undefined) throw new ApiError(404, 'There is no such message.', 'id')
  return found
}

function keyOf({ headers }: FastifyRequest): string {
  const key = headers['idempotency-key']
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new ApiError(400, 'Idempotency-Key: must be a header of 1 to 255 visible characters', 'Idempotency-Key')
  }
  return key
}

function bodyOf({ body }: FastifyRequest): z.output<typeof requestBody> {
  const parsed = requestBody.safeParse(body)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.map(String).join('.') ?? ''
  // The value may be personal: it is not said.
  throw new ApiError(400, `${field || 'body'}: ${issue?.message ?? 'is wrong'}`, field || undefined)
}

/** The same for bodies that differ in the order of names and in spaces only. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}
