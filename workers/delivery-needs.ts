/** What a delivery asks for, wired to real neighbours. */

import type { DeliveryNeeds } from '../activities/deliver.ts'
import type { EmailChannel } from '../src/channels/email/email-channel.ts'
import { smtpDeadlineMs } from '../src/channels/email/smtp/sender.ts'
import type { SmsChannel } from '../src/channels/sms/sms-channel.ts'
import type { TemplateSource } from '../src/channels/templates/render-message.ts'
import type { ThreadRenderer } from '../src/channels/templates/thread-renderer.ts'
import type { Clock } from '../src/clock.ts'
import type { Definitions } from '../src/domain/definitions.ts'
import { measuringOf } from '../src/domain/tracking.ts'
import type { Database } from '../src/store/database.ts'
import { createLedger } from '../src/store/ledger.ts'
import { twilioStatusUrl } from '../src/store/links.ts'
import { type MailboxPurpose, returnPath } from '../src/store/return-path.ts'
import type { Vault } from '../src/store/vault.ts'
import { type MailSender, senderOf, useOf } from './mail-senders.ts'
import { createMeasureMessage } from './measured-message.ts'
import { noOwnFacts, ownFactsOf } from './own-facts.ts'
import { createPrepareMessage, type PrepareNeeds } from './prepare-message.ts'

type Measuring = NonNullable<PrepareNeeds['measuring']>

export interface Neighbours {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
  readonly definitions: { get(): Promise<Definitions> }
  /** The newest published version; undefined if there is none. */
  readonly template: (key: string, locale?: string | null) => Promise<TemplateSource | undefined>
  readonly renderer: ThreadRenderer
  /** Under the usual identity. */
  readonly email: EmailChannel
  /** Identities beside it. Default: there are none. */
  readonly senders?: readonly MailSender[]
  /** Where bounces come in; undefined: to the sender. */
  readonly bounceDomain: string | undefined
  readonly sms: SmsChannel
  /** Where recipients and Twilio reach the product. */
  readonly publicUrl: string
  /** Where links in messages lead through, under the shop's own name. Default: the same. */
  readonly linksUrl?: string | undefined
  readonly shop: { readonly name: string; readonly url: string; readonly postalAddress: string }
}

export function deliveryNeeds(neighbours: Neighbours): DeliveryNeeds {
  const { database, vault, clock, definitions, publicUrl, senders = [] } = neighbours
  const own = { pool: database.pool, vault, nowMs: () => clock.nowMs(), publicUrl }
  return {
    senderOf: (message, nowMs) => useOf(senderOf(senders, message), nowMs),
    ledger: createLedger(database),
    definitions,
    clock,
    prepare: createPrepareMessage({
      vault,
      template: neighbours.template,
      renderer: neighbours.renderer,
      ownFacts: async (customerId, template) =>
        (await ownFactsOf([customerId], template, own)).get(customerId) ?? noOwnFacts,
      publicUrl,
      shop: { name: neighbours.shop.name, url: neighbours.shop.url },
      postalAddress: (message) => senderOf(senders, message)?.postalAddress ?? neighbours.shop.postalAddress,
      measuring: measuringNeeds(neighbours),
    }),
    channels: channelsOf(neighbours),
    sendDeadlineMs: smtpDeadlineMs, // The longest of all channels.
  }
}

function measuringNeeds({ database, vault, clock, definitions, publicUrl, linksUrl }: Neighbours): Measuring {
  return {
    of: async (topic, messageClass) => measuringOf((await definitions.get()).policy, topic, messageClass),
    apply: createMeasureMessage({
      database: database.pool,
      vault,
      linksUrl: linksUrl ?? publicUrl,
      publicUrl,
      nowMs: () => clock.nowMs(),
    }),
  }
}

function channelsOf(neighbours: Neighbours): DeliveryNeeds['channels'] {
  const { sms, publicUrl, vault, senders = [] } = neighbours
  const identities = new Map(senders.map((sender) => [sender.key, sender]))
  return {
    email: {
      send({ id, address, content, unsubscribeUrl }, { key }) {
        const { email, bounceDomain } = (key === null ? undefined : identities.get(key)) ?? neighbours
        const ours = (purpose: MailboxPurpose): string | undefined =>
          bounceDomain === undefined ? undefined : returnPath(vault, bounceDomain, id, purpose)
        const paths = { returnPath: ours('bounce'), unsubscribeMailbox: ours('unsubscribe') }
        return email.send({ id, to: address, unsubscribeUrl, ...content, ...paths })
      },
    },
    sms: {
      send: ({ id, address, content }) =>
        sms.send({ to: address, text: content.text, statusUrl: twilioStatusUrl(publicUrl, id) }),
    },
  }
}
