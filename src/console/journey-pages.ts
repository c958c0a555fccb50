/** Journeys in the console: the list, and one of them with its steps drawn, who stands where, and its versions. */

import type { JourneyDefinition } from '../domain/definitions.ts'
import type { Lately } from '../store/journeys/journey-lately.ts'
import type { JourneySummary, JourneyVersion, Place } from '../store/journeys/journey-reports.ts'
import { formatCount, formatTime } from './format.ts'
import { type Html, html } from './html.ts'
import { journeyGraph } from './journey-graph.ts'
import { latelySections } from './journey-lately.ts'
import { journeyTerms } from './journey-terms.ts'

export function journeyListPage(journeys: readonly JourneySummary[], mayChange: boolean): Html {
  const rows = journeys.map(
    (
      one,
    ) => html`<tr><td><a href="/journeys/${one.key}">${one.name}</a><br><span class="soft key">${one.key}</span></td>
      <td>${one.description ?? ''}</td><td>${statusOf(one)}</td><td class="number">${one.number}</td>
      <td class="number">${formatCount(one.inFlight)}</td>
      <td class="number">${one.onFormerVersions === 0 ? '–' : formatCount(one.onFormerVersions)}</td></tr>`,
  )
  return html`<main><h1>Journeys</h1><p class="lead">What happens to customers over time.
    ${mayChange && html`<a href="/journeys/new">Write a new one</a>`}</p><section>${
      rows.length === 0
        ? html`<p class="soft">No journeys yet. Write one here, or put a file into <code>campaigns/journeys</code> and run
      <code>perennial apply</code>.</p>`
        : html`<table><thead><tr><th>Journey</th><th>What it is for</th><th>Status</th><th class="number">Version</th>
      <th class="number">In flight</th><th class="number">On former versions</th></tr></thead><tbody>${rows}</tbody></table>`
    }</section></main>`
}

export interface JourneyPage {
  readonly journey: JourneySummary
  /** Undefined where this version of the product cannot read it. */
  readonly definition: JourneyDefinition | undefined
  readonly places: readonly Place[]
  readonly versions: readonly JourneyVersion[]
  readonly lately: Lately
  /** Whether the visitor may pause it, let it go on, and bring versions back. */
  readonly mayChange: boolean
}

export function journeyPage({ journey, definition, places, versions, lately, mayChange }: JourneyPage): Html {
  const here = places.filter(({ version }) => version === journey.version)
  const elsewhere = places.filter(({ version }) => version !== journey.version)
  const counts = new Map(here.map(({ step, count }) => [step, count]))
  return html`<main><h1>${journey.name}</h1><p class="lead">${journey.description ?? ''} ${statusOf(journey)}</p>
    <div class="grid"><section><h2>In flight</h2><strong class="big">${formatCount(journey.inFlight)}</strong>
      <p class="soft">${inFlightWords(journey)}</p>
      <p class="buttons"><a href="/messages?journey=${journey.key}">Who got what</a> <a href="/results">What it brought</a></p></section>
    <section><h2>Version ${journey.number}</h2><p>Published ${formatTime(journey.publishedAt)} UTC</p>
      <p class="soft"><code>${journey.key}</code></p>${mayChange && changeButton(journey)}</section></div>
    ${journeyTerms(journey.document)}
    <section><h2>Steps <span class="soft">The numbers are people who stand there now.</span></h2>${
      definition === undefined
        ? html`<p class="warn">This version of the product cannot read it.</p>`
        : journeyGraph(definition, counts, journey.document)
    }</section>
    ${elsewhere.length > 0 && html`<section><h2>On former versions</h2>${placeTable(elsewhere)}</section>`}
    ${latelySections(lately)}
    <section><h2>Versions</h2>${versionTable(versions, mayChange ? journey : undefined)}</section></main>`
}

function inFlightWords({ inFlight, onFormerVersions }: JourneySummary): string {
  if (inFlight === 0) return 'nobody is in it at the moment'
  return onFormerVersions === 0 ? 'all on this version' : `${formatCount(onFormerVersions)} of them on former versions`
}

/** Leads to a page that says whom it concerns, and asks once more. */
function changeButton({ key, status }: JourneySummary): Html | false {
  switch (status) {
    case 'live':
      return html`<p class="buttons"><a href="/journeys/new?from=${key}">Change …</a> <a href="/journeys/${key}/pause">Pause …</a></p>`
    case 'paused':
      return html`<p class="buttons"><a href="/journeys/new?from=${key}">Change …</a> <a href="/journeys/${key}/resume">Let it go on …</a></p>`
    case 'archived':
      return false
  }
}

function statusOf({ status, pausedAt, archivedAt }: JourneySummary): Html {
  switch (status) {
    case 'live':
      return html`<span class="tag">live</span>`
    case 'paused':
      return html`<span class="tag warn">paused since ${formatTime(pausedAt)}</span>`
    case 'archived':
      return html`<span class="tag">archived ${archivedAt === null ? '' : formatTime(archivedAt)}</span>`
  }
}

function placeTable(places: readonly Place[]): Html {
  const rows = places.map(
    ({ number, step, count }) => html`<tr><td class="number">${number ?? '–'}</td><td>${step}</td>
      <td class="number">${formatCount(count)}</td></tr>`,
  )
  return html`<table><thead><tr><th class="number">Version</th><th>Step</th><th class="number">People</th></tr></thead>
    <tbody>${rows}</tbody></table>`
}

/** @param journey of which the visitor may bring versions back. */
function versionTable(versions: readonly JourneyVersion[], journey: JourneySummary | undefined): Html {
  const rows = versions.map(
    (one) => html`<tr><td class="number">${one.number}</td><td class="time">${formatTime(one.publishedAt)}</td>
      <td>${one.name}${one.restores !== null && html` <span class="tag">brings back ${one.restores}</span>`}</td>
      <td>${fateOf(one)}</td><td class="number">${formatCount(one.inFlight)}</td><td>${
        journey !== undefined &&
        one.version !== journey.version &&
        html`<a href="/journeys/${journey.key}/versions/${one.number}">Bring back …</a>`
      }</td></tr>`,
  )
  return html`<table><thead><tr><th class="number">Version</th><th>Published (UTC)</th><th>Name</th>
    <th>People in flight then</th><th class="number">Follow it now</th><th></th></tr></thead><tbody>${rows}</tbody></table>`
}

function fateOf({ choice: { choice, stay = 0, move = 0, exit = 0 } }: JourneyVersion): string {
  if (choice === undefined || stay + move + exit === 0) return '–'
  return `${formatCount(stay)} stayed, ${formatCount(move)} moved, ${formatCount(exit)} left`
}
