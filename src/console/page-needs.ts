/** What pages are handed, and who looks at them. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ViewerRole } from '../analytics/privacy/masking.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../store/database.ts'
import { type Html, html } from './html.ts'

export interface Visitor {
  /** The id of their key, or `local`. */
  readonly who: string
  readonly role: ViewerRole
}

export interface PageNeeds {
  readonly database: Database
  readonly clock: Clock
  /** Undefined: nobody is signed in. */
  readonly visitor: (request: FastifyRequest) => Promise<Visitor | undefined>
  readonly send: (reply: FastifyReply, status: number, title: string, main: Html) => FastifyReply
}

type Page<Request> = (request: Request, reply: FastifyReply) => Promise<FastifyReply>

/** What those who may not are told, and where they find the way back. */
export interface NotAllowed {
  readonly words: string
  readonly back: string
}

export type Work<Request> = (request: Request, reply: FastifyReply, visitor: Visitor) => Promise<FastifyReply>

/** For whoever is signed in, in any role. Everybody else comes to the page where one signs in. */
export function forVisitors<Request extends FastifyRequest>(needs: PageNeeds, work: Work<Request>): Page<Request> {
  return async (request, reply) => {
    const visitor = await needs.visitor(request)
    return visitor === undefined ? reply.redirect('/login', 303) : work(request, reply, visitor)
  }
}

/** For admins alone. */
export function forAdmins<Request extends FastifyRequest>(
  needs: PageNeeds,
  refusal: NotAllowed,
  work: Work<Request>,
): Page<Request> {
  return forSome(needs, ({ role }) => role === 'admin', refusal, work)
}

/** For whoever may publish: all but analysts. */
export function forEditors<Request extends FastifyRequest>(
  needs: PageNeeds,
  refusal: NotAllowed,
  work: Work<Request>,
): Page<Request> {
  return forSome(needs, mayEdit, refusal, work)
}

export function mayEdit({ role }: Visitor): boolean {
  return role !== 'analyst'
}

function forSome<Request extends FastifyRequest>(
  needs: PageNeeds,
  may: (visitor: Visitor) => boolean,
  { words, back }: NotAllowed,
  work: Work<Request>,
): Page<Request> {
  return forVisitors(needs, async (request, reply, visitor) => {
    if (may(visitor)) return work(request, reply, visitor)
    const main = html`<main><h1>${words}</h1><p><a href="${back}">Back to what you may see</a></p></main>`
    return needs.send(reply, 403, 'Not allowed', main)
  })
}
