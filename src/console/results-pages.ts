/** What messages did, what journeys and offers were worth beside those who got nothing, and what to plan next. */

import type { NamedLift, OfferEffects } from '../analytics/experiments/measured-effects.ts'
import type { Proposal } from '../analytics/training/promotion-proposal.ts'
import type { OutcomeSum } from '../store/message-outcomes.ts'
import type { OfferRow } from '../store/offers/list.ts'
import { formatCount, formatMoney, formatShare } from './format.ts'
import { type Html, html } from './html.ts'
import { type Estimate, intervalPlot } from './interval-plot.ts'

export interface Results {
  readonly outcomes: readonly OutcomeSum[]
  readonly lifts: readonly NamedLift[]
  readonly offers: OfferEffects
}

export interface Plan {
  /** What it goes by, in words. */
  readonly effect: string
  readonly plan: Proposal
}

/** What was asked of the planner, as it was typed. */
export interface PlanForm {
  readonly budget: string
  readonly by: string
  readonly margin: string
}

export interface ResultsPage {
  readonly days: number
  readonly withinDays: number
  /** Of the shop: that of most of its orders. */
  readonly currency: string | null
  readonly results: Results
  readonly offers: readonly OfferRow[]
  readonly form: PlanForm
  readonly outcome: undefined | { readonly problem: string } | Plan
}

export const stretches = [7, 30, 90, 365]

export function resultsPage(page: ResultsPage): Html {
  const { days, withinDays, results, currency } = page
  const choices = stretches.map((one, i) => {
    const choice = one === days ? html`<strong>${one}</strong>` : html`<a href="/results?days=${one}">${one}</a>`
    return html`${i > 0 && ' · '}${choice}`
  })
  return html`<main><h1>Results</h1><p class="lead">What messages did. The last ${choices} days; what somebody did within
    ${withinDays} days of a message counts as its outcome.</p>
    <section><h2>What it was worth <span class="soft">How much more of those bought who were written to than of those whom
      chance held out, with the interval that holds 95 times of 100.</span></h2>${liftPlot(results.lifts)}</section>
    <section><h2>Messages</h2>${outcomeTable(results.outcomes, currency)}</section>
    <section><h2>Offers</h2>${offerTable(page)}</section>
    ${planSection(page)}</main>`
}

function liftPlot(lifts: Results['lifts']): Html {
  const estimates = lifts.flatMap(({ journey, variant, customers, heldOut, lift: { rate } }): Estimate[] =>
    rate === null
      ? []
      : [{ ...rate, label: variant === null ? journey : `${journey}: ${variant}`, note: beside(customers, heldOut) }],
  )
  if (estimates.length > 0) return intervalPlot(estimates)
  return html`<p class="soft">Nothing can be compared yet: that takes a hold-out, of an experiment or from all marketing
    (<code>hold_out</code> in the contact policy), and days to react that are over.</p>`
}

function beside(customers: number, heldOut: number): string {
  return `${formatCount(customers)} beside ${formatCount(heldOut)}`
}

function outcomeTable(outcomes: readonly OutcomeSum[], currency: string | null): Html {
  if (outcomes.length === 0) return html`<p class="soft">Nothing was sent in these days.</p>`
  const byJourney = [...Map.groupBy(outcomes, ({ journey }) => journey)]
  const rows = byJourney.map(([journey, of]) => {
    const sum = (column: Exclude<keyof OutcomeSum, 'journey' | 'step' | 'offer'>): number =>
      of.reduce((total, each) => total + each[column], 0)
    const sent = sum('sent')
    const cell = (count: number): Html => html`<td class="number">${formatCount(count)} ${shareOf(count, sent)}</td>`
    return html`<tr><td>${linkOf(journey)}</td><td class="number">${formatCount(sent)}</td>${cell(sum('opened'))}
      ${cell(sum('clicked'))}${cell(sum('bought'))}${cell(sum('unsubscribed'))}
      <td class="number">${formatMoney(sum('revenueCents'), currency)}</td></tr>`
  })
  return html`<table><thead><tr><th>Journey</th><th class="number">Sent</th><th class="number">Opened by people</th>
    <th class="number">Clicked</th><th class="number">Bought</th><th class="number">Unsubscribed</th>
    <th class="number">Revenue</th></tr></thead><tbody>${rows}</tbody></table>
    <p class="soft">Who buys after a message might have bought without it: what it caused, the comparison above says.</p>`
}

function shareOf(count: number, of: number): Html | false {
  return count > 0 && html`<span class="soft">${formatShare(count / Math.max(1, of))}</span>`
}

function linkOf(journey: string): Html {
  const broadcast = journey.startsWith('broadcast:') ? journey.slice('broadcast:'.length) : undefined
  if (broadcast !== undefined) return html`<a href="/broadcasts/${broadcast}">${broadcast}</a>`
  return journey.includes(':') ? html`${journey}` : html`<a href="/journeys/${journey}">${journey}</a>`
}

function offerTable({ offers, results }: ResultsPage): Html {
  if (offers.length === 0) return html`<p class="soft">No offers are in force.</p>`
  const effects = new Map(results.offers.offers.map((one) => [one.offer, one]))
  const rows = offers.map(({ key, name, issued, redeemed, open, left, cost }) => {
    const effect = effects.get(key)
    return html`<tr><td>${name}<br><span class="soft">${key}</span></td><td class="number">${formatCount(issued)}</td>
      <td class="number">${formatCount(redeemed)} ${shareOf(redeemed, issued)}</td>
      <td class="number">${formatCount(open)}</td><td class="number">${left === null ? 'any' : formatCount(left)}</td>
      <td class="number">${formatMoney(cost.spentCents, cost.currency)}</td>
      <td class="number">${effect === undefined ? '–' : points(effect.difference)}</td></tr>`
  })
  return html`<table><thead><tr><th>Offer</th><th class="number">Issued</th><th class="number">Redeemed</th>
    <th class="number">Open</th><th class="number">Left</th><th class="number">Cost</th>
    <th class="number">More who bought</th></tr></thead><tbody>${rows}</tbody></table>`
}

function points(share: number): string {
  return `${share > 0 ? '+' : ''}${(share * 100).toFixed(1)} %`
}

function planSection({ form, outcome, currency }: ResultsPage): Html {
  const groupings = ['stage', 'cluster', 'tier', 'offer'].map(
    (one) => html`<option value="${one}" ${form.by === one && 'selected'}>${one}</option>`,
  )
  return html`<section id="plan"><h2>Plan <span class="soft">Whom to give which offer, within a budget, by what offers
      have been seen to do.</span></h2><form method="post" action="/results#plan" class="row">
      <input name="budget" value="${form.budget}" inputmode="decimal" required placeholder="Budget${currency !== null && ` in ${currency}`}" aria-label="Budget">
      <label>by <select name="by" aria-label="Grouping">${groupings}</select></label>
      <label>of an order the shop keeps <input name="margin" value="${form.margin}" inputmode="numeric" size="3" class="short" aria-label="Margin in percent"> %</label>
      <button>Propose</button></form>${outcome !== undefined && planOutcome(outcome, currency)}</section>`
}

function planOutcome(outcome: Exclude<ResultsPage['outcome'], undefined>, currency: string | null): Html {
  if ('problem' in outcome) return html`<p class="warn" role="alert">${outcome.problem}</p>`
  const { effect, plan } = outcome
  const money = (cents: number): string => formatMoney(Math.round(cents), currency ?? 'USD')
  if (plan.offers.length === 0) return html`<p>Nothing pays within this budget, by the ${effect}.</p>`
  return html`<p><strong>${plan.additionalOrders.toFixed(1)}</strong> more orders expected; <strong>${money(plan.netCents)}</strong>
      net of ${money(plan.costCents)} spent (95 %: ${money(plan.netLowCents)} to ${money(plan.netHighCents)}), by the ${effect}.</p>
    <table><thead><tr><th>For</th><th>Offer</th><th class="number">Customers</th><th class="number">Cost</th>
      <th class="number">Brings</th></tr></thead><tbody>${plan.offers.map(
        (
          one,
        ) => html`<tr><td>${one.segment}</td><td>${one.offer}</td><td class="number">${formatCount(one.customers)}</td>
        <td class="number">${money(one.costCents)}</td><td class="number">${money(one.valueCents)}</td></tr>`,
      )}</tbody></table>`
}
