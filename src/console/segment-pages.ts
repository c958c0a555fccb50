/** Segments in the console: the list, one of them with what it asks, how it grew and who is in it, and one to be. */

import type { BriefCustomer } from '../store/customer-list.ts'
import type { SegmentVersion } from '../store/publishing/publish-segment.ts'
import type { SegmentPreview } from '../store/segments/segment-preview.ts'
import type { MemberPage, SegmentSummary } from '../store/segments/segment-reports.ts'
import { conditionInWords } from './condition-words.ts'
import type { DocumentForm } from './document-form.ts'
import { formatCount, formatMoney, formatTime } from './format.ts'
import { type Html, html } from './html.ts'
import { sizePlot, sparkline } from './segment-plot.ts'
import { versionList } from './segment-save-pages.ts'

/** A segment that is out of use, with the version that can be brought back. */
interface ArchivedSegment {
  readonly key: string
  readonly name: string
  readonly version: string
}

export function segmentListPage(
  segments: readonly SegmentSummary[],
  archived: readonly ArchivedSegment[],
  mayEdit: boolean,
): Html {
  const rows = segments.map(
    (one) => html`<tr><td><a href="/segments/${one.key}">${one.name}</a><br><span class="soft">${one.key}</span></td>
      <td>${one.description ?? ''} ${stateOf(one)}</td><td class="number">${sizeOf(one)}</td>
      <td>${sparkline(one.history) || html`<span class="soft">–</span>`}</td></tr>`,
  )
  return html`<main><h1>Segments</h1><p class="lead">Who belongs together, kept up to date with every event.
    <a href="/segments/try">${mayEdit ? 'Make a new one' : 'Count one before it is saved'}</a></p><section>${
      rows.length === 0
        ? html`<p>No segments yet.</p><p class="soft">Try a condition first: <a href="/segments/try">how many would it
        be?</a> Then save it, or put it into a file in <code>campaigns/segments</code> and run <code>perennial apply</code>.</p>`
        : html`<table><thead><tr><th>Segment</th><th>Who that is</th><th class="number">Customers</th><th>Lately</th></tr>
      </thead><tbody>${rows}</tbody></table>`
    }</section>
    ${
      archived.length > 0 &&
      html`<section><h2>Archived</h2><table><tbody>${archived.map(
        ({ key, name, version }) =>
          html`<tr><td>${name}<br><span class="soft">${key}</span></td><td>${
            mayEdit && html`<a href="/segments/try?from=${key}&amp;version=${version}">Bring it back</a>`
          }</td></tr>`,
      )}</tbody></table></section>`
    }</main>`
}

export interface SegmentView {
  readonly segment: SegmentSummary
  readonly page: MemberPage
  readonly briefs: ReadonlyMap<string, BriefCustomer>
  readonly versions: readonly SegmentVersion[]
  readonly mayEdit: boolean
}

export function segmentPage({ segment, page: { members, next }, briefs, versions, mayEdit }: SegmentView): Html {
  const { if: condition } = segment.document as { readonly if: unknown }
  const since = new Map(members.map((one) => [one.customerId, one.since]))
  const shown = members.flatMap(({ customerId }) => briefs.get(customerId) ?? [])
  return html`<main><h1>${segment.name}</h1>
    <p class="lead">${segment.description ?? ''} ${stateOf(segment)}</p>
    <div class="grid"><section><h2>Customers</h2><strong class="big">${sizeOf(segment)}</strong>
      <p class="soft"><code>${segment.key}</code>, version ${segment.version}${
        segment.builtAt !== null && `, built ${formatTime(segment.builtAt)} UTC`
      }</p></section>
    <section><h2>What it asks</h2>${conditionInWords(condition)}
      <p><a href="/segments/try?from=${segment.key}">${mayEdit ? 'Change it' : 'Change it and see how many that would be'}</a>
        · <a href="/segments/${segment.key}/file">as a file</a>${
          mayEdit && html` · <a href="/segments/${segment.key}/archive">archive it</a>`
        }</p></section></div>
    <section><h2>Size over time</h2>${sizePlot(segment.history)}</section>
    <section><h2>Some of them</h2>${
      shown.length === 0
        ? html`<p class="soft">${segment.status === 'live' ? 'Nobody is in it at the moment.' : 'It is being built: a moment, please.'}</p>`
        : html`${customerTable(shown, since)}
      ${next !== null && html`<p><a href="/segments/${segment.key}?after=${next}">More</a></p>`}`
    }</section>${versions.length > 0 && versionList(segment.key, segment.nextVersion ?? segment.version, versions, mayEdit)}</main>`
}

export interface Trial {
  readonly form: DocumentForm
  readonly mayEdit: boolean
  readonly outcome:
    | undefined
    | { readonly problems: readonly string[] }
    | {
        readonly condition: unknown
        readonly preview: SegmentPreview
        readonly of: number
        readonly sample: readonly BriefCustomer[]
      }
}

export function segmentTrialPage({ form: { key, replaces, text }, mayEdit, outcome }: Trial): Html {
  const isNew = replaces === null
  return html`<main><h1>${mayEdit ? (isNew ? 'A new segment' : `Change ${key}`) : 'How many would it be?'}</h1>
    <p class="lead">Counts a segment as things stand, and shows some of whom it finds. ${
      mayEdit ? 'Nothing is saved before you have seen what that changes.' : 'Nothing is saved.'
    }</p>
    ${outcome !== undefined && 'problems' in outcome && problems(outcome.problems)}
    <section><form method="post" action="/segments/try"><input type="hidden" name="replaces" value="${replaces ?? ''}">
      ${
        mayEdit &&
        html`<label class="field">Id <input name="id" value="${key}" maxlength="64" autocomplete="off" spellcheck="false"
        placeholder="faithful-listeners" ${!isNew && html`readonly`}> <span class="soft">small letters, digits and hyphens${
          isNew ? '; stays as it is' : ''
        }</span></label>`
      }
      <textarea name="document" rows="12" spellcheck="false" required aria-label="The segment, in YAML">${'\n'}${text}</textarea>
      <div class="buttons"><button>Count</button>
      ${mayEdit && html`<button class="quiet" formaction="/segments/save">Save …</button>`}</div></form></section>
    ${outcome !== undefined && !('problems' in outcome) && found(outcome)}</main>`
}

function problems(list: readonly string[]): Html {
  return html`<section role="alert"><h2>That is no segment yet</h2><ul>${list.map((one) => html`<li class="warn">${one}</li>`)}</ul></section>`
}

function found({ condition, preview, of, sample }: Exclude<Trial['outcome'], undefined | { problems: unknown }>): Html {
  const share = of === 0 ? '' : ` of ${formatCount(of)}, ${((100 * preview.count) / of).toFixed(1)} %`
  return html`<div class="grid"><section><h2>Customers</h2><strong class="big">${formatCount(preview.count)}</strong>
      <p class="soft">${share} · counted in ${formatCount(preview.milliseconds)} ms</p></section>
    <section><h2>What it asks</h2>${conditionInWords(condition)}</section></div>
    <section><h2>Some of them</h2>${
      sample.length === 0 ? html`<p class="soft">It finds nobody at the moment.</p>` : customerTable(sample)
    }</section>`
}

function customerTable(customers: readonly BriefCustomer[], since?: ReadonlyMap<string, Date>): Html {
  return html`<table><thead><tr><th>Customer</th><th>Stage</th><th class="number">Orders</th><th class="number">Revenue</th>
    ${since !== undefined && html`<th>In it since (UTC)</th>`}</tr></thead><tbody>${customers.map(
      (one) => html`<tr><td><a href="/customers/${one.id}">${one.externalId ?? one.id.slice(-12)}</a></td>
      <td><span class="tag">${one.stage}</span></td><td class="number">${formatCount(one.orderCount)}</td>
      <td class="number">${formatMoney(one.revenueCents, one.currency)}</td>
      ${since !== undefined && html`<td class="time">${formatTime(since.get(one.id) ?? null)}</td>`}</tr>`,
    )}</tbody></table>`
}

function sizeOf({ status, size }: SegmentSummary): string {
  return status === 'live' ? formatCount(size) : '…'
}

function stateOf({ status, nextVersion, problem }: SegmentSummary): Html | false {
  if (problem !== null) return html`<span class="tag warn">could not be built: ${problem}</span>`
  if (status === 'building') return html`<span class="tag">being built</span>`
  return nextVersion !== null && html`<span class="tag">new version is being built</span>`
}
