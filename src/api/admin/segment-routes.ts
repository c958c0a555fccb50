/** Segments over the admin API: what there is, who is in it, and who would be in one that is not saved yet. */

import type { FastifyInstance } from 'fastify'
import { problemsOf, sayPath } from '../../domain/problem.ts'
import { segmentDocument } from '../../domain/segment-schema.ts'
import { errorCode } from '../../store/describe-error.ts'
import { previewSegment } from '../../store/segments/segment-preview.ts'
import { findSegment, listMembers, listSegments } from '../../store/segments/segment-reports.ts'
import { ApiError } from '../api-error.ts'
import type { AdminNeeds } from './admin-needs.ts'
import { idCursor, limitOf, type Query, queryOf } from './query.ts'

type Needs = Pick<AdminNeeds, 'database' | 'clock'>

/** Enough to look at, and no export. */
const sampleSize = 20
const mostBytes = 1_000_000

export function segmentRoutes(app: FastifyInstance, needs: Needs): void {
  const { pool } = needs.database
  app.get('/segments', async () => ({ segments: await listSegments(pool) }))
  app.post('/segments/preview', { bodyLimit: mostBytes }, ({ body }) => answerPreview(needs, body))
  app.get<{ Params: { key: string } }>('/segments/:key', async ({ params }) => {
    const segment = await findSegment(pool, params.key)
    if (segment === undefined) throw noSegment()
    const { members } = await listMembers(pool, params.key, { limit: sampleSize })
    return { ...segment, sample: members }
  })
  app.get<{ Params: { key: string } }>('/segments/:key/members', (request) =>
    answerMembers(needs, request.params.key, queryOf(request)),
  )
}

async function answerMembers({ database: { pool } }: Needs, key: string, query: Query): Promise<object> {
  if ((await findSegment(pool, key, 0)) === undefined) throw noSegment()
  const { members, next } = await listMembers(pool, key, { limit: limitOf(query), after: idCursor(query) })
  return { members, cursor: next }
}

function noSegment(): ApiError {
  return new ApiError(404, 'There is no segment with this key.', 'key')
}

/** PostgreSQL's word for a statement that was given up. */
const canceled = '57014'

async function answerPreview({ database, clock }: Needs, body: unknown): Promise<object> {
  const result = segmentDocument.safeParse(body)
  if (!result.success) {
    const [problem] = problemsOf(result.error, body)
    const field = problem === undefined || problem.path.length === 0 ? 'document' : sayPath(problem.path)
    throw new ApiError(400, `${field}: ${problem?.rule ?? 'must be a segment'}`, field)
  }
  try {
    return await previewSegment(database, result.data.if, clock.nowMs(), sampleSize)
  } catch (error) {
    if (errorCode(error) !== canceled) throw error
    throw new ApiError(503, 'Counting takes too long here. Publish the segment: it is built in the background.')
  }
}
