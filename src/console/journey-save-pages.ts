/** A journey that is about to be published in the console: drawn, compared with what is in force, and who would be where. */

import type { JourneyDefinition } from '../domain/definitions.ts'
import type { Change } from '../domain/journey-diff.ts'
import type { JourneySummary } from '../store/journeys/journey-reports.ts'
import { type DocumentForm, hiddenDocument } from './document-form.ts'
import { formatCount } from './format.ts'
import { type Html, html } from './html.ts'
import { changeList, type Prospect, prospectTable } from './journey-change-pages.ts'
import { journeyGraph } from './journey-graph.ts'
import { journeyTerms } from './journey-terms.ts'

export interface JourneyPreview {
  readonly form: DocumentForm
  readonly definition: JourneyDefinition
  /** As it was typed. */
  readonly document: unknown
  /** What it would replace, and what would change. */
  readonly replaced: { readonly journey: JourneySummary; readonly changes: readonly Change[] } | undefined
  /** Empty for a new one. */
  readonly prospects: readonly Prospect[]
  readonly problem: string | undefined
}

export function journeyPreviewPage({ form, definition, document, replaced, prospects, problem }: JourneyPreview): Html {
  const { name } = definition
  return html`<main><h1>${replaced === undefined ? `Publish ${name}?` : `Publish a new version of ${name}?`}</h1>
    ${problem !== undefined && html`<p class="warn" role="alert">${problem}</p>`}
    ${
      replaced !== undefined &&
      html`<section><h2>What would change <span class="soft">from version ${replaced.journey.number}</span></h2>
      ${changeList(replaced.changes)}</section>`
    }
    ${journeyTerms(document)}
    <section><h2>Steps</h2>${journeyGraph(definition, new Map(), document)}</section>
    <form method="post" action="/journeys/save">${hiddenDocument(form)}<section>${
      replaced === undefined
        ? html`<p>It is in force at once: whoever meets an entry condition from now on comes in. Nobody is in it yet.</p>`
        : html`<h2>People in flight <span class="soft">${formatCount(replaced.journey.inFlight)} of them</span></h2>${prospectTable(prospects)}`
    }
      <p class="soft">Where campaigns are kept as files, put the same words into
        <code>campaigns/journeys/${form.key}.yaml</code>, or the next <code>perennial apply</code> brings back what stands there.</p>
      <p class="buttons"><button name="step" value="publish">Publish it</button>
        <button class="quiet" name="step" value="edit">Back to the words</button></p></section></form></main>`
}
