/** The pages about segments. Whoever may see the console may see them: they hold nothing personal. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { stringify } from 'yaml'
import type { Clock } from '../clock.ts'
import { problemsOf, sayProblem } from '../domain/problem.ts'
import { segmentDocument } from '../domain/segment-schema.ts'
import { briefCustomers, countCustomers, isUuid } from '../store/customer-list.ts'
import type { Database } from '../store/database.ts'
import { errorCode } from '../store/describe-error.ts'
import { previewSegment } from '../store/segments/segment-preview.ts'
import { findSegment, listMembers, listSegments } from '../store/segments/segment-reports.ts'
import { readYaml } from '../store/yaml-source.ts'
import { type Html, html } from './html.ts'
import { segmentListPage, segmentPage, segmentTrialPage, type Trial } from './segment-pages.ts'

export interface SegmentPageNeeds {
  readonly database: Database
  readonly clock: Clock
  readonly isSignedIn: (request: FastifyRequest) => Promise<boolean>
  readonly send: (reply: FastifyReply, status: number, title: string, main: Html) => FastifyReply
}

type Page = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
type KeyRequest = FastifyRequest<{ Params: { key: string } }>

const mostBytes = 100_000
const sampleSize = 20

export function segmentPageRoutes(app: FastifyInstance, needs: SegmentPageNeeds): void {
  const signedIn =
    (page: Page): Page =>
    async (request, reply) =>
      (await needs.isSignedIn(request)) ? page(request, reply) : reply.redirect('/login', 303)
  app.get(
    '/segments',
    signedIn(async (_request, reply) =>
      needs.send(reply, 200, 'Segments · Perennial', segmentListPage(await listSegments(needs.database.pool))),
    ),
  )
  app.get(
    '/segments/try',
    signedIn((request, reply) => showTrial(needs, request, reply)),
  )
  app.post(
    '/segments/try',
    { bodyLimit: mostBytes },
    signedIn((request, reply) => tryOut(needs, request, reply)),
  )
  app.get(
    '/segments/:key',
    signedIn((request, reply) => showSegment(needs, request as KeyRequest, reply)),
  )
}

async function showSegment(needs: SegmentPageNeeds, request: KeyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { pool } = needs.database
  const segment = await findSegment(pool, request.params.key.replaceAll('\u0000', ''))
  if (segment === undefined) {
    const main = html`<main><h1>There is no segment with this key</h1><p><a href="/segments">All segments</a></p></main>`
    return needs.send(reply, 404, 'Unknown segment', main)
  }
  const { after } = request.query as { readonly after?: unknown }
  const members = await listMembers(pool, segment.key, {
    limit: 25,
    after: typeof after === 'string' && isUuid(after) ? after : undefined,
  })
  const briefs = await briefCustomers(
    pool,
    members.members.map(({ customerId }) => customerId),
  )
  return needs.send(reply, 200, `${segment.name} · Perennial`, segmentPage(segment, members, briefs))
}

const example = `name: Faithful listeners
if:
  all:
    - orders.count: { at_least: 2 }
    - orders.last: { within: 90 days }
`

async function showTrial(needs: SegmentPageNeeds, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { from } = request.query as { readonly from?: unknown }
  const segment =
    typeof from === 'string' ? await findSegment(needs.database.pool, from.replaceAll('\u0000', '')) : undefined
  const text = segment === undefined ? example : stringify(inOrder(segment.document as object))
  return sendTrial(needs, reply, 200, { text, outcome: undefined })
}

/** As people write it: the database keeps its keys by their length. */
function inOrder(document: object): object {
  return { name: undefined, description: undefined, ...document }
}

async function tryOut(needs: SegmentPageNeeds, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const text = request.body instanceof URLSearchParams ? (request.body.get('document') ?? '') : ''
  const { document, problems: broken } = readYaml(text)
  if (broken.length > 0) {
    const problems = broken.map((one) => `line ${one.line}: ${sayProblem(one)}`)
    return sendTrial(needs, reply, 400, { text, outcome: { problems } })
  }
  const read = segmentDocument.safeParse(document)
  if (!read.success) {
    const problems = problemsOf(read.error, document).map(sayProblem)
    return sendTrial(needs, reply, 400, { text, outcome: { problems } })
  }
  const { pool } = needs.database
  try {
    const preview = await previewSegment(needs.database, read.data.if, needs.clock.nowMs(), sampleSize)
    const [of, briefs] = await Promise.all([countCustomers(pool), briefCustomers(pool, preview.sample)])
    const sample = preview.sample.flatMap((id) => briefs.get(id) ?? [])
    const { if: condition } = document as { readonly if: unknown }
    return sendTrial(needs, reply, 200, { text, outcome: { condition, preview, of, sample } })
  } catch (error) {
    if (errorCode(error) !== '57014') throw error // PostgreSQL's word for a statement that was given up.
    const problems = ['Counting takes too long here. Publish the segment: it is built in the background.']
    return sendTrial(needs, reply, 503, { text, outcome: { problems } })
  }
}

function sendTrial({ send }: SegmentPageNeeds, reply: FastifyReply, status: number, trial: Trial): FastifyReply {
  return send(reply, status, 'Count a segment · Perennial', segmentTrialPage(trial))
}
