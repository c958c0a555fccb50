/** Published templates, and how one would look to a real customer. It opens personal data, so only admins may, and it is noted. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { countSegments } from '../../channels/sms/segments.ts'
import { lintTemplate } from '../../channels/templates/lint.ts'
import { TemplateError } from '../../channels/templates/liquid.ts'
import type { MessageFacts, RenderedMessage } from '../../channels/templates/render-message.ts'
import { createThreadRenderer } from '../../channels/templates/thread-renderer.ts'
import { scaleEnds, scoresOf } from '../../domain/survey.ts'
import { recommendedItems } from '../../intake/recommended-items.ts'
import { noteAudit } from '../../store/audit.ts'
import { loadTemplate } from '../../store/campaigns.ts'
import type { Database } from '../../store/database.ts'
import { findPerson } from '../../store/persons.ts'
import { findTemplateFacts, listTemplates } from '../../store/template-facts.ts'
import type { Vault } from '../../store/vault.ts'
import { ApiError } from '../api-error.ts'
import { actorOf, needAdmin } from './admin-access.ts'
import { one, queryOf } from './query.ts'

export interface TemplateNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly publicUrl: string
  readonly mail: { readonly from: string; readonly postalAddress: string }
  readonly brand: string
}

const [surveyLow, surveyHigh] = scaleEnds.nps

interface WithKey {
  readonly Params: { readonly key: string }
}

/** Register inside the admin API. */
export function templateRoutes(needs: TemplateNeeds): (app: FastifyInstance) => Promise<void> {
  const renderer = createThreadRenderer()
  return async (app) => {
    app.addHook('onClose', () => renderer.close())
    app.get('/templates', async () => ({ templates: await listTemplates(needs.database.pool) }))
    app.get<WithKey>('/templates/:key/preview', { onRequest: needAdmin }, (request) =>
      preview(needs, renderer, request),
    )
  }
}

async function preview(
  needs: TemplateNeeds,
  renderer: ReturnType<typeof createThreadRenderer>,
  request: FastifyRequest<WithKey>,
): Promise<object> {
  const { database, vault } = needs
  const query = queryOf(request)
  const named = one(query, 'customer')
  if (named === undefined) throw new ApiError(400, 'customer: must be the id of a customer.', 'customer')
  const person = await findPerson(database.pool, vault, named)
  const customerId = person.found === 'one' ? person.customerId : undefined
  const known = customerId === undefined ? undefined : await findTemplateFacts(database.pool, vault, customerId)
  if (customerId === undefined || known === undefined) throw new ApiError(404, 'There is no such customer.', 'customer')
  const template = await loadTemplate(database, request.params.key, one(query, 'locale') ?? known.locale)
  if (template === undefined) throw new ApiError(404, 'There is no published template of this name.', 'key')
  await noteAudit(database.pool, vault, { actor: actorOf(request), action: 'preview', customerId })
  const findings = lintTemplate(template)
  const recommendations = await recommendedItems(database.pool, customerId)
  try {
    const rendered: RenderedMessage = await renderer.render(template, {
      ...sampleFacts(needs),
      ...known.facts,
      recommendations,
    })
    const segments = template.channel === 'sms' ? { segments: countSegments(rendered.text) } : {}
    return {
      key: template.key,
      version: template.version,
      channel: template.channel,
      ...rendered,
      ...segments,
      findings,
    }
  } catch (error) {
    if (error instanceof TemplateError) throw new ApiError(422, `The template cannot be rendered: ${error.message}`)
    throw error
  }
}

/** Links that lead to our pages but speak of nobody: looking at a preview must not unsubscribe anyone. */
function sampleFacts({ publicUrl, mail, brand }: TemplateNeeds): Omit<MessageFacts, 'customer'> {
  const page = (path: string): string => new URL(path, publicUrl).href
  return {
    coupon: { code: 'PREVIEW', expires_at: null },
    data: {},
    // Which question is asked, the step of a journey says.
    survey: {
      question: 'How likely are you to recommend us to a friend?',
      url: page('/s/preview'),
      low: surveyLow,
      high: surveyHigh,
      answers: scoresOf('nps').map((score) => ({ score, url: page(`/s/preview?score=${score}`) })),
    },
    referral: { code: 'PREVIEW', url: page('/r/PREVIEW') },
    shop: { name: brand, url: publicUrl },
    postal_address: mail.postalAddress,
    unsubscribe_url: page('/u/preview'),
    preferences_url: page('/p/preview'),
    confirm_url: page('/c/preview'),
  }
}
