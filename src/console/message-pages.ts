/** Messages in the console: who got what, and who did not, and why. */

import { whyNot } from '../domain/explain.ts'
import { type ListedMessage, messageStatuses } from '../store/message-list.ts'
import { formatCount, formatTime } from './format.ts'
import { type Html, html } from './html.ts'

export interface MessageFilter {
  readonly status: string | undefined
  /** As the ledger names it; `broadcast:KEY` for a broadcast's. */
  readonly journey: string | undefined
  readonly channel: string | undefined
}

export interface MessageListView {
  readonly filter: MessageFilter
  readonly total: number
  readonly messages: readonly ListedMessage[]
  /** The shop's ids, by ours. */
  readonly names: ReadonlyMap<string, { readonly externalId: string | null }>
  /** Where the next page begins; undefined on the last one. */
  readonly next: string | undefined
  readonly isFirst: boolean
}

/** Of the ledger's states, in the words of people. */
const statusWords: Readonly<Record<string, string>> = {
  planned: 'waiting',
  claimed: 'about to leave',
  transmitting: 'leaving',
  sent: 'sent',
  failed: 'failed',
  refused: 'not sent',
  in_doubt: 'in doubt',
}

export function messageListPage({ filter, total, messages, names, next, isFirst }: MessageListView): Html {
  const { journey } = filter
  return html`<main><h1>Messages</h1><p class="lead">Who got what, and who did not, and why.
      ${journey !== undefined && html`Of ${originLink(journey)}. <a href="${at({ ...filter, journey: undefined })}">Of all</a>`}</p>
    ${filterForm(filter)}
    <section><h2>${formatCount(total)} <span class="soft">the newest first; times in UTC</span></h2>${
      messages.length === 0 ? html`<p class="soft">There are none of these.</p>` : messageTable(messages, names)
    }${(next !== undefined || !isFirst) && html`<p class="buttons">${next !== undefined && html`<a href="${at(filter, next)}">Older ones</a>`} ${!isFirst && html`<a href="${at(filter)}">Back to the newest</a>`}</p>`}
    </section></main>`
}

function filterForm({ status, journey, channel }: MessageFilter): Html {
  const option = (value: string, words: string, chosen: string | undefined): Html =>
    html`<option value="${value}"${value === (chosen ?? '') && html` selected`}>${words}</option>`
  return html`<form class="row" method="get" action="/messages">
    ${journey !== undefined && html`<input type="hidden" name="journey" value="${journey}">`}
    <select name="status" aria-label="What became of them">${option('', 'Whatever became of them', status)}${messageStatuses.map((one) => option(one, statusWords[one] ?? one, status))}</select>
    <select name="channel" aria-label="Channel">${option('', 'Email and SMS', channel)}${option('email', 'Email', channel)}${option('sms', 'SMS', channel)}</select>
    <button>Show</button></form>`
}

export function messageTable(messages: readonly ListedMessage[], names: MessageListView['names']): Html {
  return html`<table><thead><tr><th>Planned (UTC)</th><th>Message</th><th>Template</th><th>Customer</th><th>What became of it</th></tr></thead>
    <tbody>${messages.map(
      (one) => html`<tr><td class="time">${formatTime(one.plannedAt)}</td>
      <td>${one.channel === 'sms' ? 'SMS' : 'Email'} · ${originLink(one.journey)}${!one.journey.startsWith(broadcastPrefix) && ` › ${one.step}`}</td>
      <td><a href="/templates/${one.template}">${one.template}</a></td>
      <td><a href="/customers/${one.customerId}">${names.get(one.customerId)?.externalId ?? one.customerId.slice(-12)}</a></td>
      <td><span class="${badStatuses.has(one.status) ? 'tag warn' : 'tag'}">${one.deliveredAt === null ? (statusWords[one.status] ?? one.status) : 'delivered'}</span>
        <span class="soft">${one.reason === null ? '' : whyNot({ kind: 'message', rule: one.reason })}</span></td></tr>`,
    )}</tbody></table>`
}

const badStatuses: ReadonlySet<string> = new Set(['failed', 'in_doubt'])

const broadcastPrefix = 'broadcast:'

/** A journey, or a broadcast, by the name that the ledger has for it. */
function originLink(journey: string): Html {
  if (journey.startsWith(broadcastPrefix)) {
    const key = journey.slice(broadcastPrefix.length)
    return html`<a href="/broadcasts/${key}">${key}</a>`
  }
  return html`<a href="/journeys/${journey}">${journey}</a>`
}

function at({ status, journey, channel }: MessageFilter, after?: string): string {
  const given = Object.entries({ journey, status, channel, after }).filter(([, value]) => value !== undefined)
  const query = new URLSearchParams(given as [string, string][])
  return query.size === 0 ? '/messages' : `/messages?${query.toString()}`
}
