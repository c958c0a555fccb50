/** The admin API for journeys: how they are, their versions, and what people decide about them. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { usualResumeSpreadMs } from '../../domain/decide/pause.ts'
import { duration, key as keySchema } from '../../domain/document-parts.ts'
import type { InFlightChoice } from '../../domain/in-flight.ts'
import { inFlightDocument } from '../../domain/in-flight-schema.ts'
import { diffDocuments } from '../../domain/journey-diff.ts'
import { problemsOf, sayProblem } from '../../domain/problem.ts'
import { archiveJourney } from '../../store/journeys/archive-journey.ts'
import {
  findJourney,
  findVersion,
  type JourneySummary,
  listJourneys,
  listVersions,
  type VersionDocument,
  whereInFlight,
} from '../../store/journeys/journey-reports.ts'
import { type PauseOutcome, pauseJourney, resumeJourney } from '../../store/journeys/pause-journey.ts'
import { JourneyRefusedError, type JourneyToPublish, publishJourney } from '../../store/journeys/publish-journey.ts'
import { InFlightError, type InFlightReport } from '../../store/publishing/journey-plans.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import { actorOf, needAdmin } from './admin-access.ts'
import type { AdminNeeds } from './admin-needs.ts'
import { showPause } from './pause-shown.ts'
import { one, type Query, queryOf } from './query.ts'

interface WithKey {
  readonly Params: { readonly key: string }
}

const maxBodyBytes = 1024 * 1024
const inFlight = z.unknown().optional()
const dryRun = z.boolean().default(false)
const publishBody = z.strictObject({ document: z.unknown(), inFlight, dryRun })
const rollbackBody = z.strictObject({ to: z.int().min(1), inFlight, dryRun })
const resumeBody = z.strictObject({ spread: duration.default(usualResumeSpreadMs) })
const archiveBody = z.strictObject({ inFlight: z.enum(['stay', 'exit']).default('stay'), dryRun })

/** Register beside the other admin routes: it is behind the same check. */
export function journeyRoutes(needs: AdminNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    parseJsonBodies(app, maxBodyBytes)
    const change = { bodyLimit: maxBodyBytes, onRequest: needAdmin }
    app.get('/journeys', () => answerList(needs))
    app.get<WithKey>('/journeys/:key', ({ params }) => answerOne(needs, params.key))
    app.get<WithKey>('/journeys/:key/versions', ({ params }) => answerVersions(needs, params.key))
    app.get<{ Params: { key: string; number: string } }>('/journeys/:key/versions/:number', ({ params }) =>
      versionOf(needs, params.key, params.number, 'number'),
    )
    app.get<WithKey>('/journeys/:key/diff', (request) => answerDiff(needs, request.params.key, queryOf(request)))
    app.post<WithKey>('/journeys/:key/versions', change, (request) => answerPublish(needs, request))
    app.post<WithKey>('/journeys/:key/rollback', change, (request) => answerRollback(needs, request))
    app.post<WithKey>('/journeys/:key/pause', change, (request) => answerPause(needs, request))
    app.post<WithKey>('/journeys/:key/resume', change, (request) => answerResume(needs, request))
    app.post<WithKey>('/journeys/:key/archive', change, (request) => answerArchive(needs, request))
  }
}

async function answerList({ database }: AdminNeeds): Promise<object> {
  const journeys = await listJourneys(database.pool)
  return { journeys: journeys.map(({ document: _document, ...rest }) => rest) }
}

async function answerOne({ database }: AdminNeeds, key: string): Promise<object> {
  const journey = await journeyOf({ database }, key)
  return { ...journey, places: await whereInFlight(database.pool, key) }
}

async function answerVersions({ database }: AdminNeeds, key: string): Promise<object> {
  await journeyOf({ database }, key)
  return { versions: await listVersions(database.pool, key) }
}

async function answerDiff(needs: AdminNeeds, key: string, query: Query): Promise<object> {
  const from = await versionOf(needs, key, one(query, 'from') ?? '', 'from')
  const to = await versionOf(needs, key, one(query, 'to') ?? '', 'to')
  return { from: from.number, to: to.number, changes: diffDocuments(from.document, to.document) }
}

async function answerPublish(needs: AdminNeeds, request: FastifyRequest<WithKey>): Promise<object> {
  const { document, inFlight: wish, dryRun: isDry } = read(publishBody, request.body)
  const { key } = request.params
  if (!keySchema.safeParse(key).success)
    throw new ApiError(400, 'key: must be lower-case letters, digits or hyphens', 'key')
  const report = await publishFor(needs, request, { key, document, inFlight: readInFlight(wish), dryRun: isDry })
  return { dryRun: isDry, published: report !== undefined, ...report }
}

async function answerRollback(needs: AdminNeeds, request: FastifyRequest<WithKey>): Promise<object> {
  const { to, inFlight: choice, dryRun: isDry } = read(rollbackBody, request.body)
  const { key } = request.params
  const { document } = await versionOf(needs, key, String(to), 'to')
  const wish = { key, document, inFlight: readInFlight(choice), restores: to, dryRun: isDry }
  const report = await publishFor(needs, request, wish)
  if (report === undefined) throw new ApiError(409, `Version ${to} of this journey is in force already.`, 'to')
  return { dryRun: isDry, restores: to, ...report }
}

async function publishFor(
  { database, clock }: AdminNeeds,
  request: FastifyRequest,
  wish: Omit<JourneyToPublish, 'by' | 'nowMs'>,
): Promise<InFlightReport | undefined> {
  try {
    return await publishJourney(database, { ...wish, by: actorOf(request), nowMs: clock.nowMs() })
  } catch (error) {
    if (error instanceof InFlightError) throw new ApiError(400, error.message, 'inFlight')
    if (error instanceof JourneyRefusedError) throw new ApiError(400, error.message, 'document')
    throw error
  }
}

async function answerPause(needs: AdminNeeds, request: FastifyRequest<WithKey>): Promise<object> {
  const { key } = request.params
  const outcome = await pauseJourney(needs.database, { key, by: actorOf(request), nowMs: needs.clock.nowMs() })
  return toldOf(needs, key, 'paused', outcome)
}

async function answerResume(needs: AdminNeeds, request: FastifyRequest<WithKey>): Promise<object> {
  const { key } = request.params
  const { spread: spreadMs } = read(resumeBody, request.body ?? {})
  const wish = { key, by: actorOf(request), nowMs: needs.clock.nowMs(), spreadMs }
  return { spreadMs, ...(await toldOf(needs, key, 'live', await resumeJourney(needs.database, wish))) }
}

/** @throws ApiError 404 for a journey that is not in use. Asked for twice, it is so already: that is no error. */
async function toldOf(
  needs: AdminNeeds,
  key: string,
  status: JourneySummary['status'],
  outcome: PauseOutcome,
): Promise<object> {
  if (outcome.result === 'unknown') throw unknownJourney()
  const { result, ...counts } = outcome
  return {
    journey: key,
    status,
    changed: result === 'done',
    ...counts,
    shown: await showPause(needs, key, status === 'paused'),
  }
}

async function answerArchive({ database, clock }: AdminNeeds, request: FastifyRequest<WithKey>): Promise<object> {
  const wish = read(archiveBody, request.body ?? {})
  const { key } = request.params
  const archived = await archiveJourney(database, {
    key,
    inFlight: wish.inFlight,
    by: actorOf(request),
    nowMs: clock.nowMs(),
    dryRun: wish.dryRun,
  })
  switch (archived.result) {
    case 'archived': {
      const { stay, exit } = archived
      return { journey: key, dryRun: wish.dryRun, stay, exit }
    }
    case 'in-use':
      throw new ApiError(409, `${archived.by.join(', ')} lead to this journey: change those first.`, 'key')
    case 'not-live':
      throw unknownJourney()
  }
}

async function journeyOf({ database }: Pick<AdminNeeds, 'database'>, key: string): Promise<JourneySummary> {
  const journey = keySchema.safeParse(key).success ? await findJourney(database.pool, key) : undefined
  if (journey === undefined) throw unknownJourney()
  return journey
}

async function versionOf(
  { database }: AdminNeeds,
  key: string,
  number: string,
  field: string,
): Promise<VersionDocument> {
  await journeyOf({ database }, key)
  const found = /^[1-9]\d{0,8}$/.test(number) ? await findVersion(database.pool, key, Number(number)) : undefined
  if (found !== undefined) return found
  throw new ApiError(404, `${field}: this journey has no version "${number}"`, field)
}

function unknownJourney(): ApiError {
  return new ApiError(404, 'There is no journey with this key.', 'key')
}

function readInFlight(written: unknown): InFlightChoice | undefined {
  if (written === undefined) return undefined
  const result = inFlightDocument.safeParse(written)
  if (result.success) return result.data
  const rule = problemsOf(result.error, written).map(sayProblem).join('; ')
  throw new ApiError(400, `inFlight: ${rule}`, 'inFlight')
}

/** @throws ApiError that names the field and the rule. */
function read<Output>(schema: z.ZodType<Output>, body: unknown): Output {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [problem] = problemsOf(result.error, body)
  throw new ApiError(
    400,
    problem === undefined ? 'The body is not valid.' : sayProblem(problem),
    String(problem?.path[0]),
  )
}
