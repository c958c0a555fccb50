/** How far customers come: the funnel as bars, and the months in which they came as a table that shows more by deeper colour. */

import { type FunnelRow, type StageCohort, stagesInOrder } from '../store/lifecycle-report.ts'
import { formatCount, formatShare } from './format.ts'
import { type Html, html } from './html.ts'

export function lifecyclePage(funnel: readonly FunnelRow[], cohorts: readonly StageCohort[]): Html {
  return html`<main><h1>Lifecycle</h1>
    <p class="lead">How many customers have ever come how far, and who stands where now.</p>
    <section><h2>Funnel</h2>${(funnel[0]?.reached ?? 0) === 0 ? nobody() : funnelPlot(funnel)}</section>
    <section><h2>By the month in which they came <span class="soft">The share who have come at least so far.</span></h2>
    ${cohorts.length === 0 ? nobody() : cohortTable(cohorts)}</section></main>`
}

function nobody(): Html {
  return html`<p class="soft">Nobody yet.</p>`
}

const rowHeight = 34
const barStart = 90
const barWidth = 430

/** Wide bar: has come so far. The strong part of it: stands here now. */
function funnelPlot(funnel: readonly FunnelRow[]): Html {
  const all = Math.max(1, funnel[0]?.reached ?? 0)
  const bars = funnel.map(({ stage, reached, current, fromBefore, medianDays }, i) => {
    const y = i * rowHeight
    const lost = fromBefore === null ? '' : ` · ${formatShare(fromBefore)} of the stage before`
    const days = medianDays === null ? '' : ` · after ${medianDays.toFixed(medianDays < 10 ? 1 : 0)} days`
    return html`<text x="0" y="${y + 19}">${stage}</text>
      <rect class="rest" x="${barStart}" y="${y + 5}" width="${px((reached / all) * barWidth)}" height="20" rx="3"/>
      <rect x="${barStart}" y="${y + 5}" width="${px((current / all) * barWidth)}" height="20" rx="3"/>
      <text x="${barStart + barWidth + 12}" y="${y + 19}" class="soft">${formatCount(reached)} reached${lost}${days} · ${formatCount(current)} here now</text>`
  })
  return html`<svg class="funnel" viewBox="0 0 1000 ${funnel.length * rowHeight}" role="img"
    aria-label="${funnel.map(({ stage, reached }) => `${stage} ${reached}`).join(', ')}">${bars}</svg>`
}

function cohortTable(cohorts: readonly StageCohort[]): Html {
  const later = stagesInOrder.slice(1)
  const rows = cohorts.map(
    ({ month, size, reached }) => html`<tr><td>${month}</td><td class="number">${formatCount(size)}</td>
      ${later.map((stage) => cell(size === 0 ? 0 : reached[stage] / size))}</tr>`,
  )
  return html`<table class="heat"><thead><tr><th>First seen in</th><th class="number">Customers</th>
    ${later.map((stage) => html`<th class="number">${stage}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`
}

function cell(share: number): Html {
  return html`<td class="number heat-${Math.min(9, Math.floor(share * 10))}">${formatShare(share)}</td>`
}

function px(width: number): string {
  return width.toFixed(1)
}

/** Of the plots on this page. */
export const lifecycleStyle = `
  svg.funnel { width: 100%; height: auto; font-size: 13px } svg.funnel text { fill: var(--ink) }
  svg.funnel text.soft { fill: var(--soft) } svg.funnel rect { fill: var(--leaf) }
  svg.funnel rect.rest { fill: var(--leaf); opacity: .28 }
  ${Array.from({ length: 10 }, (_, i) => `table.heat td.heat-${i} { background: color-mix(in srgb, var(--leaf) ${i * 6}%, transparent) }`).join('\n  ')}
`
