/** The page of sending identities, for whoever is signed in. They are set in a file, and changed there. */

import type { FastifyInstance } from 'fastify'
import type { SenderReport } from '../domain/sender-report.ts'
import { forVisitors, type PageNeeds } from './page-needs.ts'
import { senderListPage } from './sender-pages.ts'

export interface SenderPageNeeds extends PageNeeds {
  readonly senders: () => Promise<readonly SenderReport[]>
}

export function senderPageRoutes(app: FastifyInstance, needs: SenderPageNeeds): void {
  app.get(
    '/senders',
    forVisitors(needs, async (_request, reply) =>
      needs.send(reply, 200, 'Senders · Perennial', senderListPage(await needs.senders())),
    ),
  )
}
