/** The activities of broadcasts, wired to their real neighbours. */

import { createBroadcastActivities } from '../activities/broadcast.ts'
import { createBroadcastSendActivities } from '../activities/broadcast-send.ts'
import type { BroadcastActivities, BroadcastSendActivities } from '../activities/broadcast-types.ts'
import { ProviderPace } from '../activities/provider-pace.ts'
import type { ReportingService } from '../src/channels/email/compose/compose-email.ts'
import { smtpDeadlineMs } from '../src/channels/email/smtp/sender.ts'
import { smsDeadlineMs } from '../src/channels/sms/sms-channel.ts'
import { createThreadRenderer } from '../src/channels/templates/thread-renderer.ts'
import { senderFor } from '../src/domain/mail-sender.ts'
import type { MailSenderConfig } from '../src/senders-file.ts'
import { clearAudience, takeAudience } from '../src/store/broadcasts/audience.ts'
import { countConversions, findBroadcast, moveBroadcast, saveWinner } from '../src/store/broadcasts/broadcasts.ts'
import { createBulkLedger } from '../src/store/broadcasts/bulk-ledger.ts'
import { saveTargets } from '../src/store/tracked-links.ts'
import { type BulkItem, type BulkRequest, createBulkComposer } from './bulk-composer.ts'
import { writeTexts } from './bulk-texts.ts'
import type { Neighbours } from './delivery-needs.ts'
import { useOf, wholeSender } from './mail-senders.ts'
import { noOwnFacts, ownFactsOf, showsOwnFacts } from './own-facts.ts'

export interface BroadcastWorkerActivities {
  readonly lifecycle: BroadcastActivities
  readonly sending: BroadcastSendActivities
  close(): Promise<void>
}

/** What composing needs beside the neighbours: it has threads of its own. */
export interface ComposingSetting {
  readonly from: string
  /** `selector@domain=path` */
  readonly dkim: readonly string[]
  readonly reportedBy?: ReportingService | undefined
  /** Identities beside that one, as the neighbours have them. */
  readonly senders?: readonly MailSenderConfig[]
}

/** Two: signatures are what takes long, and a broadcast may use two cores for them. */
const composingThreads = 2

/** A template is read again after so long: a new version counts from then on. */
const templateMs = 2_000

export function createBroadcastWorkerActivities(
  neighbours: Neighbours,
  { from, dkim, reportedBy, senders: others = [] }: ComposingSetting,
): BroadcastWorkerActivities {
  const { database, vault, clock, definitions, sms, publicUrl, linksUrl, shop, bounceDomain, senders = [] } = neighbours
  const channels = new Map(senders.map(({ key, email }) => [key, email]))
  const usual = { dkim, bounceDomain, postalAddress: shop.postalAddress }
  const composer = createBulkComposer(
    {
      masterKeys: vault.handOver(),
      senders: [
        { key: null, from, replyTo: undefined, ...usual },
        ...others.map((own) => ({ key: own.key, ...wholeSender(own, usual) })),
      ],
      reportedBy,
      publicUrl,
      linksUrl: linksUrl ?? publicUrl,
      shop: { name: shop.name, url: shop.url },
    },
    composingThreads,
  )
  // Not that of journeys: they would wait for each other.
  const renderer = createThreadRenderer()
  const textNeeds = {
    database: database.pool,
    vault,
    renderer,
    publicUrl,
    linksUrl: linksUrl ?? publicUrl,
    shop: { name: shop.name, url: shop.url },
    postalAddress: shop.postalAddress,
  }
  const ledger = createBulkLedger(database)
  const find = (id: string): ReturnType<typeof findBroadcast> => findBroadcast(database.pool, id)
  const known = new Set<string>()
  const own = { pool: database.pool, vault: neighbours.vault, nowMs: () => clock.nowMs(), publicUrl }
  const withOwnFacts = async ({
    template,
    items,
  }: Pick<BulkRequest, 'template' | 'items'>): Promise<readonly BulkItem[]> => {
    if (!showsOwnFacts(template)) return items
    const facts = await ownFactsOf([...new Set(items.map(({ customerId }) => customerId))], template, own)
    return items.map((item) => ({ ...item, own: facts.get(item.customerId) ?? noOwnFacts }))
  }
  return {
    lifecycle: createBroadcastActivities({
      broadcasts: {
        find,
        takeAudience(broadcast, zone) {
          composer.warm() // Most often sending begins here, and as soon as that is done.
          return takeAudience(database, broadcast, zone)
        },
        countConversions: (broadcast) => countConversions(database.pool, broadcast),
        saveWinner: (id, winner, verdict, nowMs) => saveWinner(database.pool, id, winner, verdict, nowMs),
        move: (id, before, to, nowMs) => moveBroadcast(database.pool, id, before, to, nowMs),
        refuseOpen: (id, reason, nowMs) => ledger.refuseOpen(id, reason, nowMs),
        clearAudience: (id) => clearAudience(database.pool, id),
      },
      definitions,
      clock,
    }),
    sending: createBroadcastSendActivities({
      broadcasts: { find },
      ledger,
      definitions,
      clock,
      template: remembered(neighbours.template),
      compose: async (request) => composer.compose({ ...request, items: await withOwnFacts(request) }),
      async saveTargets(targets) {
        const fresh = targets.filter((target) => !known.has(target))
        await saveTargets(database.pool, fresh, clock.nowMs())
        if (known.size > mostKnown) known.clear()
        for (const target of fresh) known.add(target)
      },
      senderFor: (topic, nowMs) => useOf(senderFor(senders, topic, 'marketing'), nowMs),
      transfer(mail, { key }) {
        const email = (key === null ? undefined : channels.get(key)) ?? neighbours.email
        return email.transfer(mail, 'marketing', 'bulk')
      },
      texts: {
        compose: async (request) => writeTexts({ ...request, items: await withOwnFacts(request) }, textNeeds),
        send: (text) => sms.send(text),
        pace: new ProviderPace(),
      },
      sendDeadlineMs: { email: smtpDeadlineMs, sms: smsDeadlineMs },
    }),
    async close() {
      await Promise.all([composer.close(), renderer.close()])
    },
  }
}

/** So many targets are remembered as saved; campaigns have a few hundred. */
const mostKnown = 10_000

/** Templates by language; whoever writes nonsense as theirs must not fill the memory. */
const mostRemembered = 1_000

function remembered(load: Neighbours['template']): Neighbours['template'] {
  const known = new Map<string, { readonly atMs: number; readonly template: ReturnType<Neighbours['template']> }>()
  return (key, locale) => {
    const name = `${key} ${locale ?? ''}`
    const one = known.get(name)
    if (one && performance.now() - one.atMs < templateMs) return one.template
    const template = load(key, locale)
    template.catch(() => known.delete(name))
    if (known.size > mostRemembered) known.clear()
    known.set(name, { atMs: performance.now(), template })
    return template
  }
}
