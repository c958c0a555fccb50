/** The pages about segments. Whoever may see the console may see them: they hold nothing personal. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import { briefCustomers, countCustomers, isUuid } from '../store/customer-list.ts'
import type { Database } from '../store/database.ts'
import { errorCode } from '../store/describe-error.ts'
import { archivedSegments, segmentVersions } from '../store/publishing/publish-segment.ts'
import { previewSegment } from '../store/segments/segment-preview.ts'
import { findSegment, listMembers, listSegments } from '../store/segments/segment-reports.ts'
import type { Html } from './html.ts'
import { cleanText, readForm, readSegmentText, yamlOf } from './segment-form.ts'
import { segmentListPage, segmentPage } from './segment-pages.ts'
import { segmentSaveRoutes, sendTrial, sendUnknown, tooLong } from './segment-save-routes.ts'

export interface SegmentPageNeeds {
  readonly database: Database
  readonly clock: Clock
  readonly isSignedIn: (request: FastifyRequest) => Promise<boolean>
  /** Who is signed in, if they may publish. */
  readonly editor: (request: FastifyRequest) => Promise<string | undefined>
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
    signedIn((request, reply) => showSegments(needs, request, reply)),
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
  segmentSaveRoutes(app, needs)
}

async function showSegments(
  needs: SegmentPageNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { pool } = needs.database
  const [segments, archived, editor] = await Promise.all([
    listSegments(pool),
    archivedSegments(pool),
    needs.editor(request),
  ])
  return needs.send(reply, 200, 'Segments · Perennial', segmentListPage(segments, archived, editor !== undefined))
}

async function showSegment(needs: SegmentPageNeeds, request: KeyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { pool } = needs.database
  const segment = await findSegment(pool, cleanText(request.params.key))
  if (segment === undefined) return sendUnknown(needs, reply)
  const { after } = request.query as { readonly after?: unknown }
  const members = await listMembers(pool, segment.key, {
    limit: 25,
    after: typeof after === 'string' && isUuid(after) ? after : undefined,
  })
  const briefs = await briefCustomers(
    pool,
    members.members.map(({ customerId }) => customerId),
  )
  const [versions, editor] = await Promise.all([segmentVersions(pool, segment.key), needs.editor(request)])
  const view = { segment, page: members, briefs, versions, mayEdit: editor !== undefined }
  return needs.send(reply, 200, `${segment.name} · Perennial`, segmentPage(view))
}

const example = `name: Faithful listeners
if:
  all:
    - orders.count: { at_least: 2 }
    - orders.last: { within: 90 days }
`

async function showTrial(needs: SegmentPageNeeds, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { from, version } = request.query as { readonly from?: unknown; readonly version?: unknown }
  const { pool } = needs.database
  const key = typeof from === 'string' ? cleanText(from) : ''
  const [segment, versions] =
    key === '' ? [undefined, []] : await Promise.all([findSegment(pool, key), segmentVersions(pool, key)])
  const former = typeof version === 'string' ? versions.find((one) => one.version === version) : undefined
  const document = former?.document ?? segment?.document
  const text = document === undefined ? example : yamlOf(document)
  const replaces = segment === undefined ? null : (segment.nextVersion ?? segment.version)
  return sendTrial(needs, request, reply, 200, { form: { key: document === undefined ? '' : key, replaces, text } })
}

async function tryOut(needs: SegmentPageNeeds, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = readForm(request)
  const read = readSegmentText(form.text)
  if ('problems' in read) return sendTrial(needs, request, reply, 400, { form, outcome: { problems: read.problems } })
  const { pool } = needs.database
  try {
    const preview = await previewSegment(needs.database, read.segment.if, needs.clock.nowMs(), sampleSize)
    const [of, briefs] = await Promise.all([countCustomers(pool), briefCustomers(pool, preview.sample)])
    const sample = preview.sample.flatMap((id) => briefs.get(id) ?? [])
    const { if: condition } = read.document as { readonly if: unknown }
    return sendTrial(needs, request, reply, 200, { form, outcome: { condition, preview, of, sample } })
  } catch (error) {
    if (errorCode(error) !== tooLong) throw error
    const problems = ['Counting takes too long here. Publish the segment: it is built in the background.']
    return sendTrial(needs, request, reply, 503, { form, outcome: { problems } })
  }
}
