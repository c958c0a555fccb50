/** Who asks the admin API, and what their key allows: an admin may open and change, others see masks only. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ViewerRole, viewerRoles } from '../../analytics/privacy/masking.ts'
import { ApiError } from '../api-error.ts'
import { bearerToken, type KeyCheck } from '../key-check.ts'

interface Caller {
  readonly keyId: string
  readonly role: ViewerRole
}

const callers = new WeakMap<FastifyRequest, Caller>()

/** A hook that lets in whoever has a key of the admin API. Everybody else is told nothing. */
export function letIn(checkKey: KeyCheck): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  return async (request, reply) => {
    const token = bearerToken(request)
    for (const role of token === undefined ? [] : viewerRoles) {
      const keyId = await checkKey(role, token ?? '')
      if (keyId === undefined) continue
      callers.set(request, { keyId, role })
      return
    }
    reply.header('www-authenticate', 'Bearer')
    throw new ApiError(401, 'A valid admin token is needed, as bearer.')
  }
}

/** A hook for what only an admin may do: whatever opens personal data, and whatever changes something. */
export async function needAdmin(request: FastifyRequest): Promise<void> {
  if (roleOf(request) !== 'admin') throw new ApiError(403, 'This needs an admin token; yours may only look, at masks.')
}

export function roleOf(request: FastifyRequest): ViewerRole {
  return callerOf(request).role
}

/** For the audit: the id of the key. */
export function actorOf(request: FastifyRequest): string {
  return callerOf(request).keyId
}

function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request)
  if (caller === undefined) throw new ApiError(401, 'A valid admin token is needed, as bearer.')
  return caller
}
