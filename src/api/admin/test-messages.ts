/**
 * Sending a template to oneself before it goes to customers. What leaves is what would leave, marked as a test: it is in no
 * ledger, counts for no cap and no report, is not measured, and its links lead to pages on which nothing happens. Who sent
 * how many is in the audit.
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EmailChannel } from '../../channels/email/email-channel.ts'
import type { SmsChannel } from '../../channels/sms/sms-channel.ts'
import type { RenderedMessage } from '../../channels/templates/render-message.ts'
import type { DeliveryResult } from '../../domain/delivery.ts'
import type { Channel } from '../../domain/snapshot.ts'
import { countLately, noteAudit } from '../../store/audit.ts'
import { loadTemplate } from '../../store/campaigns.ts'
import type { Database } from '../../store/database.ts'
import { twilioStatusUrl } from '../../store/links.ts'
import { findHold } from '../../store/sending-hold.ts'
import { listSuppressions } from '../../store/suppression-list.ts'
import type { Vault } from '../../store/vault.ts'
import { ApiError } from '../api-error.ts'
import type { TemplatePreview, TemplatePreviewer } from './template-preview.ts'
import { readRecipient, type TestTeam } from './test-recipients.ts'

export interface TestChannels {
  readonly email: Pick<EmailChannel, 'send'>
  readonly sms: Pick<SmsChannel, 'send'>
}

export interface TestMessageNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly publicUrl: string
  readonly previewer: TemplatePreviewer
  readonly team: TestTeam
  /** Undefined: this process reaches no provider. */
  readonly testChannels: TestChannels | undefined
}

export interface TestWish {
  readonly key: string
  /** Addresses of the template's channel. */
  readonly to: readonly string[]
  /** As the preview has it; undefined: an invented one. */
  readonly customer: string | undefined
  readonly locale: string | undefined
  /** That also addresses outside of the team are meant. */
  readonly isConfirmed: boolean
  readonly actor: string
}

export interface TestSent {
  readonly channel: Channel
  /** In the order of the addresses; they are not said again. */
  readonly results: readonly TestResult[]
}

export interface TestResult {
  readonly status: 'sent' | 'failed' | 'in_doubt'
  readonly reason: string | null
}

const mostRecipients = 10
/** Whoever needs more is not testing. */
const mostAnHour = 200
/** A person waits: what has no answer by then may still arrive. */
const longestWaitMs = 20_000

/** Before subject and text. */
const mark = '[Test] '

/** What a refusal names that a confirmation would overcome. */
const confirmedField = 'confirmed'

/** @throws ApiError 400 of an address that is none, 409 of one that needs a confirmation or is suppressed, 429 of too many. */
export async function sendTest(needs: TestMessageNeeds, wish: TestWish): Promise<TestSent> {
  const { database, vault, previewer, testChannels } = needs
  const { key, to, customer, locale, actor } = wish
  if (to.length === 0 || to.length > mostRecipients)
    throw new ApiError(400, `to: must hold 1 to ${mostRecipients} addresses`, 'to')
  if (testChannels === undefined) throw new ApiError(503, 'This process reaches no mail server: SMTP_URL is not set.')
  const hold = await findHold(database.pool)
  // Who has stopped marketing alone may well want to see what comes after.
  if (hold?.extent === 'everything') throw new ApiError(409, `All sending is stopped, tests too: ${hold.reason}`)
  const template = await loadTemplate(database, key)
  if (template === undefined) throw new ApiError(404, 'There is no published template of this name.', 'key')
  const { channel } = template
  const addresses = await checkedAddresses(needs, wish, channel)
  const sentLately = await countLately(database.pool, 'test-message', 'recipients')
  if (sentLately + addresses.length > mostAnHour)
    throw new ApiError(429, `to: more than ${mostAnHour} tests within an hour are too many`, 'to')
  const shown = await previewer.show({ key, customer, locale, actor })
  const detail = { template: key, recipients: addresses.length, outside: addresses.filter(isOutside(needs)).length }
  await noteAudit(database.pool, vault, { actor, action: 'test-message', detail })
  const results = await Promise.all(addresses.map((address) => sendOne(needs, testChannels, shown, address)))
  return { channel, results }
}

function isOutside({ team }: TestMessageNeeds): (address: string) => boolean {
  return (address) => !team.has(address)
}

async function checkedAddresses(
  needs: TestMessageNeeds,
  { to, isConfirmed }: TestWish,
  channel: Channel,
): Promise<readonly string[]> {
  const { database, vault } = needs
  // What was typed is personal: an error names its place only.
  const addresses = to.map((text, place) => {
    const address = readRecipient(text, channel)
    if (address !== undefined) return address
    const what = channel === 'email' ? 'an e-mail address' : 'a phone number with its country, such as +442079460958'
    throw new ApiError(400, `to: the ${nth(place)} must be ${what}`, 'to')
  })
  const kind = channel === 'email' ? 'email' : 'phone'
  for (const [place, address] of addresses.entries()) {
    const listed = { channel, addressHash: vault.lookupHash(kind, address), limit: 1 }
    const [found] = (await listSuppressions(database.pool, listed)).suppressions
    if (found !== undefined) {
      const words = `to: nothing is sent to the ${nth(place)}: it is on the suppression list (${found.reason})`
      throw new ApiError(409, words, 'to')
    }
  }
  const outsider = addresses.findIndex(isOutside(needs))
  if (outsider >= 0 && !isConfirmed) {
    const words = `to: the ${nth(outsider)} is not of the team (PERENNIAL_TEST_RECIPIENTS): send "${confirmedField}": true if it is meant`
    throw new ApiError(409, words, confirmedField)
  }
  return [...new Set(addresses)]
}

function nth(place: number): string {
  return ['1st', '2nd', '3rd'][place] ?? `${place + 1}th`
}

async function sendOne(
  { publicUrl }: TestMessageNeeds,
  { email, sms }: TestChannels,
  shown: TemplatePreview,
  to: string,
): Promise<TestResult> {
  const id = randomUUID()
  const { subject, html, text } = marked(shown)
  const unsubscribeUrl = shown.isMarketing ? new URL('/u/preview', publicUrl).href : null
  const sending =
    shown.channel === 'email'
      ? email.send({ id, to, subject, html, text, unsubscribeUrl })
      : sms.send({ to, text, statusUrl: twilioStatusUrl(publicUrl, id) })
  const late = new AbortController()
  const tooLate = sleep(longestWaitMs, undefined, { signal: late.signal }).catch(() => undefined)
  const result = await Promise.race([sending, tooLate]).finally(() => late.abort())
  return result === undefined ? { status: 'in_doubt', reason: 'no answer yet' } : resultOf(result)
}

function marked({ channel, subject, html, text }: RenderedMessage & { readonly channel: Channel }): RenderedMessage {
  return channel === 'email' ? { subject: mark + subject, html, text } : { subject, html, text: mark + text }
}

/** Nobody tries again by themselves: whoever tests is there to press once more. */
function resultOf(result: DeliveryResult): TestResult {
  const status = result.status === 'retry' ? 'failed' : result.status
  return { status, reason: 'reason' in result ? (result.reason ?? null) : null }
}
