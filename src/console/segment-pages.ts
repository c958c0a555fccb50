/** Segments in the console: the list, and one of them with what it asks, how it grew and who is in it. */

import type { MemberPage, SegmentSummary } from '../store/segments/segment-reports.ts'
import { conditionInWords } from './condition-words.ts'
import { formatCount, formatTime } from './format.ts'
import { type Html, html } from './html.ts'

export function segmentListPage(segments: readonly SegmentSummary[]): Html {
  const rows = segments.map(
    (one) => html`<tr><td><a href="/segments/${one.key}">${one.name}</a><br><span class="soft">${one.key}</span></td>
      <td>${one.description ?? ''}</td><td class="number">${sizeOf(one)}</td><td>${sparkline(one.history)}</td>
      <td>${stateOf(one)}</td></tr>`,
  )
  return html`<main><h1>Segments</h1><p class="lead">Who belongs together, kept up to date with every event.</p><section>${
    rows.length === 0
      ? html`<p class="soft">No segments yet. Put a file into <code>campaigns/segments</code> and run
      <code>perennial apply</code>.</p>`
      : html`<table><thead><tr><th>Segment</th><th></th><th class="number">Customers</th><th>Lately</th><th></th></tr>
      </thead><tbody>${rows}</tbody></table>`
  }</section></main>`
}

export function segmentPage(segment: SegmentSummary, { members, next }: MemberPage): Html {
  const { if: condition } = segment.document as { readonly if: unknown }
  const rows = members.map(
    (one) => html`<tr><td><a href="/customers/${one.customerId}">${one.customerId.slice(-12)}</a></td>
      <td class="time">${formatTime(one.since)}</td></tr>`,
  )
  return html`<main><h1>${segment.name}</h1>
    <p class="lead">${segment.description ?? ''} ${stateOf(segment)}</p>
    <div class="grid"><section><h2>Customers</h2><strong class="big">${sizeOf(segment)}</strong>
      <p class="soft">version ${segment.version}, built ${formatTime(segment.builtAt)} UTC</p></section>
    <section><h2>Who is in it</h2>${conditionInWords(condition)}</section></div>
    <section><h2>Size over time</h2>${sizePlot(segment.history)}</section>
    <section><h2>Some of them</h2>${
      rows.length === 0
        ? html`<p class="soft">Nobody at the moment.</p>`
        : html`<table><thead><tr><th>Customer</th><th>Since (UTC)</th></tr></thead><tbody>${rows}</tbody></table>
      ${next !== null && html`<p><a href="/segments/${segment.key}?after=${next}">More</a></p>`}`
    }</section></main>`
}

function sizeOf({ status, size }: SegmentSummary): string {
  return status === 'live' ? formatCount(size) : '…'
}

function stateOf({ status, nextVersion, problem }: SegmentSummary): Html | false {
  if (problem !== null) return html`<span class="tag warn">could not be built: ${problem}</span>`
  if (status === 'building') return html`<span class="tag">being built</span>`
  return nextVersion !== null && html`<span class="tag">new version is being built</span>`
}

type History = SegmentSummary['history']

function sparkline(history: History): Html | false {
  if (history.length < 2) return false
  return html`<svg class="spark" viewBox="0 0 120 24" width="120" height="24" role="img"
    aria-label="from ${formatCount(history[0]?.size ?? 0)} to ${formatCount(history.at(-1)?.size ?? 0)}"><polyline
    points="${points(history, { width: 118, height: 20, left: 1, top: 2 })}" fill="none" stroke="currentColor" /></svg>`
}

function sizePlot(history: History): Html {
  if (history.length < 2) return html`<p class="soft">The history begins now: a point an hour.</p>`
  const sizes = history.map(({ size }) => size)
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  return html`<svg viewBox="0 0 720 200" width="100%" role="img" aria-label="between ${formatCount(least)} and ${formatCount(most)}">
    <text x="0" y="12" font-size="12" fill="currentColor">${formatCount(most)}</text>
    <text x="0" y="178" font-size="12" fill="currentColor">${formatCount(least)}</text>
    <polyline points="${points(history, { width: 640, height: 160, left: 70, top: 10 })}" fill="none"
      stroke="currentColor" stroke-width="1.5" />
    <text x="70" y="196" font-size="12" fill="currentColor">${formatTime(history[0]?.hour ?? null)}</text>
    <text x="710" y="196" font-size="12" text-anchor="end" fill="currentColor">${formatTime(history.at(-1)?.hour ?? null)}</text>
    </svg>`
}

interface Frame {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly top: number
}

/** By time from left to right, the largest on top. */
function points(history: History, { width, height, left, top }: Frame): string {
  const times = history.map(({ hour }) => Date.parse(hour))
  const sizes = history.map(({ size }) => size)
  const [firstMs, lastMs] = [times[0] ?? 0, times.at(-1) ?? 0]
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  const across = (atMs: number): number => left + (width * (atMs - firstMs)) / Math.max(1, lastMs - firstMs)
  const down = (size: number): number => top + height - (height * (size - least)) / Math.max(1, most - least)
  return history.map(({ size }, i) => `${across(times[i] ?? 0).toFixed(1)},${down(size).toFixed(1)}`).join(' ')
}
