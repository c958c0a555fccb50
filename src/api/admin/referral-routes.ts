/** The admin API for referrals: which there are, a customer's own code, and a word on those that are held. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noteAudit } from '../../store/audit.ts'
import { isUuid } from '../../store/customer-list.ts'
import { referralCodeOf, referralUrl } from '../../store/referrals/codes.ts'
import { countReferrals, judgeReferral, listReferrals } from '../../store/referrals/list.ts'
import { referralStatuses } from '../../store/referrals/referral-rows.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import { actorOf, needAdmin } from './admin-access.ts'
import type { AdminNeeds } from './admin-needs.ts'
import { idCursor, limitOf, oneOf, type Query, queryOf, uuidOf } from './query.ts'

const judgement = z.strictObject({ decision: z.enum(['release', 'reject']) })
const maxBodyBytes = 16 * 1024

type IdParams = { Params: { id: string } }

/** Register beside the other admin routes: it is behind the same check. */
export function adminReferralRoutes(needs: AdminNeeds): (app: FastifyInstance) => Promise<void> {
  const { database, vault, clock, publicUrl } = needs
  return async (app) => {
    parseJsonBodies(app, maxBodyBytes)
    app.get('/referrals', (request) => answerList(needs, queryOf(request)))
    app.get<IdParams>('/customers/:id/referral', async ({ params: { id } }) => {
      const code = isUuid(id) ? await referralCodeOf(database.pool, vault, id, clock.nowMs()) : undefined
      if (code === undefined) throw new ApiError(404, 'There is no customer with this id.', 'id')
      return { code, url: referralUrl(publicUrl, code) }
    })
    app.post<IdParams>('/referrals/:id', { bodyLimit: maxBodyBytes, onRequest: needAdmin }, (request) =>
      answerJudgement(needs, request),
    )
  }
}

async function answerJudgement(
  { database, vault, clock }: AdminNeeds,
  request: FastifyRequest<IdParams>,
): Promise<object> {
  const { id } = request.params
  const read = judgement.safeParse(request.body)
  if (!read.success) throw new ApiError(400, 'decision: must be release or reject', 'decision')
  const { decision } = read.data
  const judged = isUuid(id) ? await judgeReferral(database, id, decision, clock.nowMs()) : undefined
  if (judged === undefined || judged.result === 'unknown')
    throw new ApiError(404, 'There is no referral with this id.', 'id')
  if (judged.result === 'not-held')
    throw new ApiError(409, `The referral is ${judged.referral.status}, not held.`, 'id')
  const { friendId: customerId } = judged.referral
  await noteAudit(database.pool, vault, { actor: actorOf(request), action: `referral-${decision}`, customerId })
  return judged.referral
}

async function answerList({ database }: AdminNeeds, query: Query): Promise<object> {
  const limit = limitOf(query)
  const found = await listReferrals(database.pool, {
    status: oneOf(query, 'status', referralStatuses),
    customerId: uuidOf(query, 'customer'),
    limit: limit + 1,
    after: idCursor(query),
  })
  const referrals = found.slice(0, limit)
  return {
    counts: await countReferrals(database.pool),
    referrals,
    cursor: found.length > limit ? (referrals.at(-1)?.id ?? null) : null,
  }
}
