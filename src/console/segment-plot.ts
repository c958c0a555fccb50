/** How the size of a segment went: small beside its name, and large with its axes. */

import type { SegmentSummary } from '../store/segments/segment-reports.ts'
import { formatCount, formatTime } from './format.ts'
import { type Html, html } from './html.ts'

export type History = SegmentSummary['history']

interface Frame {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly top: number
}

export function sparkline(history: History): Html | false {
  if (history.length < 2) return false
  const { least, most } = rangeOf(history)
  const line = points(history, { width: 118, height: 20, left: 1, top: 2 }, least, most)
  return html`<svg class="spark" viewBox="0 0 120 24" width="120" height="24" role="img"
    aria-label="from ${formatCount(history[0]?.size ?? 0)} to ${formatCount(history.at(-1)?.size ?? 0)}"><polyline
    points="${line}" fill="none" stroke="currentColor" stroke-width="1.5" /></svg>`
}

const frame: Frame = { width: 640, height: 160, left: 64, top: 12 }

export function sizePlot(history: History): Html {
  const [first, last] = [history[0], history.at(-1)]
  if (first === undefined || last === undefined || history.length < 2) {
    return html`<p class="soft">The history begins now, with a point an hour: come back in an hour.</p>`
  }
  const range = rangeOf(history)
  const ticks = ticksOf(range.least, range.most)
  const [bottom, top] = [ticks[0] ?? 0, ticks.at(-1) ?? 1]
  const line = points(history, frame, bottom, top)
  const base = frame.top + frame.height
  const [endX, endY] = (line.split(' ').at(-1) ?? '').split(',')
  return html`<svg class="plot" viewBox="0 0 720 204" width="100%" role="img" aria-label="from ${formatCount(first.size)} to ${formatCount(last.size)}, between ${formatCount(range.least)} and ${formatCount(range.most)}">
    ${ticks.map((tick) => {
      const y = down(tick, frame, bottom, top).toFixed(1)
      return html`<line class="rule" x1="${frame.left}" x2="${frame.left + frame.width}" y1="${y}" y2="${y}" />
      <text x="${frame.left - 8}" y="${y}" dy="4" text-anchor="end">${formatCount(tick)}</text>`
    })}
    <polygon points="${frame.left},${base} ${line} ${frame.left + frame.width},${base}" />
    <polyline points="${line}" /><circle cx="${endX ?? 0}" cy="${endY ?? 0}" r="3" />
    <text x="${frame.left}" y="196">${formatTime(first.hour)}</text>
    <text x="${frame.left + frame.width}" y="196" text-anchor="end">${formatTime(last.hour)}</text></svg>
    <p class="soft">${changeInWords(first.size, last.size)} since ${formatTime(first.hour)} UTC; smallest
      ${formatCount(range.least)}, largest ${formatCount(range.most)}. A point an hour.</p>`
}

function changeInWords(from: number, to: number): string {
  if (from === to) return 'No change'
  return `${to > from ? '+' : '−'}${formatCount(Math.abs(to - from))}`
}

function rangeOf(history: History): { readonly least: number; readonly most: number } {
  const sizes = history.map(({ size }) => size)
  return { least: Math.min(...sizes), most: Math.max(...sizes) }
}

const mostTicks = 5

/** Round numbers from below the least to above the most: 0, 50, 100, 150. */
function ticksOf(least: number, most: number): number[] {
  const rough = Math.max(1, (most - least) / (mostTicks - 1))
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(1, power * ([1, 2, 5, 10].find((part) => part * power >= rough) ?? 10))
  const bottom = Math.floor(least / step) * step
  const count = Math.max(1, Math.ceil((most - bottom) / step))
  return Array.from({ length: count + 1 }, (_, i) => bottom + i * step)
}

/** By time from left to right, the largest on top. */
function points(history: History, area: Frame, bottom: number, top: number): string {
  const times = history.map(({ hour }) => Date.parse(hour))
  const [firstMs, lastMs] = [times[0] ?? 0, times.at(-1) ?? 0]
  const across = (atMs: number): number => area.left + (area.width * (atMs - firstMs)) / Math.max(1, lastMs - firstMs)
  return history
    .map(({ size }, i) => `${across(times[i] ?? 0).toFixed(1)},${down(size, area, bottom, top).toFixed(1)}`)
    .join(' ')
}

function down(size: number, { top, height }: Frame, least: number, most: number): number {
  return top + height - (height * (size - least)) / Math.max(1, most - least)
}
