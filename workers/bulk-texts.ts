/**
 * Text messages of a broadcast, a page at a time: each opened and rendered as every other message is, the short links of
 * all of them made by one statement.
 */

import type { Broken } from '../activities/broadcast-endings.ts'
import type { Sms } from '../src/channels/sms/sms-channel.ts'
import { TemplateError } from '../src/channels/templates/liquid.ts'
import { measurableTargets, shortenedText } from '../src/channels/templates/measurable-links.ts'
import type { MessageFacts, TemplateSource } from '../src/channels/templates/render-message.ts'
import type { ThreadRenderer } from '../src/channels/templates/thread-renderer.ts'
import type { Measuring } from '../src/domain/tracking.ts'
import type { Queryable } from '../src/store/database.ts'
import { preferencesUrl, twilioStatusUrl, unsubscribeUrl } from '../src/store/links.ts'
import { openAddress, openPersonalTraits } from '../src/store/personal-data.ts'
import { shortUrls } from '../src/store/tracked-links.ts'
import type { Vault } from '../src/store/vault.ts'
import type { BulkItem, BulkRequest } from './bulk-composer.ts'

export interface BulkTextNeeds {
  readonly database: Queryable
  readonly vault: Vault
  readonly renderer: Pick<ThreadRenderer, 'render'>
  readonly publicUrl: string
  readonly linksUrl: string
  readonly shop: MessageFacts['shop']
  readonly postalAddress: string
}

interface Written {
  readonly id: string
  readonly to: string
  readonly text: string
  readonly targets: readonly string[]
}

/** In the order of the items. `targets`: where tracked links lead, to be kept before anything leaves. */
export async function writeTexts(
  { template, measuring, items }: Omit<BulkRequest, 'sender'>,
  needs: BulkTextNeeds,
): Promise<{ readonly mails: readonly (Sms | Broken)[]; readonly targets: readonly string[] }> {
  const written = await Promise.all(items.map((item) => write(item, template, measuring, needs)))
  const whole = written.filter((one) => 'to' in one)
  const wanted = whole.map(({ id, targets }) => ({ messageId: id, targets }))
  const short = await shortUrls(needs.database, needs.vault, needs.linksUrl, wanted)
  return {
    targets: [...new Set(whole.flatMap(({ targets }) => targets))],
    mails: written.map((one) => {
      if ('broken' in one) return one
      const text = shortenedText(one.text, short.get(one.id))
      return { to: one.to, text, statusUrl: twilioStatusUrl(needs.publicUrl, one.id) }
    }),
  }
}

async function write(
  item: BulkItem,
  template: TemplateSource,
  { clicks }: Measuring,
  needs: BulkTextNeeds,
): Promise<Written | Broken> {
  const { vault } = needs
  const { id, customerId, sealed } = item
  const key = vault.openCustomerKey(customerId, sealed.wrappedKey)
  const to = openAddress(vault, key, sealed.contactPointId, sealed.address)
  const traits = JSON.parse(sealed.traits) as Record<string, unknown>
  const personal = sealed.personal === null ? {} : openPersonalTraits(vault, key, customerId, sealed.personal)
  const isMeasured = clicks && sealed.mayBeMeasured
  try {
    const facts = { ...factsOf(item, needs), customer: { ...traits, ...personal } }
    const { text, impersonalLinks = [] } = await needs.renderer.render(template, facts, isMeasured ? traits : undefined)
    return { id, to, text, targets: isMeasured ? measurableTargets(impersonalLinks, needs) : [] }
  } catch (error) {
    if (error instanceof TemplateError)
      return { broken: `template ${template.key}: ${error.message}`, isAddress: false }
    throw error
  }
}

function factsOf({ id, variant, sealed, own = {} }: BulkItem, needs: BulkTextNeeds): Omit<MessageFacts, 'customer'> {
  return {
    computed: sealed.computed === null ? {} : (JSON.parse(sealed.computed) as Record<string, unknown>),
    coupon: null,
    data: { variant },
    survey: null,
    shop: needs.shop,
    postal_address: needs.postalAddress,
    confirm_url: null,
    ...own,
    unsubscribe_url: unsubscribeUrl(needs.vault, needs.publicUrl, id),
    preferences_url: preferencesUrl(needs.vault, needs.publicUrl, id),
  }
}
