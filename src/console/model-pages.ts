/** Models in the console: what is in use and what it is worth; one of them with its curves. Plain HTML, no script. */

import { modelNames } from '../domain/model-kind.ts'
import type { ModelReport, ModelSummary } from '../store/model-reports.ts'
import { formatTime } from './format.ts'
import { type Html, html } from './html.ts'

export function modelListPage(models: readonly ModelSummary[]): Html {
  const rows = models.map(
    (
      one,
    ) => html`<tr><td><a href="/models/${one.kind}">${modelNames[one.kind]}</a><br><span class="soft">${one.kind}, version ${one.version}</span></td>
      <td>${one.method}</td><td>${one.reason ?? ''}</td><td class="time">${formatTime(one.promotedAt)}</td></tr>`,
  )
  return html`<main><h1>Models</h1><p class="lead">What is learned of the shop, judged on data later than what it was learned from.</p><section>${
    rows.length === 0
      ? html`<p class="soft">Nothing is learned yet: <code>perennial models train churn</code> begins.</p>`
      : html`<table><thead><tr><th>Model</th><th>Method</th><th>Why it is in use</th><th>Since (UTC)</th></tr></thead>
      <tbody>${rows}</tbody></table>`
  }</section></main>`
}

export function modelPage(model: ModelReport): Html {
  const { metrics } = model
  return html`<main><h1>${modelNames[model.kind]}</h1>
    <p class="lead">Version ${model.version}, ${model.status}. ${model.reason ?? ''}</p>
    <div class="grid"><section><h2>Measured on later data</h2>${facts(numbersOf(metrics))}</section>
    <section><h2>How it was made</h2>${facts([
      ['method', model.method],
      ['data from', formatTime(model.trainedFrom)],
      ['data to', formatTime(model.trainedTo)],
      ['seed', String(model.seed ?? '–')],
      ['features', model.featureVersion ?? '–'],
      ['code', model.codeVersion ?? '–'],
    ])}</section></div>
    ${calibration(metrics['calibration'])}${gains(metrics['gains'])}${deciles(metrics['deciles'])}
    ${statements(model.parameters)}${overTime(model)}${drift(model)}${uses(model)}</main>`
}

type Facts = readonly (readonly [string, string])[]

function facts(rows: Facts): Html {
  return html`<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

function numbersOf(metrics: Readonly<Record<string, unknown>>): Facts {
  return Object.entries(metrics).flatMap(([name, value]) =>
    typeof value === 'number' ? [[name, Number(value.toPrecision(4)).toString()] as const] : [],
  )
}

interface Bin {
  readonly count: number
  readonly meanPredicted: number
  readonly observedRate: number
}

/** On the diagonal, what was foretold is what came. */
function calibration(value: unknown): Html | false {
  if (!Array.isArray(value)) return false
  const bins = (value as readonly Bin[]).filter(({ count }) => count > 0)
  const most = Math.max(...bins.map(({ count }) => count))
  const dots = bins.map(
    ({ meanPredicted, observedRate, count }) =>
      html`<circle cx="${(40 + 260 * meanPredicted).toFixed(1)}" cy="${(280 - 260 * observedRate).toFixed(1)}" r="${(2 + 6 * Math.sqrt(count / most)).toFixed(1)}" fill="currentColor"/>`,
  )
  return html`<section><h2>Calibration <span class="soft">what came, by what was foretold; on the line they are the same</span></h2>
    <svg viewBox="0 0 320 300" width="320" role="img" aria-label="calibration curve"><path d="M40 20V280H300" fill="none"
    stroke="currentColor" opacity=".4"/><path d="M40 280L300 20" stroke="currentColor" stroke-dasharray="4" opacity=".5"/>${dots}
    <text x="40" y="296" font-size="11" fill="currentColor">0</text><text x="290" y="296" font-size="11" fill="currentColor">1</text></svg></section>`
}

/** How many times as often as on average it came true, by tenths from the highest scores down. */
function gains(value: unknown): Html | false {
  if (!Array.isArray(value)) return false
  const slices = value as readonly { readonly slice: number; readonly lift: number }[]
  return html`<section><h2>Lift <span class="soft">by tenths of the customers, the highest scores first; 1 is the average</span></h2>${bars(
    slices.map(({ slice, lift }) => [String(slice), lift, lift.toFixed(2)]),
  )}</section>`
}

function deciles(value: unknown): Html | false {
  if (!Array.isArray(value) || !('predictedCents' in (value[0] as object))) return false
  const rows = value as readonly { readonly predictedCents: number; readonly actualCents: number }[]
  return html`<section><h2>Value by tenths <span class="soft">foretold, and spent later, by falling prediction</span></h2>${bars(
    rows.flatMap(({ predictedCents, actualCents }, i) => [
      [`${i + 1} foretold`, predictedCents, (predictedCents / 100).toFixed(0)] as const,
      ['spent', actualCents, (actualCents / 100).toFixed(0)] as const,
    ]),
  )}</section>`
}

function bars(rows: readonly (readonly [name: string, value: number, shown: string])[]): Html {
  const most = Math.max(...rows.map(([, value]) => value), Number.MIN_VALUE)
  return html`<table><tbody>${rows.map(
    ([name, value, shown]) => html`<tr><td>${name}</td><td style="width:70%"><svg class="bar" viewBox="0 0 100 4"
      preserveAspectRatio="none"><rect width="${((100 * Math.max(0, value)) / most).toFixed(1)}" height="4"/></svg></td>
      <td class="number">${shown}</td></tr>`,
  )}</tbody></table>`
}

const mostStatements = 30

/** Rules and ways as sentences, clusters by name. */
function statements(parameters: Readonly<Record<string, unknown>>): Html | false {
  const found = [parameters['rules'], parameters['sequences']].find(Array.isArray) as
    | readonly { readonly statement: string }[]
    | undefined
  const clusters = (
    parameters['model'] as { clusters?: readonly { name: string; key: string; share: number }[] } | undefined
  )?.clusters
  if (clusters !== undefined) {
    return html`<section><h2>Groups</h2>${bars(
      clusters.map(({ name, share }) => [name, share, `${Math.round(share * 100)} %`]),
    )}</section>`
  }
  if (found === undefined) return false
  return html`<section><h2>Found</h2><ul>${found.slice(0, mostStatements).map(({ statement }) => html`<li>${statement}</li>`)}</ul></section>`
}

function overTime({ history }: ModelReport): Html | false {
  if (history.length < 2) return false
  const name = ['auc', 'ndcg', 'silhouette', 'holds', 'qini', 'meanAbsoluteError', 'hitRate'].find((one) =>
    history.some(({ metrics }) => one in metrics),
  )
  if (name === undefined) return false
  return html`<section><h2>Over time <span class="soft">${name} of each version</span></h2>${bars(
    history.flatMap(({ version, status, metrics }) => {
      const value = metrics[name]
      return value === undefined ? [] : [[`${version}, ${status}`, value, value.toFixed(3)] as const]
    }),
  )}</section>`
}

function drift({ drift: all }: ModelReport): Html | false {
  const [latest] = all
  if (latest === undefined) return false
  const today = all.filter(({ day }) => day === latest.day).slice(0, 12)
  return html`<section><h2>Moved since it was made <span class="soft">population stability index on ${latest.day}; from 0.25 on, train anew</span></h2>${bars(
    today.map(({ what, psi }) => [what, psi, psi.toFixed(3)]),
  )}</section>`
}

function uses({ uses: all }: ModelReport): Html {
  return html`<section><h2>In use</h2><table><tbody>${all
    .slice(0, 20)
    .map(
      ({ version, since, by }) =>
        html`<tr><td>version ${version}</td><td class="time">${formatTime(since)}</td><td>${by === 'training' ? 'by its training' : 'rolled back'}</td></tr>`,
    )}</tbody></table></section>`
}
