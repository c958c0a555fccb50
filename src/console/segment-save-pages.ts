/** Saving, changing and archiving a segment in the console: what would happen, before it does. */

import type { Change } from '../domain/journey-diff.ts'
import type { SegmentVersion } from '../store/publishing/publish-segment.ts'
import type { SegmentSummary } from '../store/segments/segment-reports.ts'
import { conditionInWords } from './condition-words.ts'
import { type DocumentForm, hiddenDocument } from './document-form.ts'
import { formatCount, formatTime } from './format.ts'
import { type Html, html } from './html.ts'

export interface SavePreview {
  readonly form: DocumentForm
  readonly name: string
  readonly condition: unknown
  readonly changes: readonly Change[]
  readonly users: readonly string[]
  /** How many are in it; null for a new one. */
  readonly now: number | null
  /** How many it would be; null where counting takes too long. */
  readonly then: number | null
  readonly announcesRebuild: boolean
}

export function savePreviewPage(preview: SavePreview): Html {
  const { form, name, condition, changes, users, now, then, announcesRebuild } = preview
  const isNew = form.replaces === null
  return html`<main><h1>${isNew ? 'Save this segment?' : `Change “${name}”?`}</h1>
    <div class="grid"><section><h2>${name}</h2><strong class="big">${now !== null && html`${formatCount(now)} → `}${
      then === null ? '?' : formatCount(then)
    }</strong>
      <p class="soft">customers · <code>${form.key}</code>${then === null && ' · counting takes too long here'}</p></section>
    <section><h2>What it asks</h2>${conditionInWords(condition)}</section></div>
    ${
      !isNew &&
      html`<section><h2>What changes</h2>${
        changes.length === 0
          ? html`<p>Nothing: these words are in force already.</p>`
          : html`<ul>${changes.map(({ words }) => html`<li>${words}</li>`)}</ul>`
      }
      ${users.length > 0 && html`<p>It is asked about by ${users.join(', ')}.</p>`}</section>`
    }
    <section><p>${
      announcesRebuild
        ? 'Whoever comes in or drops out by this change enters and leaves for journeys too: announce_rebuild says so.'
        : 'Whoever is in it from the start has not entered it: journeys hear of those who come in later.'
    }</p>
      <p class="soft">It is in force at once. Where campaigns are kept as files, put the same words into
        <code>campaigns/segments/${form.key}.yaml</code>, or the next <code>perennial apply</code> brings back what stands there.</p>
      <form method="post" action="/segments/save" class="buttons">${hiddenDocument(form)}
        ${(isNew || changes.length > 0) && html`<button name="step" value="publish">${isNew ? 'Save it' : 'Publish the change'}</button>`}
        <button class="quiet" name="step" value="edit">Back to the words</button></form></section></main>`
}

export function archivePage({ key, name, size }: SegmentSummary, users: readonly string[]): Html {
  const isUsed = users.length > 0
  return html`<main><h1>Archive “${name}”?</h1><section>${
    isUsed
      ? html`<p class="warn">It is in use by ${users.join(', ')}: change those first.</p>`
      : html`<p>Its ${formatCount(size)} customers leave it, and nobody enters it any more. Nothing in force asks about it.
          It can be brought back from the list of segments.</p>`
  }<form method="post" action="/segments/${key}/archive" class="buttons">
      ${!isUsed && html`<button name="step" value="archive">Archive it</button>`}
      <a href="/segments/${key}">Leave it as it is</a></form></section></main>`
}

/** What happened to it, newest first; each can be brought back as a change like any other. */
export function versionList(key: string, inForce: string, versions: readonly SegmentVersion[], mayEdit: boolean): Html {
  const current = versions.findIndex(({ version }) => version === inForce)
  return html`<section><h2>Versions</h2><table><tbody>${versions.map(
    (
      { number, version, publishedAt },
      i,
    ) => html`<tr><td>${number}</td><td class="time">${formatTime(publishedAt)} UTC</td>
      <td><code>${version}</code></td><td>${
        i === current
          ? html`<span class="soft">in force</span>`
          : version !== inForce &&
            mayEdit &&
            html`<a href="/segments/try?from=${key}&amp;version=${version}">Bring it back</a>`
      }</td></tr>`,
  )}</tbody></table></section>`
}
