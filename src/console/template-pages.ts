/** Templates in the console: the list, and one of them as a customer would see it, with what a reader would find fault with. */

import type { LintFinding } from '../channels/templates/lint.ts'
import type { TemplateInForce, TemplateUse } from '../store/template-facts.ts'
import { formatTime } from './format.ts'
import { type Html, html } from './html.ts'
import { type Look, lookSection, type TestForm, testSection } from './template-look.ts'

export function templateListPage(
  templates: readonly TemplateInForce[],
  uses: ReadonlyMap<string, readonly TemplateUse[]>,
  mayChange: boolean,
): Html {
  const rows = templates.map(
    ({ key, channel, publishedAt }) => html`<tr><td><a href="/templates/${key}">${key}</a></td>
      <td><span class="tag">${channelWords[channel] ?? channel}</span></td><td>${useList(uses.get(key) ?? [])}</td>
      <td class="time">${formatTime(publishedAt)}</td></tr>`,
  )
  return html`<main><h1>Templates</h1><p class="lead">What is written to customers.
    ${mayChange && html`<a href="/templates/new">Write a new one</a>`}</p><section>${
      rows.length === 0
        ? html`<p class="soft">No templates yet. Write one here, or put files into <code>campaigns/templates</code> and run <code>perennial apply</code>.</p>`
        : html`<table><thead><tr><th>Template</th><th>Channel</th><th>Sent by</th><th>Published (UTC)</th></tr></thead>
          <tbody>${rows}</tbody></table>`
    }</section></main>`
}

const channelWords: Readonly<Record<string, string>> = { email: 'Email', sms: 'SMS' }

export function useList(uses: readonly TemplateUse[]): Html {
  if (uses.length === 0) return html`<span class="soft">nothing in force</span>`
  return html`${uses.map((use, i) => html`${i > 0 && ', '}${useLink(use)}`)}`
}

function useLink({ kind, key }: TemplateUse): Html {
  return kind === 'contact-policy' ? html`confirmation of consent` : html`<a href="/${kind}s/${key}">${key}</a>`
}

export interface TemplatePage {
  readonly template: TemplateInForce & {
    readonly subject: string | null
    readonly html: string | null
    readonly text: string
  }
  /** The languages that it is in, beside the one for all others. */
  readonly languages: readonly string[]
  readonly uses: readonly TemplateUse[]
  readonly findings: readonly LintFinding[]
  readonly look: Look
  /** What became of a test; undefined where the visitor may send none. */
  readonly test: TestForm | undefined
}

export function templatePage({ template, languages, uses, findings, look, test }: TemplatePage): Html {
  const { key, channel, subject, html: source, text, version, publishedAt } = template
  return html`<main><h1>${key}</h1><p class="lead">${channelWords[channel] ?? channel}, sent by ${useList(uses)}.
      ${languages.length > 0 && html`Also in ${languages.map((one, i) => html`${i > 0 && ', '}<a href="/templates/${key}.${one}">${one}</a>`)}.`}</p>
    ${lookSection(key, look, test !== undefined)}
    ${test !== undefined && testSection(key, channel, look, test)}
    <div class="grid two"><section><h2>What a reader would find fault with</h2>${findingList(findings)}</section>
    <section><h2>In force</h2><dl><dt>Published</dt><dd>${formatTime(publishedAt)} UTC</dd><dt>Version</dt>
      <dd><code>${version}</code></dd></dl>${
        test !== undefined &&
        html`<p class="buttons"><a href="/templates/new?from=${key}">Change …</a>
      <a href="/templates/new?translate=${key}">Translate …</a> <a href="/templates/new?like=${key}">Make one like it</a></p>`
      }</section></div>
    <section><h2>As it is written</h2>${subject !== null && html`<p>Subject: <code>${subject}</code></p>`}
      <details><summary>Text</summary><pre>${text}</pre></details>
      ${source !== null && html`<details><summary>HTML</summary><pre>${source}</pre></details>`}</section></main>`
}

export function findingList(findings: readonly LintFinding[]): Html {
  if (findings.length === 0) return html`<p class="soft">Nothing.</p>`
  return html`<ul>${findings.map(
    ({ level, part, message }) =>
      html`<li${level === 'error' && html` class="warn"`}>${message} <span class="soft">${part}</span></li>`,
  )}</ul>`
}

export const templateStyle = `
  pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .88em; margin: .5rem 0 } summary { cursor: pointer; color: var(--leaf) }
  iframe.mail { width: 100%; height: 38rem; border: 1px solid var(--line); border-radius: 7px; background: #fff; margin-bottom: .7rem }
`
