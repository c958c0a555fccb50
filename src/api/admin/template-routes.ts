/** The admin API for published templates: which there are, how one would look to a customer, and one to oneself as a test. */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { listTemplates } from '../../store/template-facts.ts'
import { ApiError } from '../api-error.ts'
import { actorOf, needAdmin } from './admin-access.ts'
import { one, queryOf } from './query.ts'
import { sendTest, type TestMessageNeeds } from './test-messages.ts'

export type TemplateNeeds = TestMessageNeeds

interface WithKey {
  readonly Params: { readonly key: string }
}

/** Register inside the admin API. */
export function templateRoutes(needs: TemplateNeeds): (app: FastifyInstance) => Promise<void> {
  const { database, previewer } = needs
  return async (app) => {
    app.get('/templates', async () => ({ templates: await listTemplates(database.pool) }))
    // Only admins, because it opens personal data.
    app.get<WithKey>('/templates/:key/preview', { onRequest: needAdmin }, (request) => {
      const query = queryOf(request)
      const { key } = request.params
      const [customer, locale] = [one(query, 'customer'), one(query, 'locale')]
      return previewer.show({ key, customer, locale, actor: actorOf(request) })
    })
    app.post<WithKey>('/templates/:key/test', { onRequest: needAdmin, bodyLimit: 16 * 1024 }, (request) => {
      const { to, customer, locale, confirmed } = testOf(request.body)
      const wish = { key: request.params.key, to, customer, locale, isConfirmed: confirmed, actor: actorOf(request) }
      return sendTest(needs, wish)
    })
  }
}

const testBody = z.strictObject({
  to: z.union([z.string().transform((one) => [one]), z.array(z.string())]),
  customer: z.string().min(1).max(255).optional(),
  locale: z.string().min(1).max(35).optional(),
  confirmed: z.boolean().default(false),
})

/** What was typed may be personal: it is not said. */
function testOf(body: unknown): z.output<typeof testBody> {
  const parsed = testBody.safeParse(body)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.map(String).join('.') || 'body'
  throw new ApiError(400, `${field}: ${issue?.message ?? 'is wrong'}`, field)
}
