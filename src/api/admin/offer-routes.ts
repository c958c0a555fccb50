/** The admin API for offers: what became of them, and the codes of those that take them from a pool. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { key as offerKey } from '../../domain/document-parts.ts'
import { CodesError, loadCodes } from '../../store/offers/codes.ts'
import { listOffers, type OfferRow } from '../../store/offers/list.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import { needAdmin } from './admin-access.ts'
import type { AdminNeeds } from './admin-needs.ts'

const maxBodyBytes = 16 * 1024 * 1024
const mostLines = 200_000

const codesBody = z.strictObject({ codes: z.array(z.string().max(200)).min(1).max(mostLines) })

type Keyed = FastifyRequest<{ Params: { key: string } }>

/** Register beside the other admin routes: it is behind the same check. */
export function offerRoutes(needs: AdminNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseJsonBodies(app, maxBodyBytes)
    app.get('/offers', async () => ({ offers: await listOffers(needs.database.pool) }))
    app.get('/offers/:key', ({ params }: Keyed) => findOffer(needs, params.key))
    app.post('/offers/:key/codes', { bodyLimit: maxBodyBytes, onRequest: needAdmin }, ({ params, body }: Keyed) =>
      answerLoad(needs, params.key, body),
    )
  }
}

async function findOffer({ database }: AdminNeeds, key: string): Promise<OfferRow> {
  const [offer] = offerKey.safeParse(key).success ? await listOffers(database.pool, key) : []
  if (offer === undefined) throw new ApiError(404, 'There is no live offer with this key.', 'key')
  return offer
}

async function answerLoad(needs: AdminNeeds, key: string, body: unknown): Promise<object> {
  const offer = await findOffer(needs, key)
  if (offer.pool === null)
    throw new ApiError(409, 'codes: this offer makes up its own; its document says no "codes: pool"')
  const read = codesBody.safeParse(body)
  if (!read.success) {
    const [issue] = read.error.issues
    const field = issue?.path.join('.') || 'codes'
    throw new ApiError(400, `${field}: ${issue?.message ?? 'is not valid'}`, field)
  }
  const { database, clock } = needs
  try {
    const loaded = await database.transaction((client) => loadCodes(client, key, read.data.codes, clock.nowMs()))
    return { offer: key, loaded, pool: (await findOffer(needs, key)).pool }
  } catch (error) {
    if (error instanceof CodesError) throw new ApiError(400, error.message, 'codes')
    throw error
  }
}
