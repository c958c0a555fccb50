/**
 * Writing journeys in the console: a new one, or a new version. It is checked as a file would be, drawn and compared before it
 * happens, and refused if somebody else was faster. For admins.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { checkDocument } from '../domain/campaign-documents.ts'
import type { JourneyDefinition } from '../domain/definitions.ts'
import { key as keySchema } from '../domain/document-parts.ts'
import { diffDocuments } from '../domain/journey-diff.ts'
import { sayProblem } from '../domain/problem.ts'
import { contentVersion } from '../store/content-version.ts'
import { findJourney, type JourneySummary } from '../store/journeys/journey-reports.ts'
import { readYaml } from '../store/yaml-source.ts'
import { type DocumentForm, type DocumentFormFrame, documentFormPage } from './document-form.ts'
import { choices, foresee, type JourneyPageNeeds, notAllowed } from './journey-change-routes.ts'
import { entryExamples, stepExamples } from './journey-help.ts'
import { journeyPreviewPage } from './journey-save-pages.ts'
import { forAdmins } from './page-needs.ts'
import { readForm, yamlOf } from './typed-document.ts'

/** What a page of an admin works with. */
interface Asked {
  readonly who: string
  readonly form: DocumentForm
  /** `publish`, `edit`; otherwise it is looked at first. */
  readonly step: string | null
  readonly inFlight: string | null
  readonly reply: FastifyReply
}

const frame: DocumentFormFrame = {
  noun: 'journey',
  lead: 'Nothing happens before you have seen it drawn, and what it would do to people in flight.',
  action: '/journeys/save',
  button: 'Look at it …',
  back: '/journeys',
  exampleKey: 'second-cup',
  help: [
    { title: 'Who comes in', examples: entryExamples },
    { title: 'Steps', examples: stepExamples },
  ],
}

const example = `name: Second cup
description: A week after the first order, something that goes with it.
topic: news

entry:
  - type: event
    event: Order Completed
    if: { orders.count: { equals: 1 } }

goal:
  event: Order Completed

steps:
  - id: a-week
    type: delay
    for: 7 days
    until: "10:00"

  - id: encore
    type: email
    template: first-order-encore
`

const mostBytes = 300_000

type FromRequest = FastifyRequest<{ Querystring: { from?: string } }>

export function journeySaveRoutes(app: FastifyInstance, needs: JourneyPageNeeds): void {
  app.get(
    '/journeys/new',
    forAdmins(needs, notAllowed, (request: FromRequest, reply) => showForm(needs, request, reply)),
  )
  app.post(
    '/journeys/save',
    { bodyLimit: mostBytes },
    forAdmins(needs, notAllowed, (request, reply, { who }) => {
      const body = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      const form = readForm(request)
      return save(needs, { who, form, step: body.get('step'), inFlight: body.get('in_flight'), reply })
    }),
  )
}

async function showForm(needs: JourneyPageNeeds, { query }: FromRequest, reply: FastifyReply): Promise<FastifyReply> {
  const from = keySchema.safeParse(query.from)
  const journey = from.success ? await findJourney(needs.database.pool, from.data) : undefined
  const form =
    journey === undefined
      ? { key: '', replaces: null, text: example }
      : { key: journey.key, replaces: journey.version, text: yamlOf(journey.document) }
  return sendForm(needs, reply, 200, form, [])
}

function sendForm(
  needs: JourneyPageNeeds,
  reply: FastifyReply,
  status: number,
  form: DocumentForm,
  problems: readonly string[],
): FastifyReply {
  return needs.send(reply, status, 'Journey · Perennial', documentFormPage(frame, form, problems))
}

async function save(needs: JourneyPageNeeds, asked: Asked): Promise<FastifyReply> {
  const { form, step, reply } = asked
  if (step === 'edit') return sendForm(needs, reply, 200, form, [])
  const read = readJourney(form)
  if ('problems' in read) return sendForm(needs, reply, 400, form, read.problems)
  const before = form.replaces === null ? undefined : await findJourney(needs.database.pool, form.key)
  return step === 'publish' ? publish(needs, asked, read, before) : look(needs, asked, read, before)
}

interface ReadJourney {
  readonly document: unknown
  readonly definition: JourneyDefinition
}

function readJourney({ key, text }: DocumentForm): ReadJourney | { readonly problems: readonly string[] } {
  const named = keySchema.safeParse(key)
  if (!named.success) return { problems: [`id: ${named.error.issues[0]?.message ?? 'is not valid'}`] }
  const { document, problems, lineOf } = readYaml(text)
  if (problems.length > 0) return { problems: problems.map((one) => `line ${one.line}: ${sayProblem(one)}`) }
  const result = checkDocument({ kind: 'journey', key, version: contentVersion(document), document })
  if (!('checked' in result)) {
    return { problems: result.problems.map((one) => `line ${lineOf(one.path)}: ${sayProblem(one)}`) }
  }
  if (result.checked.kind !== 'journey') return { problems: ['is no journey'] }
  return { document, definition: result.checked.definition }
}

async function look(
  needs: JourneyPageNeeds,
  { who, form, reply }: Asked,
  { document, definition }: ReadJourney,
  before: JourneySummary | undefined,
  problem?: string,
): Promise<FastifyReply> {
  const wish = { key: form.key, document, replaces: form.replaces, who }
  const prospects = await Promise.all(Object.values(choices).map((choice) => foresee(needs, wish, choice)))
  // What stands against each of them stands against the document, or its place is taken.
  const refused = prospects.flatMap((one) => ('problem' in one ? [one.problem] : []))
  const [first] = refused
  if (first !== undefined && (before === undefined || refused.length === prospects.length)) {
    return sendForm(needs, reply, problem === undefined ? 400 : 409, form, first.split('\n'))
  }
  const replaced = before && { journey: before, changes: diffDocuments(before.document, document) }
  const main = journeyPreviewPage({ form, definition, document, replaced, prospects, problem })
  return needs.send(reply, problem === undefined ? 200 : 409, 'Publish a journey · Perennial', main)
}

async function publish(
  needs: JourneyPageNeeds,
  asked: Asked,
  read: ReadJourney,
  before: JourneySummary | undefined,
): Promise<FastifyReply> {
  const { who, form, reply, inFlight } = asked
  const choice = choices[(before === undefined ? 'stay' : inFlight) as keyof typeof choices]
  if (choice === undefined) return look(needs, asked, read, before, 'Choose what becomes of people in flight.')
  const outcome = await foresee(
    needs,
    { key: form.key, document: read.document, replaces: form.replaces, who },
    choice,
    false,
  )
  if ('problem' in outcome) return look(needs, asked, read, before, outcome.problem)
  return reply.redirect(`/journeys/${form.key}`, 303)
}
