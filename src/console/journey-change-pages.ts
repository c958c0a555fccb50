/** The pages that ask once more before a journey is paused, goes on, or gets a former version back. */

import { usualResumeSpreadMs } from '../domain/decide/pause.ts'
import { sayDuration } from '../domain/duration.ts'
import type { InFlightChoice } from '../domain/in-flight.ts'
import type { Change } from '../domain/journey-diff.ts'
import type { JourneySummary } from '../store/journeys/journey-reports.ts'
import { formatCount, formatTime } from './format.ts'
import { type Html, html } from './html.ts'

export function pausePage({ key, name, inFlight, status }: JourneySummary): Html {
  if (status !== 'live') return notNow(key, `${name} is ${status}`)
  return html`<main><h1>Pause ${name}?</h1><section><p><strong class="big">${formatCount(inFlight)}</strong></p>
    <p>people are in flight. Until it goes on, nobody enters it, nothing of it leaves, and nobody moves on by time. Orders,
    goals and exit criteria still count.</p>
    <form method="post"><button>Pause it</button> <a href="/journeys/${key}">Leave it as it is</a></form></section></main>`
}

export function resumePage(
  { key, name, inFlight, status, pausedAt }: JourneySummary,
  problem: string | undefined,
): Html {
  if (status !== 'paused') return notNow(key, `${name} is ${status}`)
  return html`<main><h1>Let ${name} go on?</h1><section><p>Paused since ${formatTime(pausedAt)} UTC, with
    <strong>${formatCount(inFlight)}</strong> people in flight. Whoever was held up comes again one after the other; what
    has become stale meanwhile is passed over, and says so.</p>${problem !== undefined && html`<p class="warn">${problem}</p>`}
    <form method="post"><p><label>Over how long <input name="spread" value="${sayDuration(usualResumeSpreadMs)}"
      aria-label="Over how long"></label></p><button>Let it go on</button>
      <a href="/journeys/${key}">Leave it paused</a></form></section></main>`
}

/** What one choice would do to people in flight, or why it cannot be made here. */
export type Prospect = { readonly choice: InFlightChoice['choice'] } & (
  | { readonly problem: string }
  | { readonly stay: number; readonly move: number; readonly exit: number; readonly retimed: number }
)

export interface BringBack {
  readonly journey: JourneySummary
  readonly number: number
  readonly changes: readonly Change[]
  readonly prospects: readonly Prospect[]
  readonly problem: string | undefined
}

const choiceWords: Readonly<Record<InFlightChoice['choice'], string>> = {
  stay: 'They stay on the version that they follow',
  move: 'They move to it, each at their own step',
  exit: 'They leave the journey',
}

export function bringBackPage({ journey, number, changes, prospects, problem }: BringBack): Html {
  const { key, name } = journey
  return html`<main><h1>Bring version ${number} of ${name} back?</h1>
    <section><h2>What would change <span class="soft">from version ${journey.number}</span></h2>${changeList(changes)}</section>
    <section><h2>People in flight <span class="soft">${formatCount(journey.inFlight)} of them</span></h2>
    ${problem !== undefined && html`<p class="warn">${problem}</p>`}
    <form method="post">${prospectTable(prospects)}
    <p><button>Publish it</button> <a href="/journeys/${key}">Leave it as it is</a></p></form></section></main>`
}

/** The three choices, each with what it would do. */
export function prospectTable(prospects: readonly Prospect[]): Html {
  return html`<table><tbody>${prospects.map(prospectRow)}</tbody></table>`
}

function prospectRow(prospect: Prospect): Html {
  const { choice } = prospect
  const isOpen = !('problem' in prospect)
  const outcome = isOpen
    ? html`${formatCount(prospect.stay)} stay, ${formatCount(prospect.move)} move${
        prospect.retimed > 0 && `, ${formatCount(prospect.retimed)} of whom wait on other terms`
      }, ${formatCount(prospect.exit)} leave`
    : html`<span class="soft">${prospect.problem}</span>`
  return html`<tr><td><label><input type="radio" name="in_flight" value="${choice}" ${choice === 'stay' && 'checked'}
    ${!isOpen && 'disabled'}> ${choiceWords[choice]}</label></td><td>${outcome}</td></tr>`
}

export function changeList(changes: readonly Change[]): Html {
  if (changes.length === 0) return html`<p class="soft">Nothing.</p>`
  return html`<ul>${changes.map(({ words }) => html`<li>${words}.</li>`)}</ul>`
}

function notNow(key: string, words: string): Html {
  return html`<main><h1>${words}</h1><p><a href="/journeys/${key}">Back to it</a></p></main>`
}
