/**
 * The other side of `bulk-composer.ts`: opens, renders, signs and composes a page of messages, in a thread that may be
 * ended at any time.
 */

import { readFileSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { type Composer, createComposer } from '../src/channels/email/compose/compose-email.ts'
import { readDkimKey } from '../src/channels/email/compose/dkim.ts'
import { readSender } from '../src/channels/email/compose/sender-identity.ts'
import { type LetterForm, letterForm } from '../src/channels/templates/letter-form.ts'
import { TemplateError } from '../src/channels/templates/liquid.ts'
import { measurableTargets } from '../src/channels/templates/measurable-links.ts'
import {
  createMessageRenderer,
  type MessageFacts,
  type RenderedMessage,
} from '../src/channels/templates/render-message.ts'
import { preferencesUrl, unsubscribeUrl } from '../src/store/links.ts'
import { openAddress, openPersonalTraits } from '../src/store/personal-data.ts'
import { type MailboxPurpose, returnPath } from '../src/store/return-path.ts'
import { clickUrl, pixelUrl } from '../src/store/tracked-links.ts'
import { Vault } from '../src/store/vault.ts'
import type { BulkItem, BulkRequest, BulkResponse, BulkSetting, ComposedMail } from './bulk-composer.ts'
import { measuredBy, measuredMail, measuredTextBy } from './measured-message.ts'

// Receipts, the database and Temporal go before the next page: signatures would keep every core busy. Of Linux's threads
// each has a priority of its own; elsewhere this would slow down the whole process.
if (process.platform === 'linux') setPriority(0, Math.min(constants.priority.PRIORITY_LOW, getPriority(0) + 5))

const setting = workerData as BulkSetting
const vault = Vault.takeOver(setting.masterKeys)
const senders = new Map(setting.senders.map((sender) => [sender.key, opened(sender)]))
const renderer = createMessageRenderer()
const places = { vault, publicUrl: setting.publicUrl, linksUrl: setting.linksUrl }

interface Sender {
  readonly key: string | null
  readonly composer: Composer
  readonly bounceDomain: string | undefined
  readonly postalAddress: string
}

function opened({ key, from, replyTo, dkim, bounceDomain, postalAddress }: BulkSetting['senders'][number]): Sender {
  const keys = dkim.map((text) => readDkimKey(text, (path) => readFileSync(path, 'utf8')))
  const composer = createComposer(readSender(from, replyTo), keys, setting.reportedBy, 'here')
  return { key, composer, bounceDomain, postalAddress }
}

parentPort?.on('message', (request: BulkRequest) => {
  void answer(request).then(({ response, transfer }) => parentPort?.postMessage(response, transfer))
})

async function answer(request: BulkRequest): Promise<{ response: BulkResponse; transfer: ArrayBuffer[] }> {
  const targets = new Set<string>()
  const nowMs = Date.now()
  try {
    const sender = senders.get(request.sender)
    if (sender === undefined) throw new RangeError('there is no such sender')
    const mails = await Promise.all(request.items.map((item) => compose(item, request, sender, targets, nowMs)))
    const { whole, placed } = joined(mails)
    const buffer = whole.buffer as ArrayBuffer
    return { response: { mails: placed, whole, targets: [...targets] }, transfer: [buffer] }
  } catch (error) {
    return { response: { fault: error instanceof Error ? error.name : 'unknown' }, transfer: [] }
  }
}

type Mail = { readonly from: string; readonly to: string; readonly content: Buffer; readonly needsUtf8?: boolean }

async function compose(
  item: BulkItem,
  { template, measuring }: Pick<BulkRequest, 'template' | 'measuring'>,
  sender: Sender,
  targets: Set<string>,
  nowMs: number,
): Promise<Mail | { readonly broken: string; readonly isAddress: boolean }> {
  const { id, customerId, sealed, own = {} } = item
  const key = vault.openCustomerKey(customerId, sealed.wrappedKey)
  const address = openAddress(vault, key, sealed.contactPointId, sealed.address)
  const personal = sealed.personal === null ? {} : openPersonalTraits(vault, key, customerId, sealed.personal)
  try {
    const traits = JSON.parse(sealed.traits) as Record<string, unknown>
    const link = unsubscribeUrl(vault, setting.publicUrl, id)
    const facts = {
      customer: { ...traits, ...personal },
      computed: sealed.computed === null ? {} : (JSON.parse(sealed.computed) as Record<string, unknown>),
      ...constantsFor(item.variant, sender),
      ...own,
      unsubscribe_url: link,
      preferences_url: preferencesUrl(vault, setting.publicUrl, id),
    }
    const isMeasured = sealed.mayBeMeasured && (measuring.opens || measuring.clicks)
    const linkFor = (name: string): string => linkOf(name, id, facts)
    const content =
      formFor(template, item.variant, measuring, sender)?.fill({ facts, stranger: traits, isMeasured, linkFor }) ??
      rendered(id, template, facts, isMeasured ? traits : undefined, measuring)
    for (const target of content.targets) targets.add(target)
    const mailbox = (purpose: MailboxPurpose): string | undefined =>
      sender.bounceDomain === undefined ? undefined : returnPath(vault, sender.bounceDomain, id, purpose)
    const mail = await sender.composer.compose(
      {
        id,
        to: address,
        subject: content.subject,
        text: content.text,
        html: content.html,
        unsubscribeUrl: link,
        returnPath: mailbox('bounce'),
        unsubscribeMailbox: mailbox('unsubscribe'),
      },
      nowMs,
    )
    return mail ?? { broken: 'not an email address', isAddress: true }
  } catch (error) {
    if (error instanceof TemplateError)
      return { broken: `template ${template.key}: ${error.message}`, isAddress: false }
    throw error
  }
}

/** As every other message is made. */
function rendered(
  id: string,
  template: BulkRequest['template'],
  facts: MessageFacts,
  stranger: MessageFacts['customer'] | undefined,
  { opens, clicks }: BulkRequest['measuring'],
): RenderedMessage & { readonly targets: readonly string[] } {
  const content = renderer.render(template, facts, stranger)
  if (stranger === undefined) return { ...content, targets: [] }
  const targets = clicks ? measurableTargets(content.impersonalLinks ?? [], places) : []
  return { ...measuredMail(id, content, targets, opens, places), targets }
}

/** By template, variant, what is measured and who sends; of templates, the newest versions. */
const forms = new Map<string, { readonly version: string; readonly form: LetterForm | undefined }>()

function formFor(
  template: BulkRequest['template'],
  variant: string,
  { opens, clicks }: BulkRequest['measuring'],
  sender: Sender,
): LetterForm | undefined {
  const name = JSON.stringify([template.key, variant, opens, clicks, sender.key])
  const known = forms.get(name)
  if (known?.version === template.version) return known.form
  const form = letterForm(template, {
    constants: constantsFor(variant, sender),
    measure({ html, text }, links, nameLink) {
      const targets = clicks ? measurableTargets(links, places) : []
      const urls = { click: nameLink, pixel: () => nameLink(pixelLink) }
      return { targets, html: measuredBy(html, targets, opens, urls), text: measuredTextBy(text, targets, nameLink) }
    },
  })
  forms.set(name, { version: template.version, form })
  return form
}

/** What no recipient changes. */
function constantsFor(variant: string, { postalAddress }: Sender) {
  return {
    coupon: null,
    data: { variant },
    survey: null,
    shop: setting.shop,
    postal_address: postalAddress,
    confirm_url: null,
  }
}

/** No link has such an id. */
const pixelLink = 'pixel'

function linkOf(name: string, id: string, { unsubscribe_url: out, preferences_url: choices }: MessageFacts): string {
  if (name === 'unsubscribe_url') return out ?? ''
  if (name === 'preferences_url') return choices ?? ''
  return name === pixelLink ? pixelUrl(vault, setting.linksUrl, id) : clickUrl(vault, setting.linksUrl, id, name)
}

/** All messages in one buffer, which changes threads without being copied. */
function joined(mails: readonly Awaited<ReturnType<typeof compose>>[]): { whole: Uint8Array; placed: ComposedMail[] } {
  const whole = new Uint8Array(mails.reduce((sum, mail) => sum + ('broken' in mail ? 0 : mail.content.length), 0))
  let at = 0
  const placed = mails.map((mail): ComposedMail => {
    if ('broken' in mail) return mail
    const { from, to, content, needsUtf8 = false } = mail
    whole.set(content, at)
    at += content.length
    return { from, to, needsUtf8, start: at - content.length, end: at }
  })
  return { whole, placed }
}
