/** A journey drawn: its steps one below the other, the ways between them, and how many stand on each. */

import type { JourneyDefinition } from '../domain/definitions.ts'
import { sayDuration } from '../domain/duration.ts'
import type { DelayStep, Step } from '../domain/steps.ts'
import { conditionInLine } from './condition-words.ts'
import { formatClock, formatCount, formatWeekdays } from './format.ts'
import { type Html, html } from './html.ts'

const box = { left: 10, width: 430, height: 44, gap: 26 }
const laneWidth = 26

interface Way {
  readonly from: number
  readonly to: number
  readonly label: string
}

/**
 * @param counts of people by step.
 * @param document as it was written: it has the words of the conditions.
 */
export function journeyGraph(journey: JourneyDefinition, counts: ReadonlyMap<string, number>, document: unknown): Html {
  const { steps } = journey
  const places = new Map(steps.map(({ id }, i) => [id, i]))
  const ways = steps.flatMap((step, from) =>
    waysFrom(step).map(
      ({ to, label }): Way => ({ from, to: to === null ? steps.length : (places.get(to) ?? steps.length), label }),
    ),
  )
  const conditions = conditionsOf(document)
  const drawn = joined(ways)
  const straight = drawn.filter(({ from, to }) => to === from + 1)
  const around = spread(lanesOf(drawn.filter(({ from, to }) => to !== from + 1)))
  const width = box.left + box.width + 150 + laneWidth * (1 + Math.max(0, ...around.map(({ lane }) => lane)))
  const height = topOf(steps.length) + 34
  return html`<svg class="journey" viewBox="0 0 ${width} ${height}" width="100%" role="group"
    aria-label="The ${steps.length} steps of the journey ${journey.name}, one below the other">
    ${straight.map(drawStraight)}${around.map(drawAround)}
    ${steps.map((step, i) => drawStep(step, i, counts.get(step.id) ?? 0, conditions.get(step.id)))}
    <text x="${box.left + 14}" y="${topOf(steps.length) + 20}" class="soft">the end</text></svg>`
}

/** Of the drawing: it goes into the head of the page. */
export const journeyGraphStyle = `
  .key { white-space: nowrap }
  svg.journey { max-width: 46rem } svg.journey text { font-size: 13px; fill: var(--ink) }
  svg.journey text.soft { fill: var(--soft); font-size: 12px } svg.journey a text.soft { fill: var(--leaf) } svg.journey rect { fill: var(--paper); stroke: var(--line) }
  svg.journey rect.busy { stroke: var(--leaf); stroke-width: 1.5 } svg.journey text.count { fill: var(--leaf); font-weight: 600 }
  svg.journey path { fill: none; stroke: var(--soft); stroke-width: 1 } svg.journey path.tip { fill: var(--soft); stroke: none }
`

function topOf(place: number): number {
  return 4 + place * (box.height + box.gap)
}

/** In one line, of the steps that ask for something. */
function conditionsOf(document: unknown): Map<string, string> {
  const { steps } = (document ?? {}) as { readonly steps?: readonly Readonly<Record<string, unknown>>[] }
  const asking = (steps ?? []).filter((step) => step['if'] !== undefined)
  return new Map(asking.map((step) => [String(step['id']), conditionInLine(step['if'])]))
}

function drawStep(step: Step, place: number, count: number, condition: string | undefined): Html {
  const top = topOf(place)
  const words = html`<text x="${box.left + 14}" y="${top + 35}" class="soft">${cut(stepInWords(step, condition))}</text>`
  return html`<g><rect x="${box.left}" y="${top}" width="${box.width}" height="${box.height}" rx="8"
    class="${count > 0 ? 'busy' : ''}" /><text x="${box.left + 14}" y="${top + 18}">${step.id}</text>
    ${step.type === 'message' ? html`<a href="/templates/${step.template}">${words}</a>` : words}
    ${count > 0 && html`<text x="${box.left + box.width - 14}" y="${top + 27}" text-anchor="end" class="count">${formatCount(count)}</text>`}</g>`
}

function drawStraight({ from, label }: Way): Html {
  const [top, bottom] = [topOf(from) + box.height, topOf(from + 1)]
  const x = box.left + 24
  return html`<path d="M${x} ${top} V${bottom - 5}" />${tip(x, bottom, 'down')}
    ${label !== '' && html`<text x="${x + 10}" y="${top + 17}" class="soft">${label}</text>`}`
}

/** Several ways from one step to another are one way with all of their names. */
function joined(ways: readonly Way[]): Way[] {
  const by = new Map<string, Way>()
  for (const way of ways) {
    const at = `${way.from} ${way.to}`
    const known = by.get(at)
    const labels = [known?.label ?? '', way.label].filter((label) => label !== '')
    by.set(at, { ...way, label: labels.join(', ') })
  }
  return [...by.values()]
}

interface AroundWay extends Way {
  readonly lane: number
  /** Of the ways that leave the same step on this side, and which of them it is. */
  readonly beside: number
  readonly index: number
}

/** Ways that leave one step beside each other leave it one below the other, the outer ones first. */
function spread(ways: readonly (Way & { readonly lane: number })[]): AroundWay[] {
  return ways.map((way) => {
    const same = ways.filter(({ from }) => from === way.from).sort((a, b) => b.lane - a.lane)
    return { ...way, beside: same.length, index: same.indexOf(way) }
  })
}

function drawAround({ from, to, label, lane, beside, index }: AroundWay): Html {
  const right = box.left + box.width
  const x = right + laneWidth * (1 + lane)
  const share = beside === 1 ? 0.68 : (index + 1) / (beside + 0.4)
  const [start, end] = [topOf(from) + box.height * share, topOf(to) + (to > from ? 12 : box.height * 0.32)]
  return html`<path d="M${right} ${start} H${x} V${end} H${right + 6}" />${tip(right, end, 'left')}
    ${label !== '' && html`<text x="${right + 6}" y="${start - 4}" class="soft">${label}</text>`}`
}

function tip(x: number, y: number, towards: 'down' | 'left'): Html {
  const points =
    towards === 'down'
      ? `M${x - 4} ${y - 7} L${x + 4} ${y - 7} L${x} ${y} Z`
      : `M${x + 7} ${y - 4} L${x + 7} ${y + 4} L${x} ${y} Z`
  return html`<path class="tip" d="${points}" />`
}

/** Ways that do not meet share a lane; the short ones run inside. */
function lanesOf(ways: readonly Way[]): (Way & { readonly lane: number })[] {
  const taken: [number, number][][] = []
  return [...ways]
    .sort((a, b) => Math.abs(a.to - a.from) - Math.abs(b.to - b.from))
    .map((way) => {
      const span: [number, number] = [Math.min(way.from, way.to), Math.max(way.from, way.to)]
      let lane = taken.findIndex((spans) => spans.every(([low, high]) => span[1] < low || span[0] > high))
      if (lane === -1) lane = taken.push([]) - 1
      taken[lane]?.push(span)
      return { ...way, lane }
    })
}

interface LabelledTarget {
  readonly to: string | null
  readonly label: string
}

function waysFrom(step: Step): readonly LabelledTarget[] {
  const onward = { to: step.next, label: '' }
  const besides = (to: string | null, label: string): readonly LabelledTarget[] =>
    to === step.next ? [] : [{ to, label }]
  switch (step.type) {
    case 'message':
    case 'offer':
      return [onward, ...besides(step.ifRefused, 'if refused')]
    case 'wait-until':
      return [{ ...onward, label: step.event ?? 'once it holds' }, ...besides(step.onTimeout, 'time is up')]
    case 'split':
      return [
        { to: step.ifTrue, label: 'yes' },
        { to: step.ifFalse, label: 'no' },
      ]
    case 'multi-split':
      return [...step.branches.map(({ name, next }) => ({ to: next, label: name })), { ...onward, label: 'otherwise' }]
    case 'experiment':
      return step.variants.map(({ name, share, next }) => ({
        to: next,
        label: `${name}, ${Math.round(share * 100)} %`,
      }))
    case 'task':
      return [
        ...step.outcomes.map(({ name, next }) => ({ to: next, label: name })),
        { to: step.onTimeout, label: 'time is up' },
      ]
    case 'delay':
    case 'time-window':
    case 'update-profile':
    case 'webhook':
      return [onward]
    case 'go-to-journey':
    case 'exit':
      return []
  }
}

function stepInWords(step: Step, condition: string | undefined): string {
  switch (step.type) {
    case 'message':
      return `${step.channel === 'sms' ? 'SMS' : 'Email'} ${step.template}${step.offer === null ? '' : `, with ${step.offer}`}`
    case 'offer':
      return `Offer ${step.offer}`
    case 'delay':
      return delayInWords(step)
    case 'wait-until':
      return `Wait until ${step.event ?? condition ?? 'a condition holds'}, ${sayDuration(step.timeoutMs)} at most`
    case 'time-window':
      return `Only ${formatClock(step.window.from)} to ${formatClock(step.window.to)}, ${formatWeekdays(step.window.days)}`
    case 'split':
      return condition === undefined ? 'Split' : `Split: ${condition}?`
    case 'multi-split':
      return `Split: ${step.branches.map(({ name }) => name).join(', ')}`
    case 'experiment':
      return `Experiment: ${step.variants.map(({ name }) => name).join(', ')}`
    case 'update-profile':
      return `Sets ${Object.keys(step.set).join(', ')}`
    case 'webhook':
      return 'Tells another system'
    case 'go-to-journey':
      return `On to the journey ${step.journey}`
    case 'task':
      return `Task: ${step.title}`
    case 'exit':
      return `Leaves: ${step.reason}`
  }
}

function delayInWords({ forMs, until }: DelayStep): string {
  const parts = [...(forMs > 0 ? [sayDuration(forMs)] : []), ...(until === null ? [] : [`until ${formatClock(until)}`])]
  return `Delay ${parts.join(', then ')}`
}

/** What does not fit into a box. */
function cut(text: string): string {
  return text.length > 52 ? `${text.slice(0, 51)}…` : text
}
