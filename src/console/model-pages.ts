/** Models in the console: what is in use and what it is worth; one of them with its curves. Plain HTML, no script. */

import { modelKinds, modelNames } from '../domain/model-kind.ts'
import type { ModelReport, ModelSummary } from '../store/model-reports.ts'
import type { ModelStatus } from '../store/models.ts'
import { formatTime } from './format.ts'
import { type Html, html } from './html.ts'
import { columnInWords, featureWeights, metricsInWords } from './model-words.ts'

/** What is in use, and of every other kind why nothing is. */
export function modelListPage(models: readonly ModelSummary[], attempts: readonly ModelSummary[]): Html {
  const used = models.map(
    (one) =>
      html`<tr><td><a href="/models/${one.kind}">${modelNames[one.kind]}</a><br><span class="soft">${one.kind}, version ${one.version}</span></td>
      <td>${one.method === 'rule' ? 'a stated rule' : one.method}</td><td>${one.reason ?? ''}</td><td class="time">${formatTime(one.promotedAt)}</td></tr>`,
  )
  const missing = modelKinds
    .filter((kind) => !models.some((one) => one.kind === kind))
    .map((kind) => {
      const last = attempts.find((one) => one.kind === kind)
      const why =
        last?.reason ?? (last === undefined ? 'No training has run yet; one runs every week.' : `It is ${last.status}.`)
      return html`<tr><td>${modelNames[kind]}<br><span class="soft">${kind}</span></td><td>${why}</td></tr>`
    })
  return html`<main><h1>Models</h1><p class="lead">What is learned of the shop, judged on data later than what it was learned from.
    A new one takes the place of the one in use only if it is better.</p><section>${
      used.length === 0
        ? html`<p class="soft">Nothing is learned yet: <code>perennial models train churn</code> begins.</p>`
        : html`<table><thead><tr><th>Model</th><th>Method</th><th>Why it is in use</th><th>Since (UTC)</th></tr></thead>
      <tbody>${used}</tbody></table>`
    }</section>${
      missing.length === 0
        ? false
        : html`<section><h2>Not in use</h2><table><thead><tr><th>Model</th><th>Why not</th></tr></thead><tbody>${missing}</tbody></table></section>`
    }</main>`
}

export function modelPage(model: ModelReport): Html {
  const { metrics } = model
  return html`<main><h1>${headline(modelNames[model.kind])}</h1>
    <p class="lead">Version ${model.version}, ${statusWords[model.status]}. ${model.reason ?? ''}</p>
    <div class="grid"><section><h2>What it is worth <span class="soft">measured on later data</span></h2>${measured(metrics)}</section>
    <section><h2>How it was made</h2>${facts([
      ['method', model.method],
      ['data from', formatTime(model.trainedFrom)],
      ['data to', formatTime(model.trainedTo)],
      ['seed', String(model.seed ?? '–')],
      ['features', model.featureVersion ?? '–'],
      ['code', model.codeVersion ?? '–'],
    ])}</section></div>
    ${weights(model)}${calibration(metrics['calibration'])}${gains(metrics['gains'])}${deciles(metrics['deciles'])}
    ${statements(model.parameters)}${overTime(model)}${drift(model)}${uses(model)}</main>`
}

const statusWords: Readonly<Record<ModelStatus, string>> = {
  training: 'being trained',
  champion: 'in use',
  retired: 'in use before',
  rejected: 'not taken',
  failed: 'not made',
}

function headline(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

type Facts = readonly (readonly [string, string])[]

function facts(rows: Facts): Html {
  return html`<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

function figures(rows: Facts): Html {
  return html`<table><tbody>${rows.map(([name, value]) => html`<tr><td>${name}</td><td class="number">${value}</td></tr>`)}</tbody></table>`
}

function measured(metrics: Readonly<Record<string, unknown>>): Html {
  const { main, others } = metricsInWords(metrics)
  if (main.length + others.length === 0)
    return html`<p class="soft">Nothing could be measured: it is a stated rule.</p>`
  return html`${figures(main)}${others.length === 0 ? false : html`<details><summary class="soft">All figures</summary>${facts(others)}</details>`}`
}

const mostWeights = 8

/** What moves the scores of such a model, and which way. */
function weights({ kind, parameters }: ModelReport): Html | false {
  const all = featureWeights(parameters).slice(0, mostWeights)
  if (all.length === 0) return false
  const [up, down] =
    kind === 'churn' ? ['raises the risk', 'lowers the risk'] : ['makes a purchase likelier', 'makes it less likely']
  return html`<section><h2>What it goes by <span class="soft">the longer, the more it moves a score, all else being equal: what says nearly the same as another may pull the other way</span></h2>${bars(
    all.map(({ name, weight }) => [name, Math.abs(weight), weight > 0 ? up : down] as const),
  )}</section>`
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
    <text x="40" y="296" font-size="11" fill="currentColor">0 %</text><text x="170" y="296" font-size="11" text-anchor="middle" fill="currentColor">foretold</text>
    <text x="280" y="296" font-size="11" fill="currentColor">100 %</text><text x="4" y="18" font-size="11" fill="currentColor">came</text></svg></section>`
}

interface Slice {
  readonly slice: number
  readonly count: number
  readonly positives: number
  readonly lift: number
  readonly cumulativeGain: number
}

/** How often it came true by tenths from the highest scores down, and how much of all is found by looking at some. */
function gains(value: unknown): Html | false {
  if (!Array.isArray(value) || value.length === 0) return false
  const slices = value as readonly Slice[]
  const [first] = slices as [Slice]
  const third = slices[2]
  const points = slices.map(
    ({ cumulativeGain }, i) =>
      `${(40 + (260 * (i + 1)) / slices.length).toFixed(1)},${(280 - 260 * (cumulativeGain ?? 0)).toFixed(1)}`,
  )
  return html`<div class="grid"><section><h2>Lift <span class="soft">by tenths of the customers, the highest scores first; 1 is the average</span></h2>
    <p>Of the ${first.count} with the highest scores it came true of ${first.positives}, ${first.lift.toFixed(1)} times as often as on average.</p>${bars(
      slices.map(({ slice, lift }) => [String(slice), lift, lift.toFixed(2)]),
    )}</section><section><h2>Gain <span class="soft">how many of all are found by looking at some</span></h2>
    ${third === undefined ? false : html`<p>The ${Math.round(300 / slices.length)} % with the highest scores hold ${Math.round(100 * third.cumulativeGain)} % of all of whom it came true.</p>`}
    <svg viewBox="0 0 320 300" width="320" role="img" aria-label="gain chart"><path d="M40 20V280H300" fill="none" stroke="currentColor" opacity=".4"/>
    <path d="M40 280L300 20" stroke="currentColor" stroke-dasharray="4" opacity=".5"/>
    <polyline points="40,280 ${points.join(' ')}" fill="none" stroke="currentColor" stroke-width="2"/>
    <text x="170" y="296" font-size="11" text-anchor="middle" fill="currentColor">customers, highest scores first</text></svg></section></div>`
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

/** What a kind is followed by, and what is good. */
const overTimeMetrics = [
  ['auc', 'how often it rates the right one of two customers higher; 0.5 is chance, 1 never wrong'],
  ['ndcg', 'how well the first ten fit what was bought next; more is better'],
  ['silhouette', 'how clearly the groups part; more is better'],
  ['holds', 'the share that holds later; more is better'],
  ['qini', 'how much better than by chance it finds those whom an offer moves'],
  ['meanAbsoluteError', 'how far it was off per customer, or a day; less is better'],
  ['hitRate', 'the share of which it was right'],
] as const

function overTime({ history }: ModelReport): Html | false {
  if (history.length < 2) return false
  const name = overTimeMetrics.find(([key]) => history.some(({ metrics }) => key in metrics))
  if (name === undefined) return false
  const [key, inWords] = name
  return html`<section><h2>Over time <span class="soft">${inWords}, of each version</span></h2>${bars(
    history.flatMap(({ version, status, metrics }) => {
      const value = metrics[key]
      return value === undefined ? [] : [[`${version}, ${statusWords[status]}`, value, value.toFixed(3)] as const]
    }),
  )}</section>`
}

function drift({ drift: all }: ModelReport): Html | false {
  const [latest] = all
  if (latest === undefined) return false
  const today = all.filter(({ day }) => day === latest.day).slice(0, 12)
  return html`<section><h2>Moved since it was made <span class="soft">how differently customers look on ${latest.day}; what has moved much is a reason to train anew</span></h2>${bars(
    today.map(({ what, psi }) => [columnInWords(what), psi, psi < 0.1 ? 'hardly' : psi < 0.25 ? 'somewhat' : 'much']),
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
