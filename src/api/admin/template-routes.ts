/** The admin API for published templates: which there are, and how one would look to a real customer. */

import type { FastifyInstance } from 'fastify'
import type { Database } from '../../store/database.ts'
import { listTemplates } from '../../store/template-facts.ts'
import { ApiError } from '../api-error.ts'
import { actorOf, needAdmin } from './admin-access.ts'
import { one, queryOf } from './query.ts'
import type { TemplatePreviewer } from './template-preview.ts'

export interface TemplateNeeds {
  readonly database: Database
  readonly previewer: TemplatePreviewer
}

interface WithKey {
  readonly Params: { readonly key: string }
}

/** Register inside the admin API. */
export function templateRoutes({ database, previewer }: TemplateNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.get('/templates', async () => ({ templates: await listTemplates(database.pool) }))
    // Only admins, because it opens personal data.
    app.get<WithKey>('/templates/:key/preview', { onRequest: needAdmin }, (request) => {
      const query = queryOf(request)
      const customer = one(query, 'customer')
      if (customer === undefined) throw new ApiError(400, 'customer: must be the id of a customer.', 'customer')
      const { key } = request.params
      return previewer.show({ key, customer, locale: one(query, 'locale'), actor: actorOf(request) })
    })
  }
}
