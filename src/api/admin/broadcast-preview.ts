/**
 * What a broadcast would do if it were sent now: some of whom it is meant for are looked at by the rules that count when it
 * leaves, and their text messages are written, measured and forgotten.
 */

import { measureText } from '../../channels/sms/segments.ts'
import { TemplateError } from '../../channels/templates/liquid.ts'
import { measurableTargets, shortenedText } from '../../channels/templates/measurable-links.ts'
import type { MessageFacts, TemplateSource } from '../../channels/templates/render-message.ts'
import { createThreadRenderer, type ThreadRenderer } from '../../channels/templates/thread-renderer.ts'
import type { Clock } from '../../clock.ts'
import type { BroadcastPreview, VariantPreview } from '../../domain/broadcast-preview.ts'
import type { Definitions } from '../../domain/definitions.ts'
import { usualSenderUse } from '../../domain/mail-sender.ts'
import { costOfTexts, moneyOf, type SegmentPrice, type WrittenText } from '../../domain/text-cost.ts'
import { measuringOf } from '../../domain/tracking.ts'
import { recommendedItems } from '../../intake/recommended-items.ts'
import { type BulkAddressee, readAddressees, type SealedForBulk } from '../../store/broadcasts/addressees.ts'
import { sampleAudience } from '../../store/broadcasts/audience.ts'
import type { Broadcast } from '../../store/broadcasts/broadcasts.ts'
import { type Outcome, outcomeFor } from '../../store/broadcasts/bulk-outcome.ts'
import { loadTemplate } from '../../store/campaigns.ts'
import type { Database } from '../../store/database.ts'
import { preferencesUrl, unsubscribeUrl } from '../../store/links.ts'
import { openPersonalTraits } from '../../store/personal-data.ts'
import { shownScores } from '../../store/shown-scores.ts'
import { sampleShortUrl } from '../../store/tracked-links.ts'
import type { Vault } from '../../store/vault.ts'

export interface BroadcastPreviewNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
  readonly definitions: () => Promise<Definitions>
  readonly publicUrl: string
  readonly linksUrl: string
  readonly brand: string
  readonly mail: { readonly postalAddress: string }
  /** Of a part of a text message; undefined: nobody has said. */
  readonly segmentPrice: SegmentPrice | undefined
}

export interface BroadcastPreviewer {
  /** @param price in place of the usual one. */
  show(broadcast: Broadcast, price?: SegmentPrice): Promise<BroadcastPreview>
  close(): Promise<void>
}

/** Enough to tell a half from a third, and soon written. */
const sampleSize = 250

export function broadcastPreviewer(needs: BroadcastPreviewNeeds): BroadcastPreviewer {
  const renderer = createThreadRenderer()
  return {
    show: (broadcast, price = needs.segmentPrice) => preview(needs, renderer, broadcast, price),
    close: () => renderer.close(),
  }
}

interface Looked {
  readonly customerId: string
  readonly who: BulkAddressee
  readonly outcome: Outcome
}

async function preview(
  needs: BroadcastPreviewNeeds,
  renderer: ThreadRenderer,
  broadcast: Broadcast,
  price: SegmentPrice | undefined,
): Promise<BroadcastPreview> {
  const { pool } = needs.database
  const { channel, holdOut, variants } = broadcast.definition
  const { policy } = await needs.definitions()
  const nowMs = needs.clock.nowMs()
  const { audience, ids } = await sampleAudience(pool, broadcast, sampleSize)
  const known = await readAddressees(pool, ids, { broadcast, policy, nowMs, sender: usualSenderUse })
  const looked = [...known].map(([customerId, who]): Looked => {
    return { customerId, who, outcome: outcomeFor(who, { broadcast, policy, nowMs }) }
  })
  const scaled = (count: number): number => (looked.length === 0 ? 0 : Math.round((count / looked.length) * audience))
  const reached = looked.filter(({ outcome }) => outcome.status !== 'refused')
  const waiting = reached.filter(({ outcome }) => outcome.status === 'planned')
  const common = {
    channel,
    audience,
    sampled: looked.length,
    reached: Math.round(scaled(reached.length) * (1 - holdOut)),
    waiting: Math.round(scaled(waiting.length) * (1 - holdOut)),
    refused: refusals(looked).map(({ rule, count }) => ({ rule, count: scaled(count) })),
  }
  if (channel === 'email') {
    const none = { cost: null, broken: 0, saysStop: false }
    return { ...common, variants: variants.map((each) => ({ ...each, ...none })), segments: null, money: null }
  }
  const clicks = measuringOf(policy, broadcast.definition.topic, 'marketing').clicks
  const written: VariantPreview[] = []
  for (const variant of variants) written.push(await previewVariant(needs, renderer, variant, reached, clicks))
  // Whoever is reached gets one of them, by chance.
  const partsEach = written.reduce((sum, { cost }) => sum + (cost?.mean ?? 0), 0) / written.length
  const segments = Math.round(common.reached * partsEach)
  return { ...common, variants: written, segments, money: price === undefined ? null : moneyOf(segments, price) }
}

function refusals(looked: readonly Looked[]): { rule: string; count: number }[] {
  const rules = looked.flatMap(({ outcome }) => (outcome.status === 'refused' ? [outcome.reason] : []))
  return [...Map.groupBy(rules, (rule) => rule)]
    .map(([rule, those]) => ({ rule, count: those.length }))
    .sort((a, b) => b.count - a.count)
}

async function previewVariant(
  needs: BroadcastPreviewNeeds,
  renderer: ThreadRenderer,
  { id, template: key }: { readonly id: string; readonly template: string },
  people: readonly Looked[],
  clicks: boolean,
): Promise<VariantPreview> {
  const templates = new Map<string | null, TemplateSource | undefined>()
  const texts: WrittenText[] = []
  let broken = 0
  let saysStop = true
  for (const { customerId, who } of people) {
    if (who.sealed === null) continue
    const { locale } = who.sealed
    if (!templates.has(locale)) templates.set(locale, await loadTemplate(needs.database, key, locale))
    const template = templates.get(locale)
    const text = template && (await write(needs, renderer, template, customerId, who.sealed, id, clicks))
    if (text === undefined) {
      broken++
      continue
    }
    saysStop &&= /\bSTOP\b/i.test(text)
    texts.push(measureText(text))
  }
  return { id, template: key, cost: costOfTexts(texts), broken, saysStop: saysStop && texts.length > 0 }
}

/** The text as it would leave, with links that are as long. Undefined: the template cannot be filled. */
async function write(
  needs: BroadcastPreviewNeeds,
  renderer: ThreadRenderer,
  template: TemplateSource,
  customerId: string,
  sealed: SealedForBulk,
  variant: string,
  clicks: boolean,
): Promise<string | undefined> {
  const { vault, publicUrl } = needs
  const key = vault.openCustomerKey(customerId, sealed.wrappedKey)
  const traits = JSON.parse(sealed.traits) as Record<string, unknown>
  const personal = sealed.personal === null ? {} : openPersonalTraits(vault, key, customerId, sealed.personal)
  const facts: MessageFacts = {
    customer: { ...traits, ...personal },
    computed: sealed.computed === null ? {} : (JSON.parse(sealed.computed) as Record<string, unknown>),
    ...(await ownFacts(needs, template, customerId)),
    coupon: null,
    data: { variant },
    survey: null,
    shop: { name: needs.brand, url: publicUrl },
    postal_address: needs.mail.postalAddress,
    // Of no message: only how long they are is of interest.
    unsubscribe_url: unsubscribeUrl(vault, publicUrl, customerId),
    preferences_url: preferencesUrl(vault, publicUrl, customerId),
    confirm_url: null,
  }
  const isMeasured = clicks && sealed.mayBeMeasured
  try {
    const { text, impersonalLinks = [] } = await renderer.render(template, facts, isMeasured ? traits : undefined)
    const short = sampleShortUrl(needs.linksUrl)
    return shortenedText(text, new Map(measurableTargets(impersonalLinks, needs).map((target) => [target, short])))
  } catch (error) {
    if (error instanceof TemplateError) return undefined
    throw error
  }
}

/** Looked up only where the text shows it. */
async function ownFacts(
  { database, publicUrl }: BroadcastPreviewNeeds,
  { text }: TemplateSource,
  customerId: string,
): Promise<Pick<MessageFacts, 'recommendations' | 'scores' | 'referral'>> {
  return {
    ...(text.includes('recommendations') ? { recommendations: await recommendedItems(database.pool, customerId) } : {}),
    ...(text.includes('scores') ? { scores: await shownScores(database.pool, customerId) } : {}),
    referral: text.includes('referral.') ? { code: 'PREVIEW', url: new URL('/r/PREVIEW', publicUrl).href } : null,
  }
}
