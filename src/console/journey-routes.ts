/** The pages about journeys. Whoever may see the console may see them: they hold nothing personal. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { checkDocument } from '../domain/campaign-documents.ts'
import type { JourneyDefinition } from '../domain/definitions.ts'
import { key as keySchema } from '../domain/document-parts.ts'
import { journeyLately } from '../store/journeys/journey-lately.ts'
import {
  findJourney,
  type JourneySummary,
  listJourneys,
  listVersions,
  whereInFlight,
} from '../store/journeys/journey-reports.ts'
import { html } from './html.ts'
import { type JourneyPageNeeds, journeyChangeRoutes } from './journey-change-routes.ts'
import { journeyListPage, journeyPage } from './journey-pages.ts'
import { journeySaveRoutes } from './journey-save-routes.ts'
import { forVisitors, type Work } from './page-needs.ts'

type KeyRequest = FastifyRequest<{ Params: { key: string } }>

export function journeyPageRoutes(app: FastifyInstance, needs: JourneyPageNeeds): void {
  const { pool } = needs.database
  const showAll: Work<FastifyRequest> = async (_request, reply, visitor) => {
    const main = journeyListPage(await listJourneys(pool), visitor.role === 'admin')
    return needs.send(reply, 200, 'Journeys · Perennial', main)
  }
  const showOne: Work<KeyRequest> = async (request, reply, visitor) => {
    const { key } = request.params
    const journey = keySchema.safeParse(key).success ? await findJourney(pool, key) : undefined
    if (journey === undefined) {
      const main = html`<main><h1>There is no journey with this key</h1><p><a href="/journeys">All journeys</a></p></main>`
      return needs.send(reply, 404, 'Unknown journey', main)
    }
    const [places, versions, lately] = await Promise.all([
      whereInFlight(pool, key),
      listVersions(pool, key),
      journeyLately(pool, key),
    ])
    const mayChange = visitor.role === 'admin'
    const main = journeyPage({ journey, definition: definitionOf(journey), places, versions, lately, mayChange })
    return needs.send(reply, 200, `${journey.name} · Perennial`, main)
  }
  app.get('/journeys', forVisitors(needs, showAll))
  app.get('/journeys/:key', forVisitors(needs, showOne))
  journeyChangeRoutes(app, needs)
  journeySaveRoutes(app, needs)
}

function definitionOf({ key, version, document }: JourneySummary): JourneyDefinition | undefined {
  const result = checkDocument({ kind: 'journey', key, version, document })
  return 'checked' in result && result.checked.kind === 'journey' ? result.checked.definition : undefined
}
