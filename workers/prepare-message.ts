/** From a claimed message to what leaves: opens the recipient, renders the template. Nothing of it is kept. */

import type { DeliveryNeeds } from '../activities/deliver.ts'
import { TemplateError } from '../src/channels/templates/liquid.ts'
import type { MessageFacts, RenderedMessage, TemplateSource } from '../src/channels/templates/render-message.ts'
import type { ThreadRenderer } from '../src/channels/templates/thread-renderer.ts'
import { confirmationJourney } from '../src/domain/consent-rule.ts'
import type { MessageClass } from '../src/domain/snapshot.ts'
import { questionOf, scaleEnds, scoresOf } from '../src/domain/survey.ts'
import { type Measuring, notMeasured } from '../src/domain/tracking.ts'
import type { ClaimedMessage, SealedRecipient } from '../src/store/ledger-types.ts'
import { confirmUrl, preferencesUrl, surveyUrl, unsubscribeUrl } from '../src/store/links.ts'
import { openRequestedData } from '../src/store/message-requests.ts'
import { openAddress, openPersonalTraits } from '../src/store/personal-data.ts'
import type { Vault } from '../src/store/vault.ts'
import type { MeasureMessage } from './measured-message.ts'
import type { OwnFacts } from './own-facts.ts'

export interface PrepareNeeds {
  readonly vault: Vault
  readonly publicUrl: string
  /** What is the customer's own, as far as the template shows it. */
  readonly ownFacts: (customerId: string, template: TemplateSource) => Promise<OwnFacts>
  /** The newest published version; undefined if there is none. */
  readonly template: (key: string, locale: string | null) => Promise<TemplateSource | undefined>
  readonly renderer: ThreadRenderer
  readonly shop: MessageFacts['shop']
  /** That of whoever sends it. */
  readonly postalAddress: (message: ClaimedMessage) => string
  /** What is to be measured of a message; undefined: nothing ever is. */
  readonly measuring?: {
    readonly of: (topic: string, messageClass: MessageClass) => Promise<Measuring>
    readonly apply: MeasureMessage
  }
}

export function createPrepareMessage(needs: PrepareNeeds): DeliveryNeeds['prepare'] {
  return async (message, recipient) => {
    const template = await needs.template(message.template, recipient.locale)
    if (template === undefined) return { broken: `there is no template ${message.template}` }
    const key = needs.vault.openCustomerKey(message.customerId, recipient.wrappedKey)
    const address = openAddress(needs.vault, key, recipient.contactPointId, recipient.address)
    const personal =
      recipient.personal === null ? {} : openPersonalTraits(needs.vault, key, message.customerId, recipient.personal)
    const link = message.messageClass === 'marketing' ? unsubscribeUrl(needs.vault, needs.publicUrl, message.id) : null
    try {
      const facts = {
        ...factsOf(message, recipient, personal, link, needs),
        ...(await needs.ownFacts(message.customerId, template)),
        survey: surveyOf(message, needs),
      }
      const content = await rendered(message, recipient, template, facts, needs)
      return { id: message.id, address, content, unsubscribeUrl: link }
    } catch (error) {
      if (error instanceof TemplateError) return { broken: `template ${message.template}: ${error.message}` }
      throw error
    }
  }
}

async function rendered(
  { id, channel, topic, messageClass }: ClaimedMessage,
  { traits, mayBeMeasured }: SealedRecipient,
  template: TemplateSource,
  facts: MessageFacts,
  { renderer, measuring }: PrepareNeeds,
): Promise<RenderedMessage> {
  const wanted = mayBeMeasured && measuring ? await measuring.of(topic, messageClass) : notMeasured
  if (!measuring || !(wanted.opens || wanted.clicks)) return renderer.render(template, facts)
  return measuring.apply({ id, channel }, await renderer.render(template, facts, traits), wanted)
}

/** The question of a message that asks one, with a link for each answer. */
function surveyOf({ id, data }: ClaimedMessage, { vault, publicUrl }: PrepareNeeds): MessageFacts['survey'] {
  const asked = questionOf(data)
  if (asked === undefined) return null
  const [low, high] = scaleEnds[asked.scale]
  return {
    question: asked.question,
    url: surveyUrl(vault, publicUrl, id),
    low,
    high,
    answers: scoresOf(asked.scale).map((score) => ({ score, url: surveyUrl(vault, publicUrl, id, score) })),
  }
}

function factsOf(
  message: ClaimedMessage,
  { traits, computed }: SealedRecipient,
  personal: Readonly<Record<string, unknown>>,
  link: string | null,
  { shop, postalAddress, vault, publicUrl }: PrepareNeeds,
): Omit<MessageFacts, 'survey'> {
  const { id, journey, coupon, data } = message
  return {
    customer: { ...traits, ...personal },
    computed,
    coupon: coupon && {
      code: coupon.code,
      expires_at: coupon.expiresAtMs === null ? null : new Date(coupon.expiresAtMs).toISOString(),
    },
    data: openRequestedData(vault, id, data),
    shop,
    postal_address: postalAddress(message),
    unsubscribe_url: link,
    preferences_url: link === null ? null : preferencesUrl(vault, publicUrl, id),
    // Only what double opt-in planned: anybody's event may bring a property of that name.
    confirm_url: journey === confirmationJourney ? confirmLink(data, vault, publicUrl) : null,
  }
}

function confirmLink({ consents }: ClaimedMessage['data'], vault: Vault, publicUrl: string): string | null {
  return Array.isArray(consents) ? confirmUrl(vault, publicUrl, consents) : null
}
