/**
 * Saving, changing and archiving segments. Only who may publish may do it; what is typed is checked as a file would be,
 * shown before it happens, and refused if somebody else was faster.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errorCode } from '../store/describe-error.ts'
import { planSegment, publishSegment, takeSegmentOut } from '../store/publishing/publish-segment.ts'
import { usersOfSegment } from '../store/segments/archive-segment.ts'
import { previewSegment } from '../store/segments/segment-preview.ts'
import { findSegment } from '../store/segments/segment-reports.ts'
import type { DocumentForm } from './document-form.ts'
import { html } from './html.ts'
import { forEditors, forVisitors, mayEdit, type PageNeeds, type Visitor, type Work } from './page-needs.ts'
import { readSegmentText, sayWithLines } from './segment-form.ts'
import { segmentTrialPage, type Trial } from './segment-pages.ts'
import { archivePage, savePreviewPage } from './segment-save-pages.ts'
import { cleanText, readForm, yamlOf } from './typed-document.ts'

type KeyRequest = FastifyRequest<{ Params: { key: string } }>

/** PostgreSQL's word for a statement that was given up. */
export const tooLong = '57014'
const mostBytes = 300_000
const notAllowed = { words: 'Your key may look, but not publish', back: '/segments' }

export function segmentSaveRoutes(app: FastifyInstance, needs: PageNeeds): void {
  const asEditor = (work: Work<KeyRequest>) => forEditors(needs, notAllowed, work)
  app.post(
    '/segments/save',
    { bodyLimit: mostBytes },
    asEditor((request, reply, visitor) => save(needs, request, reply, visitor)),
  )
  app.get(
    '/segments/:key/archive',
    asEditor((request, reply) => askToArchive(needs, request, reply)),
  )
  app.post(
    '/segments/:key/archive',
    { bodyLimit: 4_096 },
    asEditor((request, reply, { who }) => archive(needs, request, reply, who)),
  )
  const sendFile: Work<KeyRequest> = async (request, reply) => {
    const segment = await findSegment(needs.database.pool, cleanText(request.params.key), 0)
    if (segment === undefined) return sendUnknown(needs, reply)
    return reply
      .header('content-disposition', `attachment; filename="${segment.key}.yaml"`)
      .header('cache-control', 'no-store')
      .header('x-content-type-options', 'nosniff')
      .type('application/yaml; charset=utf-8')
      .send(yamlOf(segment.document))
  }
  app.get('/segments/:key/file', forVisitors(needs, sendFile))
}

/** Shows what saving would do; does it once that was seen. */
async function save(
  needs: PageNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: Visitor,
): Promise<FastifyReply> {
  const form = readForm(request)
  const step = request.body instanceof URLSearchParams ? request.body.get('step') : null
  if (step === 'edit') return sendTrial(needs, visitor, reply, 200, { form })
  const read = readSegmentText(form.text)
  if ('problems' in read) return sendTrial(needs, visitor, reply, 400, { form, outcome: { problems: read.problems } })
  const refuse = (problems: Parameters<typeof sayWithLines>[1]): FastifyReply =>
    sendTrial(needs, visitor, reply, 400, { form, outcome: { problems: sayWithLines(read.source, problems) } })
  const toPublish = { key: form.key, document: read.document, replaces: form.replaces }
  if (step === 'publish') {
    const saved = await publishSegment(needs.database, toPublish, { by: visitor.who, nowMs: needs.clock.nowMs() })
    return 'problems' in saved ? refuse(saved.problems) : reply.redirect(`/segments/${form.key}`, 303)
  }
  const plan = await planSegment(needs.database, toPublish)
  if ('problems' in plan) return refuse(plan.problems)
  const { name, announceRebuild: announcesRebuild } = plan.segment
  const { if: condition } = read.document as { readonly if: unknown }
  const main = savePreviewPage({
    form,
    name,
    condition,
    announcesRebuild,
    ...plan,
    ...(await sizes(needs, form, plan)),
  })
  return needs.send(reply, 200, 'Save a segment · Perennial', main)
}

async function sizes(
  { database, clock }: PageNeeds,
  { key, replaces }: DocumentForm,
  { segment }: { readonly segment: { readonly if: Parameters<typeof previewSegment>[1] } },
): Promise<{ readonly now: number | null; readonly then: number | null }> {
  const known = replaces === null ? undefined : await findSegment(database.pool, key, 0)
  const now = known?.size ?? null
  try {
    // oxlint-disable-next-line unicorn/no-thenable -- A number on a page; nobody awaits it.
    return { now, then: (await previewSegment(database, segment.if, clock.nowMs(), 0)).count }
  } catch (error) {
    if (errorCode(error) !== tooLong) throw error
    // oxlint-disable-next-line unicorn/no-thenable -- As above.
    return { now, then: null }
  }
}

async function askToArchive(needs: PageNeeds, request: KeyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const segment = await findSegment(needs.database.pool, cleanText(request.params.key), 0)
  if (segment === undefined) return sendUnknown(needs, reply)
  const users = await usersOfSegment(needs.database, segment.key)
  return needs.send(reply, 200, 'Archive a segment · Perennial', archivePage(segment, users))
}

async function archive(needs: PageNeeds, request: KeyRequest, reply: FastifyReply, by: string): Promise<FastifyReply> {
  const segment = await findSegment(needs.database.pool, cleanText(request.params.key), 0)
  if (segment === undefined) return sendUnknown(needs, reply)
  const { users } = await takeSegmentOut(needs.database, segment.key, by)
  if (users.length === 0) return reply.redirect('/segments', 303)
  return needs.send(reply, 409, 'Archive a segment · Perennial', archivePage(segment, users))
}

export function sendUnknown({ send }: PageNeeds, reply: FastifyReply): FastifyReply {
  const main = html`<main><h1>There is no segment with this key</h1><p><a href="/segments">All segments</a></p></main>`
  return send(reply, 404, 'Unknown segment', main)
}

export function sendTrial(
  { send }: PageNeeds,
  visitor: Visitor,
  reply: FastifyReply,
  status: number,
  { form, outcome }: { readonly form: DocumentForm; readonly outcome?: Trial['outcome'] },
): FastifyReply {
  const main = segmentTrialPage({ form, mayEdit: mayEdit(visitor), outcome })
  return send(reply, status, 'Segment · Perennial', main)
}
