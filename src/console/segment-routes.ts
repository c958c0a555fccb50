/** The pages about segments. Whoever may see the console may see them: they hold nothing personal. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { briefCustomers, countCustomers, isUuid } from '../store/customer-list.ts'
import { errorCode } from '../store/describe-error.ts'
import { archivedSegments, segmentVersions } from '../store/publishing/publish-segment.ts'
import { previewSegment } from '../store/segments/segment-preview.ts'
import { findSegment, listMembers, listSegments } from '../store/segments/segment-reports.ts'
import { forVisitors, mayEdit, type PageNeeds, type Visitor } from './page-needs.ts'
import { readSegmentText } from './segment-form.ts'
import { segmentListPage, segmentPage } from './segment-pages.ts'
import { segmentSaveRoutes, sendTrial, sendUnknown, tooLong } from './segment-save-routes.ts'
import { cleanText, readForm, yamlOf } from './typed-document.ts'

type KeyRequest = FastifyRequest<{ Params: { key: string } }>

const mostBytes = 100_000
const sampleSize = 20

export function segmentPageRoutes(app: FastifyInstance, needs: PageNeeds): void {
  app.get(
    '/segments',
    forVisitors(needs, (_request, reply, visitor) => showSegments(needs, reply, visitor)),
  )
  app.get(
    '/segments/try',
    forVisitors(needs, (request, reply, visitor) => showTrial(needs, request, reply, visitor)),
  )
  app.post(
    '/segments/try',
    { bodyLimit: mostBytes },
    forVisitors(needs, (request, reply, visitor) => tryOut(needs, request, reply, visitor)),
  )
  app.get(
    '/segments/:key',
    forVisitors(needs, (request: KeyRequest, reply, visitor) => showSegment(needs, request, reply, visitor)),
  )
  segmentSaveRoutes(app, needs)
}

async function showSegments(needs: PageNeeds, reply: FastifyReply, visitor: Visitor): Promise<FastifyReply> {
  const { pool } = needs.database
  const [segments, archived] = await Promise.all([listSegments(pool), archivedSegments(pool)])
  return needs.send(reply, 200, 'Segments · Perennial', segmentListPage(segments, archived, mayEdit(visitor)))
}

async function showSegment(
  needs: PageNeeds,
  request: KeyRequest,
  reply: FastifyReply,
  visitor: Visitor,
): Promise<FastifyReply> {
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
  const versions = await segmentVersions(pool, segment.key)
  const view = { segment, page: members, briefs, versions, mayEdit: mayEdit(visitor) }
  return needs.send(reply, 200, `${segment.name} · Perennial`, segmentPage(view))
}

const example = `name: Faithful listeners
if:
  all:
    - orders.count: { at_least: 2 }
    - orders.last: { within: 90 days }
`

async function showTrial(
  needs: PageNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: Visitor,
): Promise<FastifyReply> {
  const { from, version } = request.query as { readonly from?: unknown; readonly version?: unknown }
  const { pool } = needs.database
  const key = typeof from === 'string' ? cleanText(from) : ''
  const [segment, versions] =
    key === '' ? [undefined, []] : await Promise.all([findSegment(pool, key), segmentVersions(pool, key)])
  const former = typeof version === 'string' ? versions.find((one) => one.version === version) : undefined
  const document = former?.document ?? segment?.document
  const text = document === undefined ? example : yamlOf(document)
  const replaces = segment === undefined ? null : (segment.nextVersion ?? segment.version)
  return sendTrial(needs, visitor, reply, 200, { form: { key: document === undefined ? '' : key, replaces, text } })
}

async function tryOut(
  needs: PageNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: Visitor,
): Promise<FastifyReply> {
  const form = readForm(request)
  const read = readSegmentText(form.text)
  if ('problems' in read) return sendTrial(needs, visitor, reply, 400, { form, outcome: { problems: read.problems } })
  const { pool } = needs.database
  try {
    const preview = await previewSegment(needs.database, read.segment.if, needs.clock.nowMs(), sampleSize)
    const [of, briefs] = await Promise.all([countCustomers(pool), briefCustomers(pool, preview.sample)])
    const sample = preview.sample.flatMap((id) => briefs.get(id) ?? [])
    const { if: condition } = read.document as { readonly if: unknown }
    return sendTrial(needs, visitor, reply, 200, { form, outcome: { condition, preview, of, sample } })
  } catch (error) {
    if (errorCode(error) !== tooLong) throw error
    const problems = ['Counting takes too long here. Publish the segment: it is built in the background.']
    return sendTrial(needs, visitor, reply, 503, { form, outcome: { problems } })
  }
}
