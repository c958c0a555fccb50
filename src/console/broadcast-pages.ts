/** Broadcasts in the console: which there are, and how far one has come. */

import { sayDuration } from '../domain/duration.ts'
import { whyNot } from '../domain/explain.ts'
import type { TextMoney } from '../domain/text-cost.ts'
import type { Broadcast, BroadcastStatus } from '../store/broadcasts/broadcasts.ts'
import { broadcastLinks } from './broadcast-change-pages.ts'
import { formatCount, formatMoney, formatShare, formatTime } from './format.ts'
import { type Html, html } from './html.ts'

export interface BroadcastCounts {
  readonly messages: readonly { readonly status: string; readonly reason: string | null; readonly count: number }[]
  readonly variants: readonly { readonly variant: string; readonly n: number; readonly conversions: number }[]
  /** Of text messages. */
  readonly texts: { readonly segments: number; readonly money: TextMoney | null } | null
}

export function broadcastListPage(broadcasts: readonly Broadcast[], mayChange: boolean): Html {
  const rows = broadcasts.map(
    (one) => html`<tr><td><a href="/broadcasts/${one.key}">${one.name}</a><br><span class="soft">${one.key}</span></td>
      <td>${statusWords[one.status]}</td><td>${channelWords[one.definition.channel]}</td><td>${one.definition.segment ?? 'everybody'}</td>
      <td class="number">${one.audience === null ? '–' : formatCount(one.audience)}</td>
      <td class="time">${formatTime(one.startedAt)}</td></tr>`,
  )
  return html`<main><h1>Broadcasts</h1><p class="lead">One message for many, once.
    ${mayChange && html`<a href="/broadcasts/new">Write a new one</a>`}</p><section>${
      rows.length === 0
        ? html`<p class="soft">No broadcasts yet. Write one here, or as a file: <code>perennial broadcasts create FILE</code> makes it a draft.</p>`
        : html`<table><thead><tr><th>Broadcast</th><th>Status</th><th>By</th><th>For</th><th class="number">Audience</th>
      <th>Started (UTC)</th></tr></thead><tbody>${rows}</tbody></table>`
    }</section></main>`
}

const statusWords: Readonly<Record<BroadcastStatus, string>> = {
  draft: 'Draft',
  running: 'Running',
  paused: 'Paused',
  done: 'Done',
  cancelled: 'Cancelled',
}

/** @param mayChange whether the visitor may send, pause and end it. */
export function broadcastPage(
  broadcast: Broadcast,
  { messages, variants, texts }: BroadcastCounts,
  mayChange: boolean,
): Html {
  const { key, name, status, audience, heldOut, startedAt, finishedAt, winner, definition } = broadcast
  const sent = messages.filter((each) => each.status === 'sent').reduce((sum, each) => sum + each.count, 0)
  const meant = (audience ?? 0) - (heldOut ?? 0)
  return html`<main><h1>${name}</h1><p class="lead">${statusWords[status]}, for ${
    definition.segment === null
      ? 'everybody'
      : html`<a href="/segments/${definition.segment}">${definition.segment}</a>`
  } who may
      hear of ${definition.topic}.</p>
    <div class="grid"><section><h2>Sent</h2><strong class="big">${formatCount(sent)}</strong>
      <p class="soft">${audience === null ? 'The audience is put down when it starts.' : `of ${formatCount(meant)}${heldOut ? `; ${formatCount(heldOut)} are held out` : ''}`}</p>
      ${meant > 0 && bar(sent / meant)}
      ${texts !== null && html`<p class="soft">${segmentWords(texts)}</p>`}</section>
    <section><h2>When</h2><dl><dt>Started</dt><dd>${momentOf(startedAt)}</dd><dt>Ended</dt>
      <dd>${momentOf(finishedAt)}</dd></dl>
      ${mayChange && broadcastLinks(broadcast)}</section>
    <section><h2>What</h2><dl><dt>By</dt><dd>${channelWords[definition.channel]}</dd><dt>Message</dt><dd>${definition.variants.map(
      ({ template }, i) => html`${i > 0 && ', '}<a href="/templates/${template}">${template}</a>`,
    )}</dd><dt>Leaves</dt><dd>${whenWords(definition)}</dd><dt>Stale after</dt><dd>${sayDuration(definition.expiresAfterMs)}</dd>
      <dt>At most</dt><dd>${definition.perSecond === null ? 'as fast as it goes' : `${definition.perSecond} a second`}</dd></dl>
      <p><a href="/templates/${definition.variants[0]?.template}#test">Send yourself a test</a></p>
      <p class="soft"><code>${key}</code></p>
    </section></div>
    <section><h2>Messages</h2>${
      messages.length === 0
        ? html`<p class="soft">None yet.</p>`
        : html`<p><a href="/messages?journey=broadcast%3A${key}">Who got it, and who did not</a></p><table><tbody>${messages.map(
            (each) =>
              html`<tr><td>${messageWords[each.status] ?? each.status}</td><td class="soft">${each.reason === null ? '' : whyNot({ kind: 'message', rule: each.reason })}</td>
              <td class="number">${formatCount(each.count)}</td></tr>`,
          )}</tbody></table>`
    }</section>
    ${
      variants.length > 1 &&
      html`<section><h2>Variants</h2><table><thead><tr><th>Variant</th><th class="number">Sent</th>
      <th class="number">Did it</th><th class="number">Share</th></tr></thead><tbody>${variants.map(
        ({ variant, n, conversions }) =>
          html`<tr><td>${variant}${variant === winner && html` <span class="tag">Winner</span>`}</td>
          <td class="number">${formatCount(n)}</td><td class="number">${formatCount(conversions)}</td>
          <td class="number">${formatShare(n === 0 ? 0 : conversions / n)}</td></tr>`,
      )}</tbody></table></section>`
    }</main>`
}

const channelWords = { email: 'Email', sms: 'Text message' } as const

const messageWords: Readonly<Record<string, string>> = {
  planned: 'waiting to leave',
  transmitting: 'leaving',
  in_doubt: 'in doubt',
  refused: 'not sent',
}

function segmentWords({ segments, money }: NonNullable<BroadcastCounts['texts']>): string {
  const parts = `in ${formatCount(segments)} ${segments === 1 ? 'part' : 'parts'}`
  return money === null ? parts : `${parts}: ${formatMoney(money.cents, money.currency)}`
}

function momentOf(time: Date | null): string {
  return time === null ? '–' : `${formatTime(time)} UTC`
}

function whenWords({ sendAt }: Broadcast['definition']): string {
  if (sendAt === null) return 'as soon as it is started'
  const where = sendAt.timeZone === 'recipient' ? 'on the clock of each recipient' : sendAt.timeZone
  return `${sendAt.local.replace('T', ' ')}, ${where}`
}

function bar(share: number): Html {
  const width = Math.round(Math.min(1, share) * 100)
  return html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="4"/>
    <rect width="${width}" height="4"/></svg>`
}
