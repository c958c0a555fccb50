/** Whom a journey takes, and when it lets them go: its entries, goal, exits and limits, from the document as it was written. */

import { conditionInWords, testsInWords } from './condition-words.ts'
import { type Html, html } from './html.ts'

type Fields = Readonly<Record<string, unknown>>

/** @param document as it was published, or checked: nothing in it is wrong. */
export function journeyTerms(document: unknown): Html {
  const { entry, goal, exit, re_entry: again, topic, caps, priority } = fieldsOf(document)
  const exits = listOf(exit)
  return html`<section><h2>Who comes in, and when it ends</h2><dl class="terms">
    <dt>Comes in</dt><dd>${listOf(entry).map((one) => html`<div>${entryInWords(one)}</div>`)}</dd>
    <dt>Comes again</dt><dd>${againInWords(again)}</dd>
    <dt>Goal</dt><dd>${goal === undefined ? html`<span class="soft">none: whoever comes in goes to the end</span>` : html`${criterionInWords(fieldsOf(goal))}`}</dd>
    ${exits.length > 0 && html`<dt>Leaves early</dt><dd>${exits.map((one) => html`<div>${criterionInWords(one)}</div>`)}</dd>`}
    <dt>Written to</dt><dd>whoever may hear of <strong>${String(topic)}</strong>${caps !== undefined && html`; at most ${testsInWords(caps)}`}</dd>
    ${priority !== undefined && html`<dt>Priority</dt><dd>${said(priority)} <span class="soft">the higher goes first where two journeys want the same place under a cap</span></dd>`}
  </dl></section>`
}

export const journeyTermsStyle = `
  dl.terms dd + dt { border: 0 } dl.terms dd div + div { margin-top: .3rem } dl.terms ul.condition { color: var(--soft) }
`

function entryInWords(entry: Fields): Html {
  return html`${beginning(entry)}${entry['if'] !== undefined && html`, if ${conditionInWords(entry['if'])}`}`
}

function beginning(entry: Fields): Html {
  const { type, event, where, segment, change, stage, score, crossed } = entry
  switch (type) {
    case 'event':
      return eventInWords(event, where)
    case 'arrived':
      return html`whoever is new`
    case 'api':
      return html`whoever is put in, by a call or by hand`
    case 'stage':
      return html`whoever moves into the stage <strong>${String(stage)}</strong>`
    case 'segment':
      return html`whoever ${change === 'exited' ? 'drops out of' : 'comes into'} the segment <a href="/segments/${String(segment)}">${String(segment)}</a>`
    case 'score':
      return html`whoever's ${score === 'clv' ? 'lifetime value' : 'churn risk'} ${crossed === 'down' ? 'falls below' : 'rises above'} its threshold`
    case 'schedule':
      return html`everybody in the segment <a href="/segments/${String(segment)}">${String(segment)}</a>, ${scheduleInWords(entry)}`
    default:
      return html`${String(type)}`
  }
}

function eventInWords(event: unknown, where: unknown): Html {
  return html`“${String(event)}”${where !== undefined && html` with ${testsInWords(where)}`}`
}

function scheduleInWords({ at, days, day_of_month: date, time_zone: zone }: Fields): string {
  const weekdays = Array.isArray(days) ? ` on ${days.join(', ')}` : ''
  const monthly = date === undefined ? '' : ` on the ${said(date)}. of the month`
  return `at ${String(at)}${weekdays}${monthly}${zone === undefined ? '' : `, time of ${said(zone)}`}`
}

function criterionInWords({ event, where, if: condition }: Fields): Html {
  return condition === undefined ? eventInWords(event, where) : html`as soon as ${conditionInWords(condition)}`
}

function againInWords(again: unknown): string {
  if (again === undefined || again === 'never') return 'never: once and no more'
  if (again === 'always') return 'whenever it is not under way'
  return `${String(fieldsOf(again)['after'])} after the last time has ended`
}

function said(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function fieldsOf(value: unknown): Fields {
  return value !== null && typeof value === 'object' ? (value as Fields) : {}
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : []
}
