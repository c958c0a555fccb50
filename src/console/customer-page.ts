/** One customer: where they stand, what is known, and everything that happened. Personal data as the viewer's role may see it. */

import type { CustomerDetails } from '../store/customer-details.ts'
import { formatCount, formatMoney, formatShare, formatTime } from './format.ts'
import { type Html, html } from './html.ts'
import { timelineOf } from './timeline.ts'

export interface CustomerLinks {
  readonly workflow: string | undefined
  /** The viewer may open what is masked. */
  readonly isToOpen: boolean
}

export function customerPage(
  customer: CustomerDetails,
  segments: readonly { readonly key: string }[],
  { workflow: workflowUrl, isToOpen }: CustomerLinks,
): Html {
  return html`<main><h1>${customer.externalId ?? `Customer ${customer.id.slice(-12)}`}</h1>
    <p class="lead"><span class="tag">${customer.stage}</span>
      ${customer.atRisk && html`<span class="tag warn">at risk</span>`} since ${formatTime(customer.stageSince)} UTC
      ${customer.mergedInto !== null && html`· now part of <a href="/customers/${customer.mergedInto}">another customer</a>`}
      ${workflowUrl !== undefined && html`· <a href="${workflowUrl}" target="_blank" rel="noopener">workflow in Temporal&nbsp;↗</a>`}</p>
    ${segments.length > 0 && html`<p>${segments.map(({ key }) => html`<a class="tag" href="/segments/${key}">${key}</a> `)}</p>`}
    <div class="grid two">${facts(customer)} ${traitFacts(customer)} ${contact(customer, isToOpen)} ${money(customer)}</div>
    ${journeys(customer)} ${timeline(customer)}</main>`
}

function facts({ id, firstSeenAt, lastSeenAt, dueAt, timeZone, country, locale }: CustomerDetails): Html {
  return html`<section><h2>Known <span class="soft">times in UTC</span></h2><dl><dt>id</dt><dd><code class="soft">${id}</code></dd>
    <dt>first seen</dt><dd>${formatTime(firstSeenAt)}</dd><dt>last seen</dt><dd>${formatTime(lastSeenAt)}</dd>
    <dt>next look</dt><dd>${dueAt === null ? 'when something happens' : formatTime(dueAt)}</dd>
    <dt>place</dt><dd>${[country, timeZone, locale].filter((part) => part !== null).join(', ') || '–'}</dd></dl></section>`
}

/** What the shop says of them, and what is worked out of their events. */
function traitFacts({ traits, computed }: CustomerDetails): Html {
  const listed = (values: Readonly<Record<string, unknown>>): Html[] =>
    Object.entries(values).map(([name, value]) => html`<dt>${name}</dt><dd>${asText(value)}</dd>`)
  const [said, rules] = [listed(traits), listed(computed)]
  return html`<section><h2>Traits</h2>${
    said.length === 0 ? html`<p class="soft">The shop has said nothing impersonal of them.</p>` : html`<dl>${said}</dl>`
  }${rules.length > 0 && html`<h2>Computed by rule</h2><dl>${rules}</dl>`}</section>`
}

function contact({ addresses, personal, consents }: CustomerDetails, isToOpen: boolean): Html {
  const words = consents as readonly {
    channel: string
    topic: string
    status: string
    givenAt: string
    method: string
  }[]
  return html`<section><h2>Contact</h2><dl>${addresses.map(
    (one) => html`<dt>${one.channel}</dt><dd>${one.masked} ${!one.current && html`<span class="soft">former</span>`}
      ${one.suppressed !== null && html`<span class="warn">nothing is sent: ${one.suppressed}</span>`}</dd>`,
  )}${Object.entries(personal)
    .filter(([name]) => name !== 'email' && name !== 'phone')
    .map(([name, value]) => html`<dt>${name}</dt><dd>${asText(value)}</dd>`)}</dl>
    ${
      isToOpen &&
      html`<form method="post"><button class="quiet">Show personal data</button></form>
      <p class="soft">Who looks is written down.</p>`
    }
    ${
      words.length === 0
        ? html`<p class="soft">Nothing was said about messages.</p>`
        : html`<table><tbody>${words.map(
            (one) => html`<tr><td>${one.channel}${one.topic !== '*' && ` (${one.topic})`}</td><td>${one.status}</td>
      <td class="time">${formatTime(one.givenAt)}</td><td class="soft">${one.method}</td></tr>`,
          )}</tbody></table>`
    }</section>`
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function money(customer: CustomerDetails): Html {
  const { orderCount, revenueCents, refundedCents, currency, scores, orders } = customer
  const { churn, purchase, clv } = scores
  return html`<section><h2>Orders and scores</h2><dl><dt>orders</dt><dd>${formatCount(orderCount)}</dd>
    <dt>revenue</dt><dd>${formatMoney(revenueCents, currency)}${refundedCents > 0 && `, ${formatMoney(refundedCents, currency)} refunded`}</dd>
    <dt>churn risk</dt><dd>${churn === undefined ? 'not scored yet' : html`${formatShare(churn.value)}${why(churn)}`}</dd>
    ${purchase === undefined ? false : html`<dt>buys soon</dt><dd>${formatShare(purchase.value)}${why(purchase)}</dd>`}
    <dt>lifetime value</dt><dd>${clv === undefined ? 'not scored yet' : html`${formatMoney(Math.round(clv.value), currency)}${why(clv)}`}</dd>
    <dt><abbr title="recency, frequency, monetary: each from 1 to 5, the best">RFM</abbr></dt><dd>${rfmOf(scores)}</dd></dl>
    ${
      orders.length > 0 &&
      html`<table><tbody>${orders.slice(0, 10).map(
        (one) => html`<tr><td class="time">${formatTime(one.orderedAt)}</td>
      <td class="number">${formatMoney(one.revenueCents, one.currency)}</td><td class="soft">${one.cancelledAt === null ? (one.coupon ?? '') : 'cancelled'}</td></tr>`,
      )}</tbody></table>`
    }</section>`
}

/** What a score comes from: quiet for 3.1 times the usual interval. */
function why({ reasons }: CustomerDetails['scores'][string]): Html | false {
  return reasons.length === 0 ? false : html`<br><span class="soft">${reasons.join('; ')}</span>`
}

/** Each from 1 to 5, the best. */
function rfmOf(scores: CustomerDetails['scores']): string {
  const values = ['rfm_recency', 'rfm_frequency', 'rfm_monetary'].map((kind) => scores[kind]?.value)
  return values.includes(undefined) ? 'not scored yet' : values.join(' · ')
}

function journeys({ runs }: CustomerDetails): Html | false {
  const active = runs.filter((run) => run.status === 'active')
  if (active.length === 0) return false
  return html`<section><h2>Under way</h2><table><tbody>${active.map(
    (
      run,
    ) => html`<tr><td><a href="/journeys/${run.journey}">${run.journey}</a></td><td>at ${run.step ?? 'the start'}</td>
    <td class="time">${run.wakeAt === null ? 'waits for something to happen' : `until ${formatTime(run.wakeAt)} UTC`}</td></tr>`,
  )}</tbody></table></section>`
}

function timeline(customer: CustomerDetails): Html {
  const entries = timelineOf(customer)
  if (entries.length === 0)
    return html`<section><h2>Timeline</h2><p class="soft">Nothing has happened yet.</p></section>`
  return html`<section><h2>Timeline</h2><table><thead><tr><th>When (UTC)</th><th>What</th><th>Why</th></tr></thead>
    <tbody>${entries.map(
      (entry) => html`<tr><td class="time">${formatTime(entry.at)}</td><td>${entry.text}</td>
      <td class="soft">${entry.detail ?? ''}</td></tr>`,
    )}</tbody></table></section>`
}
