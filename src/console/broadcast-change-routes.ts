/** Writing, sending, pausing and ending broadcasts in the console; for admins, each after a page that says what will happen. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { key as keySchema } from '../domain/document-parts.ts'
import { sayProblem } from '../domain/problem.ts'
import { createBroadcast, findBroadcast } from '../store/broadcasts/broadcasts.ts'
import { readYaml } from '../store/yaml-source.ts'
import { askPage, type BroadcastVerb, broadcastFormFrame, broadcastVerbs, startPage } from './broadcast-change-pages.ts'
import { type BroadcastPageNeeds, sendUnknownBroadcast } from './broadcast-routes.ts'
import { type DocumentForm, documentFormPage } from './document-form.ts'
import { forAdmins, type Work } from './page-needs.ts'
import { isRefusal, refusalPage } from './refusal.ts'
import { cleanText, readForm, yamlOf } from './typed-document.ts'

type KeyRequest = FastifyRequest<{ Params: { key: string } }>

const mostBytes = 300_000
const fasterWords =
  'Somebody changed or started it meanwhile: open it anew, and put your change into what is there now.'

const example = `name: Spring sale
topic: news
# channel: sms             # the template is then that of a text message
# segment: regulars        # left out: everybody with an address
template: regulars-picks
# send_at: { local: "2026-12-01T09:00", time_zone: recipient }
expires_after: 2 days
`

const notAllowed = { words: 'Only admins send broadcasts.', back: '/broadcasts' }

export function broadcastChangeRoutes(app: FastifyInstance, needs: BroadcastPageNeeds): void {
  const asAdmin = (work: Work<KeyRequest>) => forAdmins(needs, notAllowed, work)
  app.get(
    '/broadcasts/new',
    asAdmin((request, reply) => showForm(needs, request, reply)),
  )
  app.post(
    '/broadcasts/new',
    { bodyLimit: mostBytes },
    asAdmin((request, reply) => keepDraft(needs, request, reply)),
  )
  for (const verb of broadcastVerbs) {
    app.get(
      `/broadcasts/:key/${verb}`,
      asAdmin((request, reply) => ask(needs, verb, request, reply)),
    )
    app.post(
      `/broadcasts/:key/${verb}`,
      { bodyLimit: 4_096 },
      asAdmin((request, reply) => act(needs, verb, request, reply)),
    )
  }
}

async function showForm(
  needs: BroadcastPageNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { from, like } = request.query as { readonly from?: unknown; readonly like?: unknown }
  const named = typeof from === 'string' ? from : like
  const known = typeof named === 'string' ? await findBroadcast(needs.database.pool, cleanText(named)) : undefined
  const isNew = known === undefined || known.status !== 'draft' || typeof from !== 'string'
  const text = known === undefined ? example : yamlOf(known.document)
  const form = isNew ? { key: '', replaces: null, text } : { key: known.key, replaces: known.version, text }
  return sendForm(needs, reply, 200, form, [])
}

async function keepDraft(
  needs: BroadcastPageNeeds,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const form = readForm(request)
  const refuse = (...problems: string[]): FastifyReply => sendForm(needs, reply, 400, form, problems)
  const key = keySchema.safeParse(form.key)
  if (!key.success) return refuse(`id: ${key.error.issues[0]?.message ?? 'is not valid'}`)
  const source = readYaml(form.text)
  if (source.problems.length > 0) return refuse(...source.problems.map((one) => `line ${one.line}: ${sayProblem(one)}`))
  const { pool } = needs.database
  const made = await createBroadcast(pool, key.data, source.document, needs.clock.nowMs(), form.replaces)
  if (made === 'taken') return refuse(form.replaces === null ? takenWords(key.data) : fasterWords)
  if ('problems' in made) {
    return refuse(...made.problems.map((one) => `line ${source.lineOf(one.path)}: ${sayProblem(one)}`))
  }
  return reply.redirect(`/broadcasts/${key.data}`, 303)
}

function sendForm(
  needs: BroadcastPageNeeds,
  reply: FastifyReply,
  status: number,
  form: DocumentForm,
  problems: readonly string[],
): FastifyReply {
  return needs.send(reply, status, 'Broadcast · Perennial', documentFormPage(broadcastFormFrame, form, problems))
}

async function ask(
  needs: BroadcastPageNeeds,
  verb: BroadcastVerb,
  request: KeyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const broadcast = await findBroadcast(needs.database.pool, cleanText(request.params.key))
  if (broadcast === undefined) return sendUnknownBroadcast(needs, reply)
  const main = verb === 'start' ? startPage(broadcast, await needs.preview(broadcast)) : askPage(broadcast, verb)
  return needs.send(reply, 200, `${broadcast.name} · Perennial`, main)
}

async function act(
  needs: BroadcastPageNeeds,
  verb: BroadcastVerb,
  request: KeyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const key = cleanText(request.params.key)
  const version = request.body instanceof URLSearchParams ? request.body.get('version') : null
  const answer = await needs.steer({ verb, key, version: version ?? undefined })
  const back = `/broadcasts/${encodeURIComponent(key)}`
  if (!isRefusal(answer)) return reply.redirect(back, 303)
  return needs.send(reply, answer.refused, 'Broadcast · Perennial', refusalPage(answer, back))
}

function takenWords(key: string): string {
  return `id: there is a broadcast "${key}" already`
}
