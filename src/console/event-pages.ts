/** What comes in: the newest events as they were understood, what is wrong with some, and how to send the first one. */

import type { EventName, EventPage, EventState, ListedEvent } from '../store/event-list.ts'
import { formatCount } from './format.ts'
import { type Html, html } from './html.ts'

export interface EventListView {
  readonly page: EventPage
  /** What has been coming in lately. */
  readonly names: readonly EventName[]
  readonly name: string | undefined
  readonly state: EventState | undefined
  readonly isFirst: boolean
  /** It looks again by itself. */
  readonly isLive: boolean
  /** Of this server, as the visitor reached it. */
  readonly address: string
}

interface Place {
  readonly name?: string | undefined
  readonly state?: EventState | undefined
  readonly before?: number
  readonly live?: boolean
}

const everySeconds = 3

const tabs: readonly { readonly state: EventState | undefined; readonly words: string; readonly none: string }[] = [
  { state: undefined, words: 'All', none: 'There are none.' },
  { state: 'problem', words: 'With a problem', none: 'Every event could be used.' },
  { state: 'waiting', words: 'Waiting', none: 'None waits: all are handled.' },
]

export function eventListPage(view: EventListView): Html {
  const { page, names, name, state, isFirst, isLive } = view
  if (names.length === 0) return firstSteps(view)
  const links = tabs.map((tab) =>
    tab.state === state
      ? html`<strong>${tab.words}</strong>`
      : html`<a href="${at({ name, state: tab.state })}">${tab.words}</a>`,
  )
  const live = isLive
    ? html`<a href="${at({ name, state })}">Stand still</a> <span class="soft">looks again every ${everySeconds} seconds</span>`
    : isFirst && html`<a href="${at({ name, state, live: true })}">Follow</a>`
  return html`${isLive && html`<meta http-equiv="refresh" content="${everySeconds}">`}<main><h1>Events</h1>
    <p class="lead">What your shop or app sends, as it was understood. What is personal is kept apart, under the customer's own
      key, and not shown here.</p>
    <p class="buttons">${links} ${live}</p>
    ${nameSection(view)}
    <section><h2>${name === undefined ? 'Newest first' : html`“${name}” <a class="soft" href="${at({ state })}">show all names</a>`}</h2>${
      page.events.length === 0 ? html`<p class="soft">${noneOf(view)}</p>` : eventTable(page.events)
    }${page.next !== null && html`<p><a href="${at({ name, state, before: page.next })}">${page.events.length === 0 ? 'Look further back' : 'Older ones'}</a></p>`}
    ${!isFirst && html`<p><a href="${at({ name, state })}">Back to the newest</a></p>`}</section></main>`
}

function noneOf({ page, state, name }: EventListView): string {
  if (page.next !== null) return 'None among those that were looked at.'
  if (name !== undefined && state === undefined) return 'None came in under this name.'
  return tabs.find((tab) => tab.state === state)?.none ?? ''
}

function nameSection({ names, name, state }: EventListView): Html {
  const items = names.map(
    (
      one,
    ) => html`<a class="tag" href="${at({ name: one.name, state })}"${one.name === name && html` aria-current="true"`}>${one.name}
      <span class="soft">${formatCount(one.count)}</span>${one.problems > 0 && html` <span class="warn">${formatCount(one.problems)} with a problem</span>`}</a>`,
  )
  return html`<section><h2>What has been coming in lately</h2><p class="buttons">${items}</p></section>`
}

function eventTable(events: readonly ListedEvent[]): Html {
  return html`<table><thead><tr><th>Received (UTC)</th><th>Event</th><th>Who</th><th>What it says</th></tr></thead>
    <tbody>${events.map(eventRow)}</tbody></table>`
}

function eventRow(event: ListedEvent): Html {
  const { type, name, receivedAt, occurredAt, problem, handledAt, messageId, properties } = event
  const isLate = receivedAt.getTime() - occurredAt.getTime() > 60_000
  const json = JSON.stringify(properties, null, 2)
  return html`<tr><td class="time">${secondOf(receivedAt)}${isLate && html`<br>happened ${secondOf(occurredAt)}`}</td>
    <td>${type === 'track' ? name : html`${type} <span class="soft">${name}</span>`}
      ${problem !== null && html`<br><span class="warn">${problem}</span>`}
      ${handledAt === null && html` <span class="tag warn">waits</span>`}</td>
    <td>${whoOf(event)}</td>
    <td>${
      json === '{}'
        ? html`<span class="soft">nothing more</span>`
        : html`<details><summary>${summaryOf(properties)}</summary><pre>${json}</pre><p class="soft">messageId <code>${messageId}</code></p></details>`
    }</td></tr>`
}

function whoOf({ customerId, userId, anonymousId }: ListedEvent): Html {
  const words = userId ?? (anonymousId === null ? 'nobody' : `browser ${anonymousId.slice(0, 12)}`)
  return customerId === null
    ? html`<span class="soft">${words}</span>`
    : html`<a href="/customers/${customerId}">${words}</a>`
}

const mostShown = 60

/** The beginning of what it says, in one line. */
function summaryOf(properties: ListedEvent['properties']): string {
  const text = Object.entries(properties)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text
}

function firstSteps({ address, isLive }: EventListView): Html {
  const call = `curl -u WRITE_KEY: ${address}/v1/track -H 'content-type: application/json' -d '{
  "userId": "ada", "event": "Product Viewed",
  "properties": { "product_id": "sku-1", "name": "Kind of Blue", "price": 24.90 } }'`
  return html`${isLive && html`<meta http-equiv="refresh" content="${everySeconds}">`}<main><h1>Events</h1>
    <p class="lead">Nothing has come in yet. ${isLive ? 'This page looks again by itself.' : html`<a href="/events?live=1">Wait for the first one</a>`}</p>
    <section><h2>Send the first one</h2><pre>${call}</pre>
      <p>The first start printed a write key; <code>npx perennial keys create --kind write --name shop</code> makes another one.
        Any library of Segment works as well, with this address as its host.</p></section></main>`
}

function at({ name, state, before, live }: Place): string {
  const query = new URLSearchParams()
  if (name !== undefined) query.set('name', name)
  if (state !== undefined) query.set('state', state)
  if (before !== undefined) query.set('before', String(before))
  if (live) query.set('live', '1')
  const text = query.toString()
  return text === '' ? '/events' : `/events?${text}`
}

/** `2026-03-01 09:30:12`: whoever tries out an integration counts seconds. */
function secondOf(time: Date): string {
  return time.toISOString().slice(0, 19).replace('T', ' ')
}
