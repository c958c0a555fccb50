/** From a template and a customer's data to what is sent. */

import type { Channel } from '../../domain/snapshot.ts'
import { type ParsedTemplate, parseLiquid, renderLiquid, TemplateError } from './liquid.ts'
import { forbiddenScheme } from './safe-links.ts'

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
}

export interface MessageRenderer {
  /** @throws TemplateError if the template is broken, or leads where no link may lead. */
  render(template: TemplateSource, facts: MessageFacts): RenderedMessage
}

interface ParsedMessage {
  readonly version: string
  readonly subject: ParsedTemplate
  readonly html: ParsedTemplate | null
  readonly text: ParsedTemplate
}

/** Parses each version of a template once. */
export function createMessageRenderer(): MessageRenderer {
  const parsed = new Map<string, ParsedMessage>()
  return {
    render(template, facts) {
      const known = parsed.get(template.key)
      const message = known?.version === template.version ? known : parse(template)
      parsed.set(template.key, message)
      const rendered = renderParts(message, facts)
      return template.channel === 'email' ? withFooter(rendered, facts) : rendered
    },
  }
}

function parse({ version, subject, html, text }: TemplateSource): ParsedMessage {
  return {
    version,
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

/** Every marketing mail has a way out, a way to choose, and a postal address: added where the template left them out. */
function withFooter(message: RenderedMessage, facts: MessageFacts): RenderedMessage {
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

function appendToBody(html: string, part: string): string {
  const end = html.toLowerCase().lastIndexOf('</body>')
  return end === -1 ? `${html}\n${part}` : `${html.slice(0, end)}${part}\n${html.slice(end)}`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
