/** Estimates with their intervals, one below the other, beside the line at nothing. */

import { type Html, html } from './html.ts'

export interface Estimate {
  readonly label: string
  /** Said behind the label. */
  readonly note: string
  readonly difference: number
  readonly interval: readonly [number, number]
}

const frame = { left: 330, width: 340, row: 30, top: 8 }

/** Shares: 0.02 is written "+2.0 %". */
export function intervalPlot(estimates: readonly Estimate[]): Html {
  const ends = estimates.flatMap(({ interval }) => interval)
  const least = Math.min(0, ...ends)
  const most = Math.max(0, ...ends)
  const span = most - least || 1
  const x = (value: number): number => frame.left + ((value - least) / span) * frame.width
  const height = frame.top + estimates.length * frame.row
  const rows = estimates.map(({ label, note, difference, interval: [low, high] }, i) => {
    const y = frame.top + (i + 0.5) * frame.row
    const side = low > 0 ? 'better' : high < 0 ? 'worse' : ''
    return html`<g class="${side}"><text x="0" y="${y + 4}" class="name">${cut(label)}</text>
      <text x="${frame.left - 14}" y="${y + 4}" text-anchor="end">${note}</text>
      <line x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}"/><circle cx="${x(difference)}" cy="${y}" r="4.5"/>
      <text x="${frame.left + frame.width + 12}" y="${y + 4}" class="name">${points(difference)}</text><title>${label}: ${points(difference)}, from ${points(low)} to ${points(high)}</title></g>`
  })
  return html`<svg class="intervals" viewBox="0 0 760 ${height + 24}" width="100%" role="img"
    aria-label="${estimates.length} differences with their intervals"><line class="rule" x1="${x(0)}" x2="${x(0)}" y1="0" y2="${height}"/>
    ${rows}<text x="${x(0)}" y="${height + 18}" text-anchor="middle">no difference</text></svg>`
}

export const intervalPlotStyle = `
  svg.intervals { max-width: 54rem } svg.intervals text { font-size: 12px; fill: var(--soft) } svg.intervals text.name { fill: var(--ink); font-size: 13px }
  svg.intervals line { stroke: var(--soft); stroke-width: 2 } svg.intervals circle { fill: var(--soft) } svg.intervals .rule { stroke: var(--line); stroke-width: 1 }
  svg.intervals .better line { stroke: var(--leaf) } svg.intervals .better circle { fill: var(--leaf) }
  svg.intervals .worse line { stroke: var(--warn) } svg.intervals .worse circle { fill: var(--warn) }
  input.short { min-width: 0; flex: 0 } select { font: inherit; padding: .4rem; border: 1px solid var(--line); border-radius: 7px; background: var(--paper); color: inherit }
  form.row { flex-wrap: wrap; align-items: center }
`

function points(share: number): string {
  return `${share > 0 ? '+' : ''}${(share * 100).toFixed(1)} %`
}

function cut(text: string): string {
  return text.length > 28 ? `${text.slice(0, 27)}…` : text
}
