/** From a template and a customer's data to what is sent. */

import type { RecommendedItem } from '../../domain/recommended-item.ts'
import type { Channel } from '../../domain/snapshot.ts'
import { appendToBody, escapeHtml } from './html-parts.ts'
import { type ParsedTemplate, parseLiquid, renderLiquid, TemplateError } from './liquid.ts'
import { forbiddenScheme } from './safe-links.ts'
import { exemptLinksIn, linksIn, linksInText } from './tracked-links.ts'

/** A template as it was published. Email has subject and text, and mostly HTML; SMS has text. */
export interface TemplateSource {
  readonly key: string
  readonly version: string
  readonly channel: Channel
  readonly subject: string | null
  readonly html: string | null
  readonly text: string
}

/** What templates may use. Names are those that the shop sent: `customer.firstName`. */
export interface MessageFacts {
  /** Traits, also the personal ones. */
  readonly customer: Readonly<Record<string, unknown>>
  /** Traits computed by rule, by key: `computed.favourite-category`. */
  readonly computed?: Readonly<Record<string, unknown>>
  readonly coupon: { readonly code: string; readonly expires_at: string | null } | null
  /** Values of the journey: constants of its step, what triggered it. */
  readonly data: Readonly<Record<string, unknown>>
  /** Where the template speaks of them: what this customer may like, best first. */
  readonly recommendations?: readonly RecommendedItem[]
  /** Where the template speaks of them: what models say of this customer, by kind: `scores.clv.tier`. */
  readonly scores?: Readonly<Record<string, object>>
  /** The question that the message asks, or null. */
  readonly survey: {
    readonly question: string
    /** Where it can be answered, whatever the answer. */
    readonly url: string
    /** The words at the ends of the scale. */
    readonly low: string
    readonly high: string
    readonly answers: readonly { readonly score: number; readonly url: string }[]
  } | null
  /** With which the customer brings friends; null where a template does not ask. */
  readonly referral?: { readonly code: string; readonly url: string } | null | undefined
  readonly shop: { readonly name: string; readonly url: string }
  /** The law wants it in every marketing mail. */
  readonly postal_address: string
  /** `null` for transactional messages, which nobody can unsubscribe from. */
  readonly unsubscribe_url: string | null
  /** Where the recipient chooses what to hear about; `null` as above. */
  readonly preferences_url: string | null
  /** Of a message that asks to confirm a yes: where that is done. */
  readonly confirm_url: string | null
}

export interface RenderedMessage {
  readonly subject: string
  readonly html: string | null
  readonly text: string
  /** Addresses on the web in it that are the same for everybody, whatever is known of the person: they may be kept. */
  readonly impersonalLinks?: readonly string[]
}

export interface MessageRenderer {
  /**
   * @param stranger the traits of the customer without the personal ones. Given, it is also said which links hold
   *   nothing personal.
   * @throws TemplateError if the template is broken, or leads where no link may lead.
   */
  render(template: TemplateSource, facts: MessageFacts, stranger?: MessageFacts['customer']): RenderedMessage
}

interface ParsedMessage {
  readonly version: string
  /** Links that came about with nothing personal known: whoever's message holds one of them, it tells nothing of them. */
  readonly impersonalLinks: Set<string>
  readonly subject: ParsedTemplate
  readonly html: ParsedTemplate | null
  readonly text: ParsedTemplate
}

/** Parses each version of a template once. */
export function createMessageRenderer(): MessageRenderer {
  const parsed = new Map<string, ParsedMessage>()
  return {
    render(template, facts, stranger) {
      const known = parsed.get(template.key)
      const message = known?.version === template.version ? known : parse(template)
      parsed.set(template.key, message)
      const rendered = renderParts(message, facts)
      const links = stranger === undefined ? {} : { impersonalLinks: impersonal(message, rendered, facts, stranger) }
      return { ...(template.channel === 'email' ? withFooter(rendered, facts) : rendered), ...links }
    },
  }
}

function parse({ version, subject, html, text }: TemplateSource): ParsedMessage {
  return {
    version,
    impersonalLinks: new Set(),
    subject: parseLiquid(subject ?? '', 'none'),
    html: html === null ? null : parseLiquid(html, 'html'),
    text: parseLiquid(text, 'none'),
  }
}

function renderParts({ subject, html, text }: ParsedMessage, facts: MessageFacts): RenderedMessage {
  const rendered = html === null ? null : renderLiquid(html, facts)
  const scheme = rendered === null ? undefined : forbiddenScheme(rendered)
  if (scheme !== undefined) throw new TemplateError(`a link with the scheme ${scheme} is not allowed`)
  return { subject: renderLiquid(subject, facts), html: rendered, text: renderLiquid(text, facts).trim() }
}

/** The product's own pages for this message: other ones in every message, and nothing of the profile. */
function ownLinks({
  unsubscribe_url: out,
  preferences_url: choices,
  confirm_url: yes,
  survey,
}: MessageFacts): Set<unknown> {
  return new Set([out, choices, yes, survey?.url, ...(survey?.answers ?? []).map(({ url }) => url)])
}

/** Of both parts; what the HTML wants to be left alone is left alone in the text, too. */
export function linksOf({ html, text }: Pick<RenderedMessage, 'html' | 'text'>): string[] {
  if (html === null) return linksInText(text)
  const exempt = new Set(exemptLinksIn(html))
  return [...new Set([...linksIn(html), ...linksInText(text).filter((link) => !exempt.has(link))])]
}

/** Templates link to some dozens of places; one that links everybody elsewhere is not remembered for ever. */
const mostKnownLinks = 1_000

/** The links that stay the same when nothing personal is known. */
function impersonal(
  message: ParsedMessage,
  rendered: RenderedMessage,
  facts: MessageFacts,
  stranger: MessageFacts['customer'],
): readonly string[] {
  const all = linksOf(rendered)
  if (all.length === 0 || Object.keys(facts.customer).length === Object.keys(stranger).length) return all
  const known = message.impersonalLinks
  const own = ownLinks(facts)
  if (all.every((link) => known.has(link) || own.has(link))) return all
  const unknown = new Set(linksOf(renderParts(message, { ...facts, customer: stranger })))
  if (known.size > mostKnownLinks) known.clear()
  for (const link of unknown) if (!own.has(link)) known.add(link)
  return all.filter((link) => unknown.has(link))
}

/** Every marketing mail has a way out, a way to choose, and a postal address: added where the template left them out. */
export function withFooter(message: RenderedMessage, facts: MessageFacts): RenderedMessage {
  const { unsubscribe_url: url, preferences_url: choices, postal_address: address } = facts
  if (url === null) return message
  const inText = [
    ...(choices === null || message.text.includes(choices) ? [] : [`Choose what you hear about: ${choices}`]),
    ...(message.text.includes(url) ? [] : [`Unsubscribe: ${url}`]),
    ...(message.text.includes(address) ? [] : [address]),
  ]
  const text = inText.length === 0 ? message.text : `${message.text}\n\n--\n${inText.join('\n')}`
  return { ...message, text, html: message.html === null ? null : withHtmlFooter(message.html, facts, url) }
}

function withHtmlFooter(html: string, facts: MessageFacts, url: string): string {
  const { preferences_url: choices, postal_address: address } = facts
  const parts = [
    ...(choices === null || html.includes(choices)
      ? []
      : [`<a href="${escapeHtml(choices)}">Choose what you hear about</a>`]),
    ...(html.includes(url) ? [] : [`<a href="${escapeHtml(url)}">Unsubscribe</a>`]),
    ...(html.includes(escapeHtml(address)) ? [] : [escapeHtml(address)]),
  ]
  return parts.length === 0 ? html : appendToBody(html, `<p>${parts.join('<br>')}</p>`)
}
