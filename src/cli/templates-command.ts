/** `perennial templates`: faults of the templates in a directory, and how a published one looks to a real customer. */

import { Command } from 'commander'
import { type LintFinding, lintTemplate } from '../channels/templates/lint.ts'
import { readCampaignFiles } from '../store/campaign-files.ts'
import { textTable, writeResult } from './analyze/output.ts'
import { askInstallation, type TargetOptions, targetOptions } from './installation.ts'
import { homeOption } from './options.ts'
import { UsageError } from './usage-error.ts'

interface LintOptions {
  readonly dir: string
  readonly strict?: boolean
  readonly json?: boolean
}

interface PreviewOptions extends TargetOptions {
  readonly customer: string
  readonly locale?: string
  readonly part: 'all' | 'html' | 'text'
  readonly json?: boolean
}

export function templatesCommand(): Command {
  const templates = new Command('templates').description('Check templates, and see them with the eyes of a customer.')
  templates
    .command('lint')
    .description('Find missing alts, broken links, missing ways out, what is too large or looks like spam.')
    .option('--dir <dir>', 'directory of the campaigns', 'campaigns')
    .option('--strict', 'warnings count as errors')
    .option('--json', 'print JSON')
    .action(lint)
  const preview = templates
    .command('preview <key>')
    .description('Render a published template for a customer. It opens personal data, and that is noted.')
    .requiredOption('--customer <id>', "the customer: our id, or the shop's")
    .option('--locale <locale>', "another language than the customer's")
    .option('--part <part>', 'html, text or all', 'all')
    .option('--json', 'print JSON')
    .addOption(homeOption())
    .action(show)
  for (const option of targetOptions()) preview.addOption(option)
  return templates
}

async function lint({ dir, strict, json }: LintOptions): Promise<void> {
  const { templates } = await readCampaignFiles(dir)
  const findings = templates.flatMap((template) =>
    lintTemplate(template).map((finding) => ({ template: template.key, ...finding })),
  )
  writeResult(json, { templates: templates.length, findings }, () => lintText(templates.length, findings))
  const bad = findings.filter(({ level }) => level === 'error' || strict === true).length
  if (bad > 0) throw new UsageError(`${bad} of the findings must be mended`)
}

function lintText(count: number, findings: readonly ({ readonly template: string } & LintFinding)[]): string {
  if (findings.length === 0) return `${count} templates, nothing to find fault with.`
  const rows = findings.map(({ template, level, rule, part, message }) => [template, level, rule, part, message])
  return textTable(['template', 'level', 'rule', 'part', ''], rows)
}

interface Preview {
  readonly channel: string
  readonly subject: string
  readonly html: string | null
  readonly text: string
  readonly segments?: number
}

async function show(key: string, options: PreviewOptions): Promise<void> {
  const query = new URLSearchParams({ customer: options.customer })
  if (options.locale !== undefined) query.set('locale', options.locale)
  const path = `/api/templates/${encodeURIComponent(key)}/preview?${query.toString()}`
  const found = (await askInstallation(options, path)) as Preview
  writeResult(options.json, found, () => previewText(found, options.part))
}

function previewText({ channel, subject, html, text, segments }: Preview, part: PreviewOptions['part']): string {
  if (part === 'html') return html ?? ''
  const head = channel === 'sms' ? `${segments ?? 1} part(s)` : `Subject: ${subject}`
  const body = part === 'text' || html === null ? text : `${text}\n\n${html}`
  return part === 'text' ? body : `${head}\n\n${body}`
}
