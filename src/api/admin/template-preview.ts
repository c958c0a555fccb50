/**
 * How a published template would look to a real customer, or to one who is invented. A real one's personal data is opened:
 * whoever asks must be allowed to, and it is noted.
 */

import { countSegments } from '../../channels/sms/segments.ts'
import { type LintFinding, lintTemplate } from '../../channels/templates/lint.ts'
import { TemplateError } from '../../channels/templates/liquid.ts'
import type { MessageFacts, RenderedMessage, TemplateSource } from '../../channels/templates/render-message.ts'
import { createThreadRenderer, type ThreadRenderer } from '../../channels/templates/thread-renderer.ts'
import type { Channel } from '../../domain/snapshot.ts'
import { scaleEnds, scoresOf } from '../../domain/survey.ts'
import { recommendedItems } from '../../intake/recommended-items.ts'
import { noteAudit } from '../../store/audit.ts'
import { loadTemplate } from '../../store/campaigns.ts'
import type { Database } from '../../store/database.ts'
import { findPerson } from '../../store/persons.ts'
import { shownScores } from '../../store/shown-scores.ts'
import { type CustomerFacts, findTemplateFacts } from '../../store/template-facts.ts'
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
  /** An id, the shop's id, or an address. Undefined: somebody invented, so that nobody's data is opened. */
  readonly customer: string | undefined
  /** Default: the customer's. */
  readonly locale: string | undefined
  /** For the audit. */
  readonly actor: string
}

export interface TemplatePreview extends RenderedMessage {
  readonly key: string
  readonly version: string
  readonly channel: Channel
  /** As opposed to what confirms a yes: it has a way out. */
  readonly isMarketing: boolean
  /** Parts of a text message. */
  readonly segments?: number
  readonly findings: readonly LintFinding[]
}

export interface TemplatePreviewer {
  /** @throws ApiError 404 of an unknown customer or template, 422 of a template that cannot be rendered. */
  show(wish: PreviewWish): Promise<TemplatePreview>
  /** What is not published, for somebody invented. @throws ApiError 422 as above. */
  draft(template: TemplateSource): Promise<TemplatePreview>
  close(): Promise<void>
}

export function templatePreviewer(needs: PreviewNeeds): TemplatePreviewer {
  const renderer = createThreadRenderer()
  return {
    show: (wish) => preview(needs, renderer, wish),
    draft: (template) => rendered(needs, renderer, template, invented),
    close: () => renderer.close(),
  }
}

const [surveyLow, surveyHigh] = scaleEnds.nps

async function preview(
  needs: PreviewNeeds,
  renderer: ThreadRenderer,
  { key, customer, locale, actor }: PreviewWish,
): Promise<TemplatePreview> {
  const { database, vault } = needs
  const who = customer === undefined ? invented : await realCustomer(needs, customer)
  const template = await loadTemplate(database, key, locale ?? who.locale)
  if (template === undefined) throw new ApiError(404, 'There is no published template of this name.', 'key')
  if (who.id !== undefined) await noteAudit(database.pool, vault, { actor, action: 'preview', customerId: who.id })
  return rendered(needs, renderer, template, who)
}

async function rendered(
  needs: PreviewNeeds,
  renderer: ThreadRenderer,
  template: TemplateSource,
  who: Reader,
): Promise<TemplatePreview> {
  const { database } = needs
  // Nobody has this id: what is recommended to them is what everybody likes.
  const recommendations = await recommendedItems(database.pool, who.id ?? nobody)
  const scores = await shownScores(database.pool, who.id ?? nobody)
  const isMarketing = !isConfirmation(template)
  try {
    const facts = { ...sampleFacts(needs), ...who.facts, recommendations, scores }
    const message: RenderedMessage = await renderer.render(template, isMarketing ? facts : { ...facts, ...noWayOut })
    const segments = template.channel === 'sms' ? { segments: countSegments(message.text) } : {}
    return {
      key: template.key,
      version: template.version,
      channel: template.channel,
      isMarketing,
      ...message,
      ...segments,
      findings: lintTemplate(template),
    }
  } catch (error) {
    if (error instanceof TemplateError) throw new ApiError(422, `The template cannot be rendered: ${error.message}`)
    throw error
  }
}

interface Reader extends CustomerFacts {
  /** Undefined: invented. */
  readonly id?: string
}

/** Under the names that shops use. */
const invented: Reader = {
  locale: null,
  facts: {
    customer: {
      firstName: 'Ada',
      first_name: 'Ada',
      lastName: 'Lovelace',
      last_name: 'Lovelace',
      name: 'Ada Lovelace',
      email: 'ada@inbox.example',
    },
    computed: {},
  },
}
const nobody = '00000000-0000-4000-8000-000000000000'

async function realCustomer({ database, vault }: PreviewNeeds, named: string): Promise<Reader> {
  const person = await findPerson(database.pool, vault, named)
  const id = person.found === 'one' ? person.customerId : undefined
  const known = id === undefined ? undefined : await findTemplateFacts(database.pool, vault, id)
  if (id === undefined || known === undefined) throw new ApiError(404, 'There is no such customer.', 'customer')
  return { id, ...known }
}

function isConfirmation({ html, text }: TemplateSource): boolean {
  return `${html ?? ''}${text}`.includes('confirm_url')
}

const noWayOut = { unsubscribe_url: null, preferences_url: null }

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
