/**
 * Changing a journey in the console: pausing it, letting it go on, bringing back a former version. Each has a page that says
 * whom it concerns before anything happens, and is for admins; the cookie does not come along from another site.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { usualResumeSpreadMs } from '../domain/decide/pause.ts'
import { duration, key as keySchema } from '../domain/document-parts.ts'
import { sayDuration } from '../domain/duration.ts'
import type { InFlightChoice } from '../domain/in-flight.ts'
import { diffDocuments } from '../domain/journey-diff.ts'
import { findJourney, findVersion, type JourneySummary } from '../store/journeys/journey-reports.ts'
import { pauseJourney, resumeJourney } from '../store/journeys/pause-journey.ts'
import { JourneyRefusedError, publishJourney } from '../store/journeys/publish-journey.ts'
import { InFlightError } from '../store/publishing/journey-plans.ts'
import { type Html, html } from './html.ts'
import { bringBackPage, type Prospect, pausePage, resumePage } from './journey-change-pages.ts'
import { forAdmins, type PageNeeds } from './page-needs.ts'

export interface JourneyPageNeeds extends PageNeeds {
  readonly showPause: (journey: string, isPaused: boolean) => Promise<boolean>
}

interface Params {
  readonly key: string
  readonly number?: string
}

/** What a page does for an admin who asks about a journey that there is. */
type Work = (asked: Asked) => Promise<FastifyReply>

interface Asked {
  readonly journey: JourneySummary
  readonly who: string
  readonly params: Params
  /** Of a form. */
  readonly body: URLSearchParams
  readonly reply: FastifyReply
}

const form = { bodyLimit: 16_384 }

export const notAllowed = { words: 'Only admins change journeys.', back: '/journeys' }

export function journeyChangeRoutes(app: FastifyInstance, needs: JourneyPageNeeds): void {
  const page = (work: Work) =>
    forAdmins(needs, notAllowed, async (request: FastifyRequest, reply, { who }) => {
      const params = request.params as Params
      const isKey = keySchema.safeParse(params.key).success
      const journey = isKey ? await findJourney(needs.database.pool, params.key) : undefined
      if (journey === undefined)
        return needs.send(reply, 404, 'Unknown journey', plain('There is no journey with this key.'))
      const body = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      return work({ journey, who, params, body, reply })
    })
  app.get(
    '/journeys/:key/pause',
    page(async ({ journey, reply }) => show(reply, 'Pause', pausePage(journey))),
  )
  app.post(
    '/journeys/:key/pause',
    form,
    page((asked) => pause(needs, asked)),
  )
  app.get(
    '/journeys/:key/resume',
    page(async ({ journey, reply }) => show(reply, 'Go on', resumePage(journey, undefined))),
  )
  app.post(
    '/journeys/:key/resume',
    form,
    page((asked) => resume(needs, asked)),
  )
  app.get(
    '/journeys/:key/versions/:number',
    page((asked) => showVersion(needs, asked)),
  )
  app.post(
    '/journeys/:key/versions/:number',
    form,
    page((asked) => bringBack(needs, asked)),
  )

  function show(reply: FastifyReply, title: string, main: Html): FastifyReply {
    return needs.send(reply, 200, `${title} · Perennial`, main)
  }
}

function plain(words: string): Html {
  return html`<main><h1>${words}</h1><p><a href="/journeys">All journeys</a></p></main>`
}

async function pause(
  { database, clock, showPause }: JourneyPageNeeds,
  { journey, who, reply }: Asked,
): Promise<FastifyReply> {
  await pauseJourney(database, { key: journey.key, by: who, nowMs: clock.nowMs() })
  await showPause(journey.key, true)
  return reply.redirect(`/journeys/${journey.key}`, 303)
}

async function resume(needs: JourneyPageNeeds, { journey, who, body, reply }: Asked): Promise<FastifyReply> {
  const spread = duration.safeParse(body.get('spread')?.trim() || sayDuration(usualResumeSpreadMs))
  if (!spread.success) {
    const problem = 'Over how long must be a duration such as "30 minutes", "6 hours" or "2 days".'
    return needs.send(reply, 400, 'Go on · Perennial', resumePage(journey, problem))
  }
  const wish = { key: journey.key, by: who, nowMs: needs.clock.nowMs(), spreadMs: spread.data }
  await resumeJourney(needs.database, wish)
  await needs.showPause(journey.key, false)
  return reply.redirect(`/journeys/${journey.key}`, 303)
}

/** The three choices; whoever moves goes on at the step of the same name, if that is still the same. */
export const choices: Readonly<Record<InFlightChoice['choice'], InFlightChoice>> = {
  stay: { choice: 'stay' },
  move: { choice: 'move', map: {} },
  exit: { choice: 'exit' },
}

async function showVersion(needs: JourneyPageNeeds, asked: Asked, problem?: string): Promise<FastifyReply> {
  const { journey, params, reply } = asked
  const found = await versionOf(needs, params)
  if (found === undefined) return needs.send(reply, 404, 'Unknown version', plain('This journey has no such version.'))
  const prospects = await Promise.all(
    Object.values(choices).map((choice) => foresee(needs, bringing(asked, found), choice)),
  )
  const changes = diffDocuments(journey.document, found.document)
  const main = bringBackPage({ journey, number: found.number, changes, prospects, problem })
  return needs.send(reply, problem === undefined ? 200 : 409, `Version ${found.number} · Perennial`, main)
}

async function bringBack(needs: JourneyPageNeeds, asked: Asked): Promise<FastifyReply> {
  const found = await versionOf(needs, asked.params)
  const choice = choices[asked.body.get('in_flight') as InFlightChoice['choice']]
  if (found === undefined || choice === undefined) return showVersion(needs, asked, 'Choose what becomes of them.')
  const prospect = await foresee(needs, bringing(asked, found), choice, false)
  if ('problem' in prospect) return showVersion(needs, asked, prospect.problem)
  return asked.reply.redirect(`/journeys/${asked.journey.key}`, 303)
}

type Version = NonNullable<Awaited<ReturnType<typeof findVersion>>>

async function versionOf({ database }: JourneyPageNeeds, { key, number = '' }: Params): Promise<Version | undefined> {
  return /^[1-9]\d{0,8}$/.test(number) ? findVersion(database.pool, key, Number(number)) : undefined
}

function bringing({ journey, who }: Asked, { number, document }: Version): Wish {
  return { key: journey.key, document, restores: number, who }
}

interface Wish {
  readonly key: string
  readonly document: unknown
  /** As of `JourneyToPublish`. */
  readonly replaces?: string | null
  readonly restores?: number
  readonly who: string
}

/** What would become of people in flight, or what has. */
export async function foresee(
  { database, clock }: Pick<JourneyPageNeeds, 'database' | 'clock'>,
  { who, ...content }: Wish,
  inFlight: InFlightChoice,
  dryRun = true,
): Promise<Prospect> {
  const { choice } = inFlight
  const wish = { ...content, inFlight, by: who, nowMs: clock.nowMs(), dryRun }
  try {
    const report = await publishJourney(database, wish)
    if (report === undefined) return { choice, problem: 'This version is in force already.' }
    return { choice, stay: report.stay, move: report.move, exit: report.exit, retimed: report.retimed }
  } catch (error) {
    if (error instanceof InFlightError || error instanceof JourneyRefusedError)
      return { choice, problem: error.message }
    throw error
  }
}
