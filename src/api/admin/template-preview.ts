/** How a published template would look to a real customer. It opens personal data: whoever asks must be allowed to, and it is noted. */

import { countSegments } from '../../channels/sms/segments.ts'
import { type LintFinding, lintTemplate } from '../../channels/templates/lint.ts'
import { TemplateError } from '../../channels/templates/liquid.ts'
import type { MessageFacts, RenderedMessage } from '../../channels/templates/render-message.ts'
import { createThreadRenderer, type ThreadRenderer } from '../../channels/templates/thread-renderer.ts'
import { scaleEnds, scoresOf } from '../../domain/survey.ts'
import { recommendedItems } from '../../intake/recommended-items.ts'
import { noteAudit } from '../../store/audit.ts'
import { loadTemplate } from '../../store/campaigns.ts'
import type { Database } from '../../store/database.ts'
import { findPerson } from '../../store/persons.ts'
import { shownScores } from '../../store/shown-scores.ts'
import { findTemplateFacts } from '../../store/template-facts.ts'
import type { Vault } from '../../store/vault.ts'
import { ApiError } from '../api-error.ts'

export interface PreviewNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly publicUrl: string
  readonly mail: { readonly postalAddress: string }
  readonly brand: string
}

export interface PreviewWish {
  readonly key: string
  /** An id, the shop's id, or an address. */
  readonly customer: string
  /** Default: the customer's. */
  readonly locale: string | undefined
  /** For the audit. */
  readonly actor: string
}

export interface TemplatePreview extends RenderedMessage {
  readonly key: string
  readonly version: string
  readonly channel: string
  /** Parts of a text message. */
  readonly segments?: number
  readonly findings: readonly LintFinding[]
}

export interface TemplatePreviewer {
  /** @throws ApiError 404 of an unknown customer or template, 422 of a template that cannot be rendered. */
  show(wish: PreviewWish): Promise<TemplatePreview>
  close(): Promise<void>
}

export function templatePreviewer(needs: PreviewNeeds): TemplatePreviewer {
  const renderer = createThreadRenderer()
  return { show: (wish) => preview(needs, renderer, wish), close: () => renderer.close() }
}

const [surveyLow, surveyHigh] = scaleEnds.nps

async function preview(
  needs: PreviewNeeds,
  renderer: ThreadRenderer,
  { key, customer, locale, actor }: PreviewWish,
): Promise<TemplatePreview> {
  const { database, vault } = needs
  const person = await findPerson(database.pool, vault, customer)
  const customerId = person.found === 'one' ? person.customerId : undefined
  const known = customerId === undefined ? undefined : await findTemplateFacts(database.pool, vault, customerId)
  if (customerId === undefined || known === undefined) throw new ApiError(404, 'There is no such customer.', 'customer')
  const template = await loadTemplate(database, key, locale ?? known.locale)
  if (template === undefined) throw new ApiError(404, 'There is no published template of this name.', 'key')
  await noteAudit(database.pool, vault, { actor, action: 'preview', customerId })
  const findings = lintTemplate(template)
  const recommendations = await recommendedItems(database.pool, customerId)
  const scores = await shownScores(database.pool, customerId)
  try {
    const rendered: RenderedMessage = await renderer.render(template, {
      ...sampleFacts(needs),
      ...known.facts,
      recommendations,
      scores,
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
function sampleFacts({ publicUrl, mail, brand }: PreviewNeeds): Omit<MessageFacts, 'customer'> {
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
