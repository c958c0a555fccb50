/** The console's front page: where the customers stand, who is new, what was sent. */

import type { CustomerPage } from '../store/customer-list.ts'
import type { MessagePage } from '../store/message-list.ts'
import type { StoreStatus } from '../store/status.ts'
import { formatCount, formatMoney, formatTime } from './format.ts'
import { type Html, html } from './html.ts'
import { type MessageListView, messageTable } from './message-pages.ts'

export interface DashboardFacts {
  readonly status: StoreStatus
  readonly customers: CustomerPage
  readonly messages: MessagePage
  /** The shop's ids of those whom the messages are for. */
  readonly names: MessageListView['names']
  readonly search: string
  readonly stage: string | undefined
  readonly isFirst: boolean
}

export const stages = [
  { key: 'acquire', meaning: 'known, no order yet' },
  { key: 'activate', meaning: 'first order' },
  { key: 'retain', meaning: 'came back' },
  { key: 'revenue', meaning: 'high value' },
  { key: 'refer', meaning: 'loyal' },
] as const

export function dashboard(facts: DashboardFacts): Html {
  return html`<main><h1>Customers</h1>
    <p class="lead">${formatCount(facts.status.customers.total)} known,
      ${formatCount(facts.status.events.accepted)} events, ${formatCount(facts.status.runs.active)} journeys under way
      ${waiting(facts.status)}</p>
    ${facts.status.held !== null && html`<p class="warn"><a class="warn" href="/sending">Sending is stopped</a>: ${facts.status.held.reason}</p>`}
    <div class="grid stages">${stageCards(facts.status, facts.stage)}</div>
    ${customerSection(facts)} ${messageSection(facts)}</main>`
}

function waiting({ events, news }: StoreStatus): Html | false {
  if (events.waiting === 0 && events.problems === 0 && news.unread === 0) return false
  const parts = [
    events.waiting > 0 &&
      html`<a class="warn" href="/events?state=waiting">events waiting: ${formatCount(events.waiting)}</a>`,
    news.unread > 0 && html`${formatCount(news.unread)} pieces of news wait to be looked at`,
    events.problems > 0 &&
      html`<a class="warn" href="/events?state=problem">events with problems: ${formatCount(events.problems)}</a>`,
  ].filter((part) => part !== false)
  return html`· ${parts.map((part, place) => html`${place > 0 && ', '}${part}`)}`
}

function stageCards({ customers }: StoreStatus, chosen: string | undefined): Html[] {
  return stages.map(({ key, meaning }) => {
    const count = customers.stages[key] ?? 0
    const share = customers.total === 0 ? 0 : count / customers.total
    return html`<section${key === chosen && html` class="chosen"`}><h2><a href="/?stage=${key}">${key}</a> <span class="soft">${meaning}</span></h2><strong class="big">${formatCount(count)}</strong>
      <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="${Math.round(share * 100)} %">
      <rect class="rest" width="100" height="6" rx="1"/><rect width="${(share * 100).toFixed(1)}" height="6" rx="1"/></svg></section>`
  })
}

function customerSection({ customers, search, stage, isFirst }: DashboardFacts): Html {
  const rows = customers.customers.map(
    (one) => html`<tr><td><a href="/customers/${one.id}">${one.externalId ?? one.id.slice(-12)}</a></td>
      <td><span class="tag">${one.stage}</span>${one.atRisk && html` <span class="tag warn">at risk</span>`}</td>
      <td class="number">${formatCount(one.orderCount)}</td>
      <td class="number">${formatMoney(one.revenueCents, one.currency)}</td>
      <td class="time">${formatTime(one.lastSeenAt)}</td></tr>`,
  )
  const isAll = search === '' && stage === undefined
  const empty = isAll
    ? html`<p class="soft">Nobody yet. Send an event to <code>POST /v1/identify</code> and somebody appears here:
        <a href="/events">how to send the first one</a>.</p>`
    : html`<p class="soft">Nobody found. An e-mail address or phone number must be given whole; names are sealed, so they cannot be searched.</p>`
  const title = isAll
    ? 'Newest customers'
    : `${formatCount(customers.total)} ${stage === undefined ? 'found' : `in ${stage}`}`
  return html`<section><h2>${title} ${!isAll && html`<a class="soft" href="/">Show all</a>`}</h2>
    <form class="row" action="/" method="get"><input type="search" name="search" value="${search}"
      placeholder="Shop's id, whole e-mail address, phone number" aria-label="Search customers"><button>Search</button></form>
    ${
      rows.length === 0
        ? empty
        : html`<table><thead><tr><th>Customer</th><th>Stage</th><th class="number">Orders</th>
      <th class="number">Revenue</th><th>Last seen (UTC)</th></tr></thead><tbody>${rows}</tbody></table>`
    }${moreLinks(customers.next, { search, stage }, isFirst)}</section>`
}

function moreLinks(
  next: string | null,
  { search, stage }: Pick<DashboardFacts, 'search' | 'stage'>,
  isFirst: boolean,
): Html | false {
  if (next === null && isFirst) return false
  const at = (after?: string): string => {
    const given = {
      ...(search === '' ? {} : { search }),
      ...(stage === undefined ? {} : { stage }),
      ...(after === undefined ? {} : { after }),
    }
    return `/?${new URLSearchParams(given).toString()}`
  }
  return html`<p class="buttons">${next !== null && html`<a href="${at(next)}">More</a>`} ${!isFirst && html`<a href="${at()}">Back to the first</a>`}</p>`
}

function messageSection({ messages, names }: DashboardFacts): Html {
  return html`<section><h2>Recent messages</h2>${
    messages.messages.length === 0
      ? html`<p class="soft">Nothing has been planned yet.</p>`
      : html`${messageTable(messages.messages, names)}<p><a href="/messages">All messages</a></p>`
  }</section>`
}
