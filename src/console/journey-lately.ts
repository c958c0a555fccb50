/** A journey's last days in the console: who came in, what was planned, and above all what was not sent, and why. */

import { whyNot } from '../domain/explain.ts'
import type { Lately, LatelyRow } from '../store/journeys/journey-lately.ts'
import { formatCount, formatTime } from './format.ts'
import { type Html, html } from './html.ts'

const mostReasons = 25

export function latelySections({ since, rows }: Lately): Html {
  if (since === null)
    return html`<section><h2>Lately</h2><p class="soft">Nothing was decided here lately.</p></section>`
  const sum = (fits: (row: LatelyRow) => boolean): string =>
    formatCount(rows.filter(fits).reduce((total, { times }) => total + times, 0))
  const isDone = (kind: string) => (row: LatelyRow) => row.kind === kind && row.outcome === 'done'
  return html`<section><h2>Lately <span class="soft">Since ${formatTime(since)} UTC.</span></h2><dl>
    <dt>entered</dt><dd>${sum(isDone('entry'))}</dd>
    <dt>messages planned</dt><dd>${sum((row) => isDone('message')(row) && row.rule === 'planned')}</dd>
    <dt>left by the goal</dt><dd>${sum((row) => isDone('exit')(row) && row.rule === 'goal')}</dd>
    <dt>reached the end</dt><dd>${sum((row) => isDone('exit')(row) && row.rule === 'end')}</dd>
    <dt>left otherwise</dt><dd>${sum((row) => isDone('exit')(row) && row.rule !== 'goal' && row.rule !== 'end')}</dd></dl></section>
    <section><h2>Why not <span class="soft">What was not done, or not at once.</span></h2>${whyNotTable(rows)}</section>`
}

const outcomes: Readonly<Record<string, string>> = {
  refused: 'not done',
  skipped: 'passed over',
  postponed: 'put off',
}

function whyNotTable(rows: readonly LatelyRow[]): Html {
  const reasons = rows.filter(({ outcome }) => outcome !== 'done').slice(0, mostReasons)
  if (reasons.length === 0) return html`<p class="soft">Nothing stood against anything.</p>`
  return html`<table><thead><tr><th>What</th><th>Because</th><th></th><th class="number">Times</th>
    <th class="number">People</th></tr></thead><tbody>${reasons.map(
      (row) => html`<tr><td>${row.kind === 'entry' ? 'entry' : (row.step ?? '')}</td><td>${whyNot(row)}</td>
        <td class="soft">${outcomes[row.outcome] ?? row.outcome}</td><td class="number">${formatCount(row.times)}</td>
        <td class="number">${formatCount(row.customers)}</td></tr>`,
    )}</tbody></table>`
}
